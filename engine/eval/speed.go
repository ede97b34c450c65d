package eval

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/linnet-go/linnet/engine"
	"github.com/linnet-go/linnet/engine/sample"
)

// Speed says how the speed of a model is measured.
type Speed struct {
	Prompt   int   // tokens of a prompt; 0: prefill is not measured
	Generate int   // tokens to generate; 0: decode is not measured
	Depths   []int // tokens that each sequence holds before, ascending
	Parallel int   // sequences at the same time
	Reps     int   // measurements of each
}

// Context returns the tokens that a session must hold.
func (s *Speed) Context() int {
	if len(s.Depths) == 0 {
		return 0
	}
	return s.Depths[len(s.Depths)-1] + max(s.Prompt, s.Generate)
}

// Check says what is wrong with the numbers.
func (s *Speed) Check() error {
	switch {
	case s.Prompt < 0 || s.Generate < 0 || s.Prompt+s.Generate == 0:
		return fmt.Errorf("speed of %d prompt tokens and %d generated ones: need some of one", s.Prompt, s.Generate)
	case s.Parallel < 1:
		return fmt.Errorf("speed of %d sequences: need 1 or more", s.Parallel)
	case s.Reps < 1:
		return fmt.Errorf("%d measurements: need 1 or more", s.Reps)
	case len(s.Depths) == 0 || s.Depths[0] < 0 || !slices.IsSorted(s.Depths):
		return fmt.Errorf("depths %v: need some, ascending, 0 or more", s.Depths)
	}
	return nil
}

// Point is the speed at one depth, with the machine's limits measured in between.
type Point struct {
	Depth     int      `json:"depth"` // tokens
	Prefill   *Prefill `json:"prefill,omitempty"`
	Decode    *Decode  `json:"decode,omitempty"`
	Bandwidth Range    `json:"read_bytes_per_second"`
	Peak      Range    `json:"peak_macs_per_second"`
	PeakType  string   `json:"peak_type"` // what is multiplied: "int8", or "f32" for weights that are floating-point numbers
}

// Prefill is the speed of prompts.
type Prefill struct {
	Tokens int     `json:"tokens"`            // a sequence
	Rate   Range   `json:"tokens_per_second"` // of all sequences together
	MACs   float64 `json:"macs_per_second"`   // at the median: multiply-adds of the layers' weights
	Share  float64 `json:"share_of_peak"`
}

// Decode is the speed of generation.
type Decode struct {
	Tokens int     `json:"tokens"`            // a sequence
	Rate   Range   `json:"tokens_per_second"` // of all sequences together
	Bytes  float64 `json:"bytes_per_second"`  // at the median: packed weights that are read, once for all sequences
	Share  float64 `json:"share_of_bandwidth"`
}

