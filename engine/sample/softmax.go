package sample

import "math"

// softmax sets the weights of tokens, at least one, to e^((logit - max)/τ) and returns their sum: a probability is a
// weight over that sum. The greatest weight is 1.
func softmax(tokens []candidate, tau float64) (total float64) {
	most := maxLogit(tokens)
	for i := range tokens {
		c := &tokens[i]
		c.weight = exp((float64(c.logit) - most) / tau)
		total += c.weight
	}
	return total
}

func maxLogit(tokens []candidate) float64 {
	most := float32(math.Inf(-1))
	for _, c := range tokens {
		if c.logit > most { // the built-in max also looks for NaN and signed zeros, at four times the cost
			most = c.logit
		}
	}
	return float64(most)
}
