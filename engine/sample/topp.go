package sample

// topP keeps the nucleus: the fewest most likely tokens whose probabilities sum to p or more (Holtzman et al. 2020,
// "The curious case of neural text degeneration", arXiv:1904.09751, section 3.1).
func topP(p float64) filter {
	n := &nearest{share: p}
	return func(tokens []candidate) []candidate {
		n.max, n.center = maxLogit(tokens), 0
		return n.keep(tokens)
	}
}
