package sample

// penalties make the tokens of the history less likely (or more, with values on the other side of neutral). A logit l
// of a token that occurs n > 0 times in the window becomes
//
//	(l > 0 ? l/repeat : l·repeat) − n·frequency − presence
//
// repeat is that of Keskar et al. 2019, "CTRL: a conditional transformer language model for controllable generation"
// (arXiv:1909.05858, section 4.1), with the sign of the logit heeded so that it always points the same way; frequency
// and presence are those of the OpenAI completions API.
type penalties struct {
	repeat, presence, frequency float64
	window                      int     // tokens of the history that count; 0: all
	counts                      []int32 // [vocab], all zero between calls
}

func (p *penalties) neutral() bool { return p.repeat == 1 && p.presence == 0 && p.frequency == 0 }

// apply changes logits [vocab] for the tokens of history. Its cost goes with the window, not with the vocabulary.
func (p *penalties) apply(logits []float32, history []int32) {
	if p.window > 0 && len(history) > p.window {
		history = history[len(history)-p.window:]
	}
	if len(p.counts) != len(logits) {
		p.counts = make([]int32, len(logits))
	}
	for _, id := range history {
		if uint(id) < uint(len(logits)) {
			p.counts[id]++
		}
	}
	for _, id := range history {
		if uint(id) >= uint(len(logits)) || p.counts[id] == 0 {
			continue // outside the vocabulary, or done
		}
		l := float64(logits[id])
		if l > 0 {
			l /= p.repeat
		} else {
			l = float64(l * p.repeat)
		}
		l -= float64(float64(p.counts[id]) * p.frequency)
		logits[id] = float32(l - p.presence)
		p.counts[id] = 0
	}
}
