// Package sample turns the logits of a step into a token id. It knows neither models nor text.
//
// A Sampler runs these stages in this order, each on what the one before it left, with the probabilities summing to 1
// again (each stage is a file, named after it, that states its definition and source):
//
//  1. logit bias, then repetition, presence and frequency penalties change logits;
//  2. top-k, typical-p, top-p, min-p drop tokens, by their probabilities at τ = 1;
//  3. softmax(logits/τ) over the tokens left, and one draw from it.
//
// So a filter keeps the same tokens at every τ. In the greedy mode stages 2 and 3 are the greatest logit. Wherever
// tokens are equal the lowest id goes first. All arithmetic after the logits is float64 and the same on every CPU.
//
// A logit of -Inf is a token of probability zero. NaN and +Inf are errors: they mean a broken model or an overflow.
package sample

import (
	"errors"
	"math/rand/v2"
	"slices"
)

var (
	// ErrNotFinite says that a logit is NaN or +Inf.
	ErrNotFinite = errors.New("logit is not finite")
	// ErrNoToken says that every token has probability zero: no logits, or all of them -Inf.
	ErrNoToken = errors.New("every token has probability zero")
)

// A Sampler draws tokens as its options say. It is for one goroutine at a time and keeps 24 bytes a token of the
// vocabulary, so that no call after the first of a vocabulary allocates (Distribution: its result).
type Sampler struct {
	adjust  adjuster
	greedy  bool
	topK    int
	filters []filter
	tau     float64
	random  *rand.PCG
	tokens  []candidate // [vocab] scratch
}

// candidate is a token still in the race.
type candidate struct {
	id     int32
	logit  float32 // after bias and penalties
	weight float64 // proportional to its probability
}

// A filter drops candidates. It gets them in the order of their ids, at least one, with weights at τ = 1, and returns
// what it keeps, at least one, in the same order and the same memory.
type filter func([]candidate) []candidate

// New makes a Sampler. The error names the option whose value is out of range.
func New(opts ...Option) (*Sampler, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	s := &Sampler{
		adjust: newAdjuster(c),
		greedy: c.greedy,
		topK:   c.topK,
		tau:    c.temperature,
		random: rand.NewPCG(c.seed, 0x6c696e6e6574), // the second half is ours and fixed
	}
	if c.typicalP < 1 {
		s.filters = append(s.filters, typicalP(c.typicalP))
	}
	if c.topP < 1 {
		s.filters = append(s.filters, topP(c.topP))
	}
	if c.minP > 0 {
		s.filters = append(s.filters, minP(c.minP))
	}
	return s, nil
}

// Sample draws the next token from logits [vocab], which it does not change. history holds the tokens before it, for
// the penalties (ids outside the vocabulary count for nothing). Each call in a mode other than greedy uses one random
// number. Errors wrap ErrNotFinite or ErrNoToken, or name a logit bias outside the vocabulary.
func (s *Sampler) Sample(logits []float32, history []int32) (int32, error) {
	logits, err := s.adjust.apply(logits, history)
	if err != nil {
		return 0, err
	}
	if s.greedy {
		return argmax(logits)
	}
	total, err := s.filter(logits)
	if err != nil {
		return 0, err
	}
	return s.draw(total), nil
}

// Prob is a token with its probability.
type Prob struct {
	ID    int32
	P     float64
	Logit float32 // after bias and penalties, before τ
}

// Distribution is what Sample draws from, after all stages: the tokens of probability above zero, the most likely
// first, then by id. In the greedy mode it is one token. It uses no random number.
func (s *Sampler) Distribution(logits []float32, history []int32) ([]Prob, error) {
	logits, err := s.adjust.apply(logits, history)
	if err != nil {
		return nil, err
	}
	if s.greedy {
		id, err := argmax(logits)
		if err != nil {
			return nil, err
		}
		return []Prob{{id, 1, logits[id]}}, nil
	}
	total, err := s.filter(logits)
	if err != nil {
		return nil, err
	}
	dist := make([]Prob, 0, len(s.tokens))
	for _, c := range s.tokens {
		if c.weight > 0 {
			dist = append(dist, Prob{c.id, c.weight / total, c.logit})
		}
	}
	slices.SortFunc(dist, func(a, b Prob) int {
		switch {
		case a.P > b.P:
			return -1
		case a.P < b.P:
			return 1
		}
		return int(a.ID) - int(b.ID)
	})
	return dist, nil
}

// filter leaves in s.tokens the candidates that pass every stage, weighted at τ, and returns the sum of weights.
func (s *Sampler) filter(logits []float32) (total float64, err error) {
	if s.topK > 0 && s.topK < len(logits) {
		s.tokens, err = topK(s.tokens[:0], logits, s.topK)
	} else {
		s.tokens, err = all(s.tokens[:0], logits)
	}
	if err != nil {
		return 0, err
	}
	if len(s.filters) > 0 {
		softmax(s.tokens, 1)
		for _, keep := range s.filters {
			s.tokens = keep(s.tokens)
		}
	}
	return softmax(s.tokens, s.tau), nil
}

// draw takes the token in whose share of total a random number falls.
func (s *Sampler) draw(total float64) int32 {
	at := total * (float64(s.random.Uint64()>>11) / (1 << 53)) // [0, total)
	id, sum := int32(-1), 0.0
	for _, c := range s.tokens {
		if c.weight == 0 {
			continue
		}
		id = c.id
		if sum += c.weight; at < sum {
			break
		}
	}
	return id
}
