package sample

import (
	"fmt"
	"slices"
)

// biased is a token with what is added to its logit.
type biased struct {
	id    int32
	shift float32
}

// biases puts the biases of the options in the order of their ids.
func biases(byID map[int32]float32) []biased {
	list := make([]biased, 0, len(byID))
	for id, shift := range byID {
		list = append(list, biased{id, shift})
	}
	slices.SortFunc(list, func(a, b biased) int { return int(a.id) - int(b.id) })
	return list
}

// addBias adds the biases to logits [vocab].
func addBias(logits []float32, list []biased) error {
	for _, b := range list {
		if int(b.id) >= len(logits) {
			return fmt.Errorf("sample: logit bias of token %d: the vocabulary has %d tokens", b.id, len(logits))
		}
		logits[b.id] += b.shift
	}
	return nil
}
