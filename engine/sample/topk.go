package sample

import (
	"math"
	"slices"
)

// all appends every token of logits whose probability is not zero to tokens, in the order of the ids.
func all(tokens []candidate, logits []float32) ([]candidate, error) {
	tokens = slices.Grow(tokens, len(logits))
	for i, x := range logits {
		if err := finite(x, i); err != nil {
			return tokens, err
		}
		if x >= -math.MaxFloat32 {
			tokens = append(tokens, candidate{id: int32(i), logit: x})
		}
	}
	if len(tokens) == 0 {
		return tokens, noToken(len(logits))
	}
	return tokens, nil
}

// topK is all for the k tokens of the greatest logits only, 0 < k (Fan et al. 2018, "Hierarchical neural story
// generation", arXiv:1805.04833, section 5.2). It costs one comparison for nearly every token of the vocabulary: the
// best so far are a heap with the worst of them on top, which a newcomer has to beat.
func topK(tokens []candidate, logits []float32, k int) ([]candidate, error) {
	tokens = slices.Grow(tokens, k)
	bar := float32(math.Inf(-1)) // to be beaten; equals lose, since their ids are higher
	for i, x := range logits {
		if x <= bar {
			continue
		}
		if err := finite(x, i); err != nil { // NaN comes here as well
			return tokens, err
		}
		if len(tokens) < k {
			tokens = append(tokens, candidate{id: int32(i), logit: x})
			if len(tokens) < k {
				continue
			}
			for top := k/2 - 1; top >= 0; top-- {
				sink(tokens, top)
			}
		} else {
			tokens[0] = candidate{id: int32(i), logit: x}
			sink(tokens, 0)
		}
		bar = tokens[0].logit
	}
	if len(tokens) == 0 {
		return tokens, noToken(len(logits))
	}
	slices.SortFunc(tokens, func(a, b candidate) int { return int(a.id) - int(b.id) })
	return tokens, nil
}

// sink moves heap[i] down until no child is worse: of a lower logit, or of the same and a higher id.
func sink(heap []candidate, i int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if right := child + 1; right < len(heap) && worse(heap[right], heap[child]) {
			child = right
		}
		if !worse(heap[child], heap[i]) {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

func worse(a, b candidate) bool {
	return a.logit < b.logit || a.logit == b.logit && a.id > b.id
}
