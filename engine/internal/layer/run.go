// Package layer holds the pieces that model families are made of: embedding, norms, linear maps, RoPE, attention, feed-forward nets, logits.
//
// A Run is one step: the forward pass over some rows, each a token at a position of a sequence. Its methods are the pieces, written to be
// read as the block of a paper; each is one or more phases that the workers share. The pieces hand on to each other
//
//	X    the residual stream
//	in   what the first matrices of a branch read: a norm of X
//	mid  what the last matrix of a branch reads: attention's heads, or the feed-forward net's hidden layer
//
// After an error or a cancellation the remaining pieces do nothing, and Err tells. No result depends on how rows are put into steps, nor
// on how phases are split: every value is computed by the one order of operations that package kernels fixes.
package layer

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/linnet-go/linnet/engine/internal/cache"
	"github.com/linnet-go/linnet/kernels"
	"github.com/linnet-go/linnet/kernels/team"
)

var (
	// ErrCancelled is the error of a step that was given up on request.
	ErrCancelled = errors.New("the step was cancelled")
	// ErrNotFinite says that a value became infinite or NaN: the weights are broken, or too large for float32.
	ErrNotFinite = errors.New("values are not finite")
)

// Sizes are the widths of a model, for the buffers of its steps.
type Sizes struct {
	Dim   int // values of a row of X
	FFN   int // values of a feed-forward net's hidden layer
	Vocab int
	Heads Heads

	Experts ExpertSizes
	Latent  LatentSizes
	Mixer   MixerSizes
}

// mid returns the greatest width of mid.
func (s *Sizes) mid() int {
	return max(s.FFN, s.Heads.N*s.Heads.Dim, s.Heads.N*s.Latent.Value, s.Latent.QRank, s.Mixer.Inner)
}

// RowBytes returns the memory that each row of a step takes in a Run.
func (s *Sizes) RowBytes() int64 {
	acts := func(n int) int { return kernels.PadCols(n) * 46 / 8 } // values, codes, and 3/4 of a byte for the blocks of codes
	n := acts(s.Dim) + acts(s.mid()) + 4*(pad16(s.Dim)+s.wide()+2*pad16(s.Heads.KV*s.Heads.Dim))
	if x := &s.Experts; x.N > 0 {
		n += acts(s.Dim) + acts(x.FFN) + 4*(pad16(x.FFN)+pad16(s.Dim)+pad16(x.N)+6*x.Used)
	}
	return int64(n + s.Latent.rowBytes(&s.Heads) + s.Mixer.rowBytes())
}

// AttentionBytes returns the memory that attention over so many positions takes in a Run with so many workers.
func (s *Sizes) AttentionBytes(positions, workers int) int64 {
	h := &s.Heads
	query := int64(4 * (3*pad16(h.Dim) + kernels.PageSize + 24)) // its values in a kernels.Attn
	slices := int64(positions/slicePositions + 1)
	return query * (int64(workers)*int64(h.queries()) + slices*int64(h.N))
}

// wide returns the greatest width of the values between two matrices.
func (s *Sizes) wide() int { return pad16(max(s.Dim, s.mid(), s.Mixer.Projected)) }

// Config is what a Run works with.
type Config struct {
	Sizes
	Level *kernels.Level
	Team  *team.Team
	Guard Guard
	Cache cache.CacheType
	Rows  int     // the most rows of a step
	Grain float64 // work that is not worth sharing, in nanoseconds of one worker
}

// Span is the part of a step that belongs to one sequence.
type Span struct {
	Seq    *cache.Seq // with room for IDs
	IDs    []int32    // tokens of the positions from Seq.Len() on, each below the vocabulary size
	Logits []float32  // [n, vocab] receives the logits of the last n tokens
	Err    error      // of this sequence alone: its values are not finite
}

