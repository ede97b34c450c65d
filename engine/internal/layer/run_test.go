package layer

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/linnet-go/linnet/engine/internal/cache"
	"github.com/linnet-go/linnet/kernels"
	"github.com/linnet-go/linnet/kernels/team"
	"github.com/linnet-go/linnet/quant"
)

// tensor returns random weights [rows, cols] of type F32.
func tensor(r *rand.Rand, name string, cols, rows int) quant.Tensor {
	x := make([]float32, rows*cols)
	for i := range x {
		x[i] = float32(r.NormFloat64() / math.Sqrt(float64(cols)))
	}
	return stored(name, x, cols, rows)
}

func stored(name string, x []float32, dims ...int) quant.Tensor {
	b := make([]byte, 4*len(x))
	info, _ := quant.F32.Info()
	info.Quantize(b, x)
	return quant.Tensor{Name: name, Type: quant.F32, Dims: dims, Bytes: func() ([]byte, error) { return b, nil }}
}

func noGuard(f func() error) error { return f() }

func never() bool { return false }

// toy is a model of one layer, of sizes that are no multiples of anything.
type toy struct {
	attention               Attention
	embedding               Embedding
	qkv                     [3]Linear
	gateUp                  [2]Linear
	o, down, output         Linear
	attnNorm, ffnNorm, norm Norm
}

const (
	toyDim, toyFFN, toyVocab = 72, 111, 50
	toyContext               = 4000
)

func newToy(t *testing.T) *toy {
	r := rand.New(rand.NewPCG(1, 2))
	m := &toy{attention: Attention{Heads: Heads{N: 6, KV: 2, Dim: 12, Scale: 0.3}}}
	m.embedding = NewEmbedding(tensor(r, "token_embd.weight", toyDim, toyVocab))
	linear := func(cols, rows int) Linear {
		bias, err := Vectors(tensor(r, "bias", rows, 1), noGuard)
		if err != nil {
			t.Fatal(err)
		}
		return NewLinear(tensor(r, "weight", cols, rows), bias)
	}
	m.qkv = [3]Linear{linear(toyDim, 72), linear(toyDim, 24), linear(toyDim, 24)}
	m.o = linear(72, toyDim)
	m.gateUp = [2]Linear{linear(toyDim, toyFFN), linear(toyDim, toyFFN)}
	m.down, m.output = linear(toyFFN, toyDim), linear(toyDim, toyVocab)
	for _, n := range []*Norm{&m.attnNorm, &m.ffnNorm, &m.norm} {
		w, err := Vectors(tensor(r, "norm", toyDim, 1), noGuard)
		if err != nil {
			t.Fatal(err)
		}
		n.Dim, n.Weight, n.Eps = toyDim, w, 1e-5
	}
	var err error
	config := plain()
	config.Dims, config.Positions, config.Interleaved = 12, toyContext, true
	if m.attention.Rope, err = NewRope(config); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *toy) forward(r *Run) {
	r.Embed(&m.embedding, 1)
	r.Rope(m.attention.Rope)
	r.Layer(0)
	r.Norm(&m.attnNorm)
	r.QKV(&m.qkv, &m.attention)
	r.Attention(&m.attention)
	r.Add(&m.o)
	r.Norm(&m.ffnNorm)
	r.GatedFFN(&m.gateUp, SwiGLU)
	r.Add(&m.down)
	r.Logits(&m.norm, &m.output, Squash{Scale: 1})
}

// fixture is what a toy runs in.
type fixture struct {
	*Run
	pool *cache.Pool
}

func newFixture(t *testing.T, workers, rows int, grain float64) *fixture {
	tm := team.New(workers)
	t.Cleanup(tm.Close)
	pool := cache.New(kernels.CacheF16, []cache.Shape{{KVHeads: 2, HeadDim: 12}}, 1<<30, 0)
	t.Cleanup(pool.Close)
	levels := kernels.Levels()
	return &fixture{pool: pool, Run: NewRun(Config{
		Sizes: Sizes{Dim: toyDim, FFN: toyFFN, Vocab: toyVocab, Heads: Heads{N: 6, KV: 2, Dim: 12}},
		Level: levels[len(levels)-1], Team: tm, Guard: noGuard, Cache: pool.Type, Rows: rows, Grain: grain,
	})}
}

// feed runs ids after what the sequence holds, in steps of the given rows, and returns the logits of the last n.
func (f *fixture) feed(t *testing.T, m interface{ forward(*Run) }, s *cache.Seq, ids []int32, rows, n int) []float32 {
	t.Helper()
	logits := make([]float32, n*toyVocab)
	for at := 0; at < len(ids); at += rows {
		end := min(at+rows, len(ids))
		if err := s.Reserve(end - at); err != nil {
			t.Fatal(err)
		}
		spans := []Span{{Seq: s, IDs: ids[at:end]}}
		if from := max(at, len(ids)-n); from < end {
			spans[0].Logits = logits[(from-len(ids)+n)*toyVocab : (end-len(ids)+n)*toyVocab]
		}
		f.Begin(spans, never)
		m.forward(f.Run)
		if err := errors.Join(f.Err(), spans[0].Err); err != nil {
			t.Fatal(err)
		}
		s.Commit(ids[at:end])
	}
	return logits
}

func randomIDs(n int) []int32 {
	r := rand.New(rand.NewPCG(3, 4))
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(r.IntN(toyVocab))
	}
	return ids
}

