package sample

import (
	"cmp"
	"math"
	"slices"
)

const (
	bins      = 256
	binsANat  = 8 // bins per unit of logit; the last bin holds everything from 31.875 on
	lastStart = float64(bins-1) / binsANat
)

// nearest keeps the fewest tokens, taken by their distance |max - logit - center| and then by id, whose weights sum to
// share of the whole. Instead of sorting the vocabulary it sums weights by coarse distance, which tells the one bin
// where the share is reached, and sorts that bin.
type nearest struct {
	share       float64 // 0 < share < 1
	max, center float64
	edge        []candidate // scratch: the bin
}

func (n *nearest) distance(c candidate) float64 {
	return math.Abs(n.max - float64(c.logit) - n.center)
}

func bin(distance float64) int {
	if distance >= lastStart {
		return bins - 1
	}
	return int(distance * binsANat)
}

func (n *nearest) keep(tokens []candidate) []candidate {
	var sums [bins]float64
	var total float64
	for _, c := range tokens {
		sums[bin(n.distance(c))] += c.weight
		total += c.weight
	}
	// Above zero even if the product underflows, so that what is kept has weight.
	goal := max(float64(n.share*total), math.SmallestNonzeroFloat64)
	at, before, sum := 0, 0.0, 0.0
	for b, weight := range sums {
		if weight == 0 {
			continue
		}
		at, before = b, sum
		if sum += weight; sum >= goal {
			break
		}
	}
	last := n.last(tokens, at, goal-before)
	kept := tokens[:0]
	for _, c := range tokens {
		if n.compare(c, last) <= 0 {
			kept = append(kept, c)
		}
	}
	return kept
}

// last is the candidate of bin at with which the weights taken from the bin reach goal.
func (n *nearest) last(tokens []candidate, at int, goal float64) candidate {
	n.edge = n.edge[:0]
	for _, c := range tokens {
		if bin(n.distance(c)) == at {
			n.edge = append(n.edge, c)
		}
	}
	slices.SortFunc(n.edge, n.compare)
	var sum float64
	for _, c := range n.edge {
		if sum += c.weight; sum >= goal {
			return c
		}
	}
	return n.edge[len(n.edge)-1] // rounding left the sum below goal
}

func (n *nearest) compare(a, b candidate) int {
	if d := cmp.Compare(n.distance(a), n.distance(b)); d != 0 {
		return d
	}
	return int(a.id) - int(b.id)
}
