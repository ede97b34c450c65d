package sample

// minP keeps the tokens whose probability is at least p times that of the most likely token (Nguyen et al. 2024,
// "Turning up the heat: min-p sampling for creative and coherent LLM outputs", arXiv:2407.01082, section 3).
func minP(p float64) filter {
	return func(tokens []candidate) []candidate {
		var most float64
		for _, c := range tokens {
			if c.weight > most {
				most = c.weight
			}
		}
		kept := tokens[:0]
		for _, c := range tokens {
			if c.weight >= p*most {
				kept = append(kept, c)
			}
		}
		return kept
	}
}