// Measure yields a Point for each depth as it is done. Tokens are random, so that nothing is found in the cache but what belongs there. The
// weights are packed before anything is measured. After an error, which may be that of ctx, nothing follows.
func (s Speed) Measure(ctx context.Context, m *engine.Model) iter.Seq2[Point, error] {
	return func(yield func(Point, error) bool) {
		r := &speedRun{Speed: s, model: m, info: m.Info(), random: rand.New(rand.NewPCG(1, 1))}
		err := s.Check()
		if err == nil {
			r.machine, err = NewMachine(r.info.Level, r.info.Threads, int(min(max(r.info.WeightBytes, leastBlock), mostBlock)))
		}
		if err != nil {
			yield(Point{}, err)
			return
		}
		defer r.close()
		if err := r.warm(ctx); err != nil {
			yield(Point{}, err)
			return
		}
		for _, depth := range s.Depths {
			p, err := r.point(ctx, depth)
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// MACs returns the multiply-adds of a token with the weights of all layers, the output matrix not among them.
func MACs(i engine.Info) int64 {
	heads := (2*i.Heads + 2*i.KVHeads) * i.HeadDim // Q, K, V and the attention's output matrix
	return int64(i.Layers) * int64(i.Dim) * int64(heads+3*i.FFN)
}

// floatWeights says whether most weights are floating-point numbers, which are multiplied as f32: they take 16 bits and more.
func floatWeights(i engine.Info) bool {
	return 8*i.WeightBytes > 15*(MACs(i)+int64(i.Dim)*int64(i.Vocab))
}

// speedRun is a measurement under way.
type speedRun struct {
	Speed
	model   *engine.Model
	info    engine.Info
	machine *Machine
	random  *rand.Rand

	sessions []*engine.Session
	held     [][]int32 // the tokens of each session up to the current depth
}

func (r *speedRun) close() {
	for _, s := range r.sessions {
		_ = s.Close() // has no error to tell
	}
	r.machine.Close()
}

// warm opens the sessions and packs the weights.
func (r *speedRun) warm(ctx context.Context) error {
	for range r.Parallel {
		r.sessions = append(r.sessions, r.model.NewSession())
	}
	r.held = make([][]int32, r.Parallel)
	_, _, err := r.prefill(ctx, min(32, r.info.Context))
	return err
}

// point measures at one depth.
func (r *speedRun) point(ctx context.Context, depth int) (Point, error) {
	p := Point{Depth: depth, PeakType: "int8"}
	float := floatWeights(r.info)
	if float {
		p.PeakType = "f32"
	}
	if err := r.descend(ctx, depth); err != nil {
		return p, err
	}
	var prefill, decode, bandwidth, peak []float64
	for range r.Reps {
		bandwidth = append(bandwidth, r.machine.ReadBandwidth())
		peak = append(peak, r.machine.Peak(float))
		if r.Prompt > 0 {
			tokens, took, err := r.prefill(ctx, r.Prompt)
			if err != nil {
				return p, err
			}
			prefill = append(prefill, float64(tokens)/took.Seconds())
		}
		if r.Generate > 0 {
			took, err := r.decode(ctx)
			if err != nil {
				return p, err
			}
			decode = append(decode, float64(r.Generate*r.Parallel)/took.Seconds())
		}
	}
	p.Bandwidth, p.Peak = newRange(bandwidth), newRange(peak)
	if r.Prompt > 0 {
		p.Prefill = &Prefill{Tokens: r.Prompt, Rate: newRange(prefill)}
		p.Prefill.MACs = p.Prefill.Rate.Median * float64(MACs(r.info))
		p.Prefill.Share = p.Prefill.MACs / p.Peak.Median
	}
	if r.Generate > 0 {
		p.Decode = &Decode{Tokens: r.Generate, Rate: newRange(decode)}
		p.Decode.Bytes = p.Decode.Rate.Median / float64(r.Parallel) * float64(r.info.WeightBytes)
		p.Decode.Share = p.Decode.Bytes / p.Bandwidth.Median
	}
	return p, nil
}

// descend lets every session hold depth tokens, each its own.
func (r *speedRun) descend(ctx context.Context, depth int) error {
	for i := range r.held {
		r.held[i] = append(r.held[i], r.tokens(depth-len(r.held[i]))...)
	}
	if depth == 0 {
		return nil
	}
	_, _, err := r.all(func(i int) (int, error) { return r.read(ctx, i, r.held[i]) })
	return err
}

// prefill gives each session n tokens more than it holds. It returns their number and the time.
func (r *speedRun) prefill(ctx context.Context, n int) (tokens int, took time.Duration, err error) {
	prompts := make([][]int32, r.Parallel)
	for i := range prompts {
		prompts[i] = append(slices.Clone(r.held[i]), r.tokens(n)...)
	}
	return r.all(func(i int) (int, error) { return r.read(ctx, i, prompts[i]) })
}

// read computes the logits after ids in session i. It returns the number of tokens that were not cached.
func (r *speedRun) read(ctx context.Context, i int, ids []int32) (int, error) {
	for _, err := range r.sessions[i].Logits(ctx, ids, len(ids)-1) {
		if err != nil {
			return 0, err
		}
	}
	stats := r.sessions[i].Stats()
	return stats.Prompt - stats.Reused, nil
}

// decode generates in all sessions. Each takes a step for every token: the first one reads a token that follows those it holds.
func (r *speedRun) decode(ctx context.Context) (time.Duration, error) {
	prompts := make([][]int32, r.Parallel)
	for i := range prompts {
		prompts[i] = append(slices.Clone(r.held[i]), r.tokens(1)...)
	}
	_, took, err := r.all(func(i int) (int, error) {
		s := r.sessions[i]
		for _, err := range s.GenerateTokens(ctx, prompts[i], engine.MaxTokens(r.Generate), engine.IgnoreEOG(), sample.Greedy()) {
			if err != nil {
				return 0, err
			}
		}
		if s.Stats().Generated < r.Generate {
			return 0, fmt.Errorf("generated %d tokens of %d: ended by %s", s.Stats().Generated, r.Generate, s.Stats().Reason)
		}
		return 0, nil
	})
	return took, err
}

// all runs f for every session at the same time. It returns the sum of the results and the time until the last one was there.
func (r *speedRun) all(f func(i int) (int, error)) (sum int, took time.Duration, err error) {
	results, errs := make([]int, r.Parallel), make([]error, r.Parallel)
	var wg sync.WaitGroup
	start := time.Now()
	for i := range r.Parallel {
		wg.Go(func() { results[i], errs[i] = f(i) })
	}
	wg.Wait()
	took = time.Since(start)
	for _, n := range results {
		sum += n
	}
	return sum, took, errors.Join(errs...)
}

// tokens returns n random tokens.
func (r *speedRun) tokens(n int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = r.random.Int32N(int32(r.info.Vocab))
	}
	return ids
}
