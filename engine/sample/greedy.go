package sample

import (
	"fmt"
	"math"
)

// argmax is the id of the greatest logit, the lowest among equals.
func argmax(logits []float32) (int32, error) {
	best, id := float32(math.Inf(-1)), -1
	for i, x := range logits {
		if !(x <= best) { // greater, or NaN
			if err := finite(x, i); err != nil {
				return 0, err
			}
			best, id = x, i
		}
	}
	if id < 0 {
		return 0, noToken(len(logits))
	}
	return int32(id), nil
}

// finite refuses the logits that mean no probability: NaN and +Inf.
func finite(x float32, id int) error {
	if x <= math.MaxFloat32 {
		return nil
	}
	return fmt.Errorf("sample: token %d: %w: %v", id, ErrNotFinite, x)
}

func noToken(vocab int) error {
	return fmt.Errorf("sample: %d logits: %w", vocab, ErrNoToken)
}
