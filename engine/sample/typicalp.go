package sample

// typicalP keeps the fewest tokens whose information is nearest to the expected one and whose probabilities sum to p
// or more (Meister et al. 2023, "Locally typical sampling", TACL 11, arXiv:2202.00666, section 4).
//
// The order is by |-ln p(x) - H|. With d = max - l, the distance of a logit from the greatest, and Z the sum of the
// weights e^-d, the information is d + ln Z and the entropy H = E[d] + ln Z, so that ln Z falls out: |d - E[d]|.
func typicalP(p float64) filter {
	n := &nearest{share: p}
	return func(tokens []candidate) []candidate {
		n.max = maxLogit(tokens)
		var total, sum float64
		for _, c := range tokens {
			total += c.weight
			sum += float64(c.weight * (n.max - float64(c.logit)))
		}
		n.center = sum / total
		return n.keep(tokens)
	}
}
