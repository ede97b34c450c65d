package main

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/linnet-go/linnet/engine/sample"
)

// sampling are the flags that say how tokens are drawn.
type sampling struct {
	mode                        string
	temp, topP, minP, typicalP  float64
	repeat, presence, frequency float64
	topK, window                int
	bias                        []string
	seed                        uint64
	flags                       *pflag.FlagSet
}

func (s *sampling) addFlags(f *pflag.FlagSet) {
	s.flags = f
	f.StringVar(&s.mode, "mode", "temperature", "how a token is drawn, `HOW` is greedy: the likeliest; random: from the model's own distribution; temperature: from softmax(logits/τ)")
	f.Float64Var(&s.temp, "temp", 0.8, "`τ` of the mode temperature; 0 is greedy")
	f.IntVar(&s.topK, "top-k", 40, "keep the `K` likeliest tokens; 0: all, as in the mode random unless K is given")
	f.Float64Var(&s.topP, "top-p", 0.95, "keep the likeliest tokens that sum to `P`; 1: all, as in the mode random unless P is given")
	f.Float64Var(&s.minP, "min-p", 0, "keep tokens at least `P` times as likely as the likeliest")
	f.Float64Var(&s.typicalP, "typical-p", 1, "keep the tokens of typical information that sum to `P`")
	f.Float64Var(&s.repeat, "repeat-penalty", 1, "divide the logits of tokens that occurred by `R`")
	f.Float64Var(&s.presence, "presence-penalty", 0, "take `X` from the logits of tokens that occurred")
	f.Float64Var(&s.frequency, "frequency-penalty", 0, "take `X` from the logits of tokens for each time they occurred")
	f.IntVar(&s.window, "penalty-window", 0, "let penalties look at the last `N` tokens; 0: all")
	f.StringArrayVar(&s.bias, "logit-bias", nil, "add X to the logit of a token: `ID=X`, X may be -inf (repeatable)")
	f.Uint64Var(&s.seed, "seed", 0, "draw the same tokens each time with the same `SEED` (default: another seed each time, told by -v)")
}

// asked says whether any of the flags was given.
func (s *sampling) asked() bool {
	asked := false
	s.flags.Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "mode", "temp", "top-k", "top-p", "min-p", "typical-p", "repeat-penalty", "presence-penalty", "frequency-penalty", "logit-bias":
			asked = true
		}
	})
	return asked
}

// options returns what the flags ask for, checked.
func (s *sampling) options() ([]sample.Option, error) {
	opts, err := s.modeOptions()
	if err != nil {
		return nil, err
	}
	if !s.flags.Changed("seed") {
		s.seed = rand.Uint64()
	}
	opts = append(opts,
		sample.TopK(s.topK), sample.TopP(s.topP), sample.MinP(s.minP), sample.TypicalP(s.typicalP),
		sample.RepeatPenalty(s.repeat), sample.PresencePenalty(s.presence), sample.FrequencyPenalty(s.frequency), sample.PenaltyWindow(s.window),
		sample.Seed(s.seed),
	)
	for _, b := range s.bias {
		id, x, _ := strings.Cut(b, "=")
		n, idErr := strconv.ParseInt(id, 10, 32)
		v, err := strconv.ParseFloat(x, 32)
		if idErr != nil || err != nil {
			return nil, usagef("--logit-bias %q: need ID=X, such as 13=-2.5", b)
		}
		opts = append(opts, sample.LogitBias(int32(n), float32(v)))
	}
	if _, err := sample.New(opts...); err != nil {
		return nil, usageError{err}
	}
	return opts, nil
}

func (s *sampling) modeOptions() ([]sample.Option, error) {
	changed := s.flags.Changed
	if s.mode != "temperature" && changed("temp") {
		return nil, usagef("--temp is for --mode temperature, got --mode %s", s.mode)
	}
	switch s.mode {
	case "greedy":
		return []sample.Option{sample.Greedy()}, nil
	case "random":
		if !changed("top-k") {
			s.topK = 0
		}
		if !changed("top-p") {
			s.topP = 1
		}
		return []sample.Option{sample.Random()}, nil
	case "temperature":
		if s.temp == 0 {
			return []sample.Option{sample.Greedy()}, nil
		}
		return []sample.Option{sample.Temperature(s.temp)}, nil
	}
	return nil, usagef("--mode %q: need greedy, random or temperature", s.mode)
}