// Run is one step at a time.
type Run struct {
	Config
	stride int // of X

	X    []float32    // [rows, stride]
	in   kernels.Acts // [rows, Dim]
	mid  kernels.Acts // [rows, heads · head dim] or [rows, FFN]
	room kernels.Acts // the memory of mid
	wide []float32    // [rows, ...] queries, or up, or the result of a branch
	k, v []float32    // [rows, KV heads · head dim] before they go to the cache
	out  logits

	experts experts
	latent  latent
	mixer   mixer

	spans     []Span
	rows      int
	positions []int32        // [rows]
	owner     []int32        // [rows] the row's place in spans
	bad       []atomic.Int32 // [rows] where values that are not finite were first seen; 0: nowhere
	layer     int            // the layer whose branch was added to X last, -1 before the first

	attn      attention
	workers   []worker
	op        op
	do        units
	cancelled func() bool
	err       error
}

// worker is what one worker works with.
type worker struct {
	scratch      *kernels.Scratch
	attn         *kernels.Attn
	head         []float32 // [head dim or Mixer.Inner, padded to 16] of values that are normed together
	keys, values [kernels.SlicePages][]byte
	_            [128]byte
}

// NewRun returns a Run with its buffers, whose memory the system gives as steps with more rows come.
func NewRun(c Config) *Run {
	s := &c.Sizes
	r := &Run{
		Config: c,
		stride: pad16(s.Dim),
		X:      make([]float32, c.Rows*pad16(s.Dim)),
		in:     *kernels.NewActs(c.Rows, s.Dim),
		room:   *kernels.NewActs(c.Rows, s.mid()),
		wide:   make([]float32, c.Rows*s.wide()),
		k:      make([]float32, c.Rows*pad16(s.Heads.KV*s.Heads.Dim)),
		v:      make([]float32, c.Rows*pad16(s.Heads.KV*s.Heads.Dim)),

		positions: make([]int32, c.Rows),
		owner:     make([]int32, c.Rows),
		bad:       make([]atomic.Int32, c.Rows),
		workers:   make([]worker, c.Team.Workers()),
	}
	for i := range r.workers {
		r.workers[i].scratch = kernels.NewScratch()
		r.workers[i].head = make([]float32, pad16(max(s.Heads.Dim, s.Mixer.Inner)))
		r.workers[i].attn = kernels.NewAttn(c.Cache, s.Heads.Dim, s.Heads.queries())
	}
	r.out.init(c.Vocab, c.Rows)
	r.experts.init(&r.Config)
	r.latent.init(&r.Config)
	r.mixer.init(&r.Config)
	r.do.bind(r)
	return r
}

// Begin starts a step over at most Config.Rows rows. cancelled is asked often, by all workers.
func (r *Run) Begin(spans []Span, cancelled func() bool) {
	r.spans, r.cancelled, r.err = spans, cancelled, nil
	r.rows, r.layer = 0, -1
	for i := range spans {
		for t := range spans[i].IDs {
			r.positions[r.rows] = int32(spans[i].Seq.Len() + t)
			r.owner[r.rows] = int32(i)
			r.bad[r.rows].Store(0)
			r.rows++
		}
	}
	r.in.Use(r.rows)
}

// Layer says which layer the pieces that follow belong to.
func (r *Run) Layer(l int) { r.op.layer = l }

// Err returns what ended the step early, or nil.
func (r *Run) Err() error { return r.err }

// stopped says whether the step is over, because of an error or a cancellation.
func (r *Run) stopped() bool {
	if r.err == nil && r.cancelled() {
		r.err = ErrCancelled
	}
	return r.err != nil
}

// Where a value that is not finite was first seen, as kept in Run.bad: in the sum of a layer, at + 2 for the layer and 1 for the
// embedding, or in the logits.
const badLogits = math.MaxInt32

// mark notes that a row has a value that is not finite.
func (r *Run) mark(row int, where int32) { r.bad[row].CompareAndSwap(0, where) }

// blame sets the errors of the sequences whose rows have been marked.
func (r *Run) blame() {
	for t := range r.rows {
		span := &r.spans[r.owner[t]]
		switch where := r.bad[t].Load(); {
		case where == 0 || span.Err != nil:
		case where == 1:
			span.Err = fmt.Errorf("%w in the embedding, position %d", ErrNotFinite, r.positions[t])
		case where == badLogits:
			span.Err = fmt.Errorf("%w in the logits, position %d", ErrNotFinite, r.positions[t])
		default:
			span.Err = fmt.Errorf("%w in layer %d, position %d", ErrNotFinite, where-2, r.positions[t])
		}
	}
}
