package sample

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// An Option is one setting of a Sampler. Where two settings exclude each other the later one holds.
type Option func(*config) error

// GenerateOption marks an Option as one of those that a generation of the engine takes.
func (Option) GenerateOption() {}

// config is what the options say; a zero value of a field leaves its stage out.
type config struct {
	greedy      bool
	temperature float64

	topK                 int
	topP, typicalP, minP float64

	repeat, presence, frequency float64
	window                      int

	bias map[int32]float32
	seed uint64
}

func newConfig(opts []Option) (*config, error) {
	c := &config{temperature: 1, topP: 1, typicalP: 1, repeat: 1, seed: rand.Uint64()}
	for _, set := range opts {
		if err := set(c); err != nil {
			return nil, fmt.Errorf("sample: %w", err)
		}
	}
	return c, nil
}

// Greedy always takes the token of the greatest logit, the lowest id among equals. Bias and penalties count; τ and
// the filters, which cannot change the answer, do not.
func Greedy() Option {
	return func(c *config) error {
		c.greedy = true
		return nil
	}
}

// Random draws from the model's own distribution, softmax(logits). It is the mode when no other is named.
func Random() Option { return Temperature(1) }

// Temperature draws from softmax(logits/τ), for any finite τ > 0. Below 1 the likely tokens gain; as τ goes to 0 the
// draw becomes greedy (tokens of equal logits share it).
func Temperature(tau float64) Option {
	return func(c *config) error {
		if !(tau > 0) || math.IsInf(tau, 1) {
			return fmt.Errorf("temperature %v: need a finite value > 0", tau)
		}
		c.greedy, c.temperature = false, tau
		return nil
	}
}

// TopK keeps the k tokens of the greatest logits, k >= 0; 0 keeps all.
func TopK(k int) Option {
	return func(c *config) error {
		if k < 0 {
			return fmt.Errorf("top-k %d: need a count >= 0", k)
		}
		c.topK = k
		return nil
	}
}

// TopP keeps the fewest most likely tokens whose probabilities sum to p or more, 0 < p <= 1; 1 keeps all.
func TopP(p float64) Option {
	return func(c *config) error {
		c.topP = p
		return needShare("top-p", p)
	}
}

// TypicalP keeps the fewest tokens whose information -ln p(x) is nearest to the entropy and whose probabilities sum
// to p or more, 0 < p <= 1; 1 keeps all.
func TypicalP(p float64) Option {
	return func(c *config) error {
		c.typicalP = p
		return needShare("typical-p", p)
	}
}

// MinP keeps the tokens at least p times as likely as the most likely one, 0 <= p <= 1; 0 keeps all.
func MinP(p float64) Option {
	return func(c *config) error {
		c.minP = p
		if p == 0 {
			return nil
		}
		return needShare("min-p", p)
	}
}

func needShare(name string, p float64) error {
	if !(p > 0 && p <= 1) {
		return fmt.Errorf("%s %v: need a share in (0, 1]", name, p)
	}
	return nil
}

// RepeatPenalty divides the positive logits of the tokens in the window by r and multiplies their negative ones by r,
// once for each token however often it occurs; r > 0, 1 changes nothing.
func RepeatPenalty(r float64) Option {
	return func(c *config) error {
		if !(r > 0) || math.IsInf(r, 1) {
			return fmt.Errorf("repeat penalty %v: need a finite value > 0", r)
		}
		c.repeat = r
		return nil
	}
}

// PresencePenalty takes x from the logits of the tokens in the window, once for each; 0 changes nothing.
func PresencePenalty(x float64) Option {
	return func(c *config) error {
		c.presence = x
		return needFinite("presence penalty", x)
	}
}

// FrequencyPenalty takes x from the logits of the tokens in the window as often as each occurs; 0 changes nothing.
func FrequencyPenalty(x float64) Option {
	return func(c *config) error {
		c.frequency = x
		return needFinite("frequency penalty", x)
	}
}

func needFinite(name string, x float64) error {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return fmt.Errorf("%s %v: need a finite value", name, x)
	}
	return nil
}

// PenaltyWindow lets the penalties look at the last n tokens of the history, n >= 0; 0, the default, is all of it.
func PenaltyWindow(n int) Option {
	return func(c *config) error {
		if n < 0 {
			return fmt.Errorf("penalty window %d: need a count of tokens >= 0", n)
		}
		c.window = n
		return nil
	}
}

// LogitBias adds x to the logit of the token id; -Inf forbids the token. A later bias of the same token replaces
// the earlier.
func LogitBias(id int32, x float32) Option {
	return func(c *config) error {
		if id < 0 {
			return fmt.Errorf("logit bias of token %d: need an id >= 0", id)
		}
		if !(x <= math.MaxFloat32) { // NaN, +Inf
			return fmt.Errorf("logit bias %v of token %d: need a finite value or -Inf", x, id)
		}
		if c.bias == nil {
			c.bias = make(map[int32]float32)
		}
		c.bias[id] = x
		return nil
	}
}

// Seed makes the draws repeatable: the same seed, options and calls give the same tokens on every CPU. Without it
// each Sampler draws its own.
func Seed(seed uint64) Option {
	return func(c *config) error {
		c.seed = seed
		return nil
	}
}
