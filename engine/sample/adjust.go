package sample

// adjuster is the first stage: bias, then penalties, on a copy of the logits.
type adjuster struct {
	bias      []biased
	penalties penalties
	logits    []float32 // [vocab] the copy
}

func newAdjuster(c *config) adjuster {
	return adjuster{
		bias:      biases(c.bias),
		penalties: penalties{repeat: c.repeat, presence: c.presence, frequency: c.frequency, window: c.window},
	}
}

// apply returns the logits after bias and penalties: logits itself when there is nothing to do, else its own copy,
// good until the next call.
func (a *adjuster) apply(logits []float32, history []int32) ([]float32, error) {
	if len(a.bias) == 0 && (a.penalties.neutral() || len(history) == 0) {
		return logits, nil
	}
	a.logits = append(a.logits[:0], logits...)
	if err := addBias(a.logits, a.bias); err != nil {
		return nil, err
	}
	if !a.penalties.neutral() {
		a.penalties.apply(a.logits, history)
	}
	return a.logits, nil
}