// TestSplitting attends to more than two slices of positions, from a chunk of a prompt and from single tokens as in decoding, in ways that
// split phases differently: the bits stay the same. What comes before sees a short window only, which is fast on every CPU.
func TestSplitting(t *testing.T) {
	const chunk, decoded = 37, 3
	slices := 2
	if len(kernels.Levels()) == 1 { // plain Go takes too long over two
		slices = 1
	}
	ids := randomIDs(slices*slicePositions + 77)
	before := len(ids) - chunk - decoded
	for _, window := range []int{0, 1500} {
		var want []float32
		for _, way := range []struct {
			workers, rows int
			grain         float64
		}{{1, 512, 1e12}, {3, 31, 0}, {3, 512, 5e3}} {
			m := newToy(t)
			f := newFixture(t, way.workers, way.rows, way.grain)
			s := f.pool.NewSeq()
			m.attention.Window = 50
			f.feed(t, m, s, ids[:before], way.rows, 1)
			m.attention.Window = window
			got := f.feed(t, m, s, ids[before:before+chunk], way.rows, chunk)
			got = append(got, f.feed(t, m, s, ids[before+chunk:], 1, decoded)...)
			if want == nil {
				want = got
			}
			for i := range got {
				if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
					t.Fatalf("window %d, %+v: logit %d = %v, want %v", window, way, i, got[i], want[i])
				}
			}
			s.Free()
		}
	}
}

// TestNotFinite breaks a weight so that values overflow, and wants to be told where.
func TestNotFinite(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*toy)
		want  string
	}{
		{"embedding", func(m *toy) { m.embedding.weight = huge(toyDim, toyVocab) }, "in the embedding, position 0"},
		{"attention", func(m *toy) { m.o.weight = huge(72, toyDim) }, "in layer 0, position 0"},
		{"feed-forward net", func(m *toy) { m.down.weight = huge(toyFFN, toyDim) }, "in layer 0, position 0"},
		{"output", func(m *toy) { m.output.weight = huge(toyDim, toyVocab) }, "in the logits, position 0"},
	} {
		m := newToy(t)
		c.spoil(m)
		f := newFixture(t, 2, 8, 0)
		spans := []Span{{Seq: f.pool.NewSeq(), IDs: []int32{1, 2}, Logits: make([]float32, 2*toyVocab)}}
		if err := spans[0].Seq.Reserve(2); err != nil {
			t.Fatal(err)
		}
		f.Begin(spans, never)
		m.forward(f.Run)
		if err := spans[0].Err; f.Err() != nil || !errors.Is(err, ErrNotFinite) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: %v and %v, want an error %q", c.name, f.Err(), err, c.want)
		}
		spans[0].Seq.Free()
	}
}

// huge are weights that are finite, but whose products are not.
func huge(cols, rows int) quant.Tensor {
	x := make([]float32, rows*cols)
	for i := range x {
		x[i] = math.MaxFloat32
	}
	return stored("huge", x, cols, rows)
}

// TestStepErrors ends steps early: by cancellation in any phase, and by tensors that cannot be read.
func TestStepErrors(t *testing.T) {
	m := newToy(t)
	f := newFixture(t, 2, 8, 0)
	run := func(cancelled func() bool) error {
		spans := []Span{{Seq: f.pool.NewSeq(), IDs: []int32{1, 2, 3}, Logits: make([]float32, toyVocab)}}
		if err := spans[0].Seq.Reserve(3); err != nil {
			t.Fatal(err)
		}
		f.Begin(spans, cancelled)
		m.forward(f.Run)
		spans[0].Seq.Free()
		return f.Err()
	}
	asked := make(chan int, 1) // how often the step has asked; a channel since workers ask as well
	ask := func(limit int) func() bool {
		asked <- 0
		return func() bool {
			n := <-asked + 1
			asked <- n
			return n > limit
		}
	}
	if err := run(ask(math.MaxInt)); err != nil {
		t.Fatal(err)
	}
	questions := <-asked
	if questions < 12 {
		t.Fatalf("a step asks %d times whether it is cancelled", questions)
	}
	for limit := range questions {
		if err := run(ask(limit)); err != ErrCancelled {
			t.Fatalf("cancelled at question %d: %v", limit, err)
		}
		if n := <-asked; n > limit+40 {
			t.Fatalf("cancelled at question %d: the step went on to question %d", limit, n)
		}
	}
	broken := errors.New("disk on fire")
	for name, w := range map[string]*Linear{"q": &m.qkv[0], "down": &m.down, "output": &m.output} {
		intact := *w
		*w = NewLinear(tensor(rand.New(rand.NewPCG(1, 1)), name, w.Cols(), w.Rows()), nil)
		w.weight.Bytes = func() ([]byte, error) { return nil, broken }
		if err := run(never); !errors.Is(err, broken) {
			t.Errorf("%s cannot be read: %v", name, err)
		}
		*w = intact
	}
	m.gateUp[0] = NewLinear(stored("blk.0.ffn_gate.weight", append(make([]float32, toyDim*toyFFN-1), float32(math.NaN())), toyDim, toyFFN), nil)
	if err := run(never); err == nil || !strings.Contains(err.Error(), `tensor "blk.0.ffn_gate.weight"`) {
		t.Errorf("a weight is NaN: %v", err)
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	m := newToy(t)
	f := newFixture(t, 2, 64, 0)
	s := f.pool.NewSeq()
	m.attention.Window = 50
	f.feed(t, m, s, randomIDs(slicePositions+1), 64, 1)
	m.attention.Window = 0
	if err := s.Reserve(100); err != nil {
		t.Fatal(err)
	}
	spans := []Span{{Seq: s, IDs: []int32{7}, Logits: make([]float32, toyVocab)}}
	if n := testing.AllocsPerRun(20, func() {
		f.Begin(spans, never)
		m.forward(f.Run)
		s.Commit(spans[0].IDs)
	}); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
	if spans[0].Err != nil || f.Err() != nil {
		t.Error(spans[0].Err, f.Err())
	}
}
