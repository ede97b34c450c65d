package layer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/linnet-go/linnet/engine/internal/cache"
	"github.com/linnet-go/linnet/kernels"
	"github.com/linnet-go/linnet/kernels/team"
)

// variant is a model of one layer that has what some families have, of sizes that are no multiples of anything.
type variant struct {
	sizes     Sizes
	embedding Embedding
	norm      Norm
	output    Linear
	rope      *Rope
	state     int // values
	block     func(r *Run, m *variant)
}

// maker makes random parts of variants.
type maker struct {
	t *testing.T
	r *rand.Rand
}

func (k maker) linear(cols, rows int) Linear {
	return NewLinear(tensor(k.r, "weight", cols, rows), nil)
}

func (k maker) linears(n, cols, rows int) []Linear {
	all := make([]Linear, n)
	for i := range all {
		all[i] = k.linear(cols, rows)
	}
	return all
}

func (k maker) norm(n int, mean bool) Norm {
	w, err := Vectors(tensor(k.r, "norm", n, 1), noGuard)
	if err != nil {
		k.t.Fatal(err)
	}
	return Norm{Dim: n, Weight: w, Bias: slices.Clone(w), Eps: 1e-5, Mean: mean}
}

func (k maker) variant(heads Heads, ffn int) *variant {
	m := &variant{
		sizes:     Sizes{Dim: toyDim, FFN: ffn, Vocab: toyVocab, Heads: heads},
		embedding: NewEmbedding(tensor(k.r, "token_embd.weight", toyDim, toyVocab)),
		norm:      k.norm(toyDim, false),
		output:    k.linear(toyDim, toyVocab),
	}
	config := plain()
	config.Dims, config.Positions = 8, toyContext
	var err error
	if m.rope, err = NewRope(config); err != nil {
		k.t.Fatal(err)
	}
	return m
}

func (m *variant) forward(r *Run) {
	r.Embed(&m.embedding, 1.5)
	r.Rope(m.rope)
	r.Layer(0)
	m.block(r, m)
	r.Logits(&m.norm, &m.output, Squash{Scale: 0.5, Cap: 3})
}

// withScores has layer norms, norms of heads and behind the branch, ALiBi, sinks, a bound of scores, and a plain feed-forward net beside
// the attention.
func withScores(k maker) *variant {
	heads := Heads{N: 6, KV: 2, Dim: 12, Scale: 0.3, Window: 700}
	m := k.variant(heads, 33)
	q, kn := k.norm(12, true), k.norm(12, true)
	q.Bias, kn.Bias = nil, nil
	a := Attention{Heads: heads, Rope: m.rope, Clamp: 2, QNorm: &q, KNorm: &kn, Cap: 4, Slopes: heads.PerQuery(ALiBi(6, 8)), Sinks: heads.PerQuery([]float32{0, 1, -1, 2, 0.5, 3})}
	qkv := [3]Linear{k.linear(toyDim, 72), k.linear(toyDim, 24), k.linear(toyDim, 24)}
	o, up, down := k.linear(72, toyDim), k.linear(toyDim, 33), k.linear(33, toyDim)
	pre, post := k.norm(toyDim, true), k.norm(toyDim, true)
	m.block = func(r *Run, m *variant) {
		r.Norm(&pre)
		r.QKV(&qkv, &a)
		r.Attention(&a)
		r.AddNormed(&o, &post)
		r.FFN(&up, kernels.GELUErf)
		r.AddScaled(&down, 0.7)
	}
	return m
}

// withExperts has norms over all heads and a mixture of experts beside one that all tokens use.
func withExperts(k maker) *variant {
	heads := Heads{N: 2, KV: 1, Dim: 20, Scale: 0.2}
	m := k.variant(heads, 18)
	m.sizes.Experts = ExpertSizes{N: 9, Used: 3, FFN: 23}
	q, kn, pre := k.norm(40, false), k.norm(20, false), k.norm(toyDim, false)
	a := Attention{Heads: heads, Rope: m.rope, QNorm: &q, KNorm: &kn, Temperature: &Temperature{Scale: 0.3, Every: 100}}
	qkv := [3]Linear{k.linear(toyDim, 40), k.linear(toyDim, 20), k.linear(toyDim, 20)}
	o, router, shared, down, gate := k.linear(40, toyDim), k.linear(toyDim, 9), [2]Linear{k.linear(toyDim, 18), k.linear(toyDim, 18)}, k.linear(18, toyDim), k.linear(toyDim, 1)
	moe := MoE{Router: &router, Gate: k.linears(9, toyDim, 23), Up: k.linears(9, toyDim, 23), Down: k.linears(9, 23, toyDim), Act: ClampedSwiGLU, Routing: Routing{Used: 3, Normalise: true, Scale: 2}}
	m.block = func(r *Run, m *variant) {
		r.Norm(&pre)
		r.QKV(&qkv, &a)
		r.Attention(&a)
		r.Add(&o)
		r.Raw()
		r.MoE(&moe, 0.5)
		r.GatedFFN(&shared, GeGLU)
		r.GateRows(&gate)
		r.Add(&down)
	}
	return m
}

// withLatent has latent attention.
func withLatent(k maker) *variant {
	heads := Heads{N: 3, KV: 1, Dim: 21 + 8, Scale: 0.2}
	m := k.variant(heads, 5)
	m.sizes.Latent = LatentSizes{QRank: 19, Rank: 21, Nope: 10, Value: 13}
	qDown, q, kvDown, o := k.linear(toyDim, 19), k.linear(19, 3*18), k.linear(toyDim, 29), k.linear(39, toyDim)
	qNorm, kvNorm, pre := k.norm(19, false), k.norm(21, false), k.norm(toyDim, false)
	a := Latent{Attention: Attention{Heads: heads, Rope: m.rope}, LatentSizes: m.sizes.Latent, QDown: &qDown, QNorm: &qNorm, Q: &q, KVDown: &kvDown, KVNorm: &kvNorm, K: k.linears(3, 10, 21), V: k.linears(3, 21, 13)}
	m.block = func(r *Run, m *variant) {
		r.Norm(&pre)
		r.LatentAttention(&a)
		r.Add(&o)
	}
	return m
}

// withConvolution has a short convolution, and attention whose result has a gate.
func withConvolution(k maker) *variant {
	heads := Heads{N: 2, KV: 1, Dim: 20, Scale: 0.2}
	m := k.variant(heads, 5)
	conv := Conv{Taps: 3, Channels: toyDim, Weight: k.matrix(3, toyDim)}
	m.sizes.Mixer, m.state = MixerSizes{Projected: 3 * toyDim, Channels: toyDim, Inner: toyDim}, conv.State()
	a := Attention{Heads: heads, Rope: m.rope}
	qkv := [3]Linear{k.linear(toyDim, 40), k.linear(toyDim, 20), k.linear(toyDim, 20)}
	in, out, gate, o := k.linear(toyDim, 3*toyDim), k.linear(toyDim, toyDim), k.linear(toyDim, 40), k.linear(40, toyDim)
	m.block = func(r *Run, m *variant) {
		r.Raw()
		r.ShortConv(&in, &conv)
		r.Add(&out)
		r.Raw()
		r.QKV(&qkv, &a)
		r.Attention(&a)
		r.GateValues(&gate)
		r.Add(&o)
	}
	return m
}

// withMamba2 has a state space layer, withDeltaNet a gated delta net.
func withMamba2(k maker) *variant {
	m := k.variant(Heads{}, 5)
	norm := k.norm(15, false)
	norm.Weight = k.matrix(15, 2)
	in, out := k.linear(toyDim, 30+30+4*7+6), k.linear(30, toyDim)
	x := Mamba2{
		In: &in, Norm: &norm, Inner: 30, Heads: 6, Groups: 2, N: 7, Conv: Conv{Taps: 4, Channels: 30 + 4*7, Weight: k.matrix(4, 58), Bias: k.matrix(58, 1)},
		A: []float32{-1, -0.1, -2, -0.01, -0.5, -1}, D: k.matrix(6, 1), DtBias: k.matrix(6, 1),
	}
	m.sizes.Mixer, m.state = MixerSizes{Projected: in.Rows(), Channels: 58, Inner: 30, Heads: 6}, x.State()
	m.block = func(r *Run, m *variant) {
		r.Raw()
		r.Mamba2(&x)
		r.Add(&out)
	}
	return m
}

func withDeltaNet(k maker) *variant {
	m := k.variant(Heads{}, 5)
	norm := k.norm(9, false)
	qkv, gate, beta, alpha, out := k.linear(toyDim, 2*2*7+4*9), k.linear(toyDim, 36), k.linear(toyDim, 4), k.linear(toyDim, 4), k.linear(36, toyDim)
	x := DeltaNet{
		QKV: &qkv, Gate: &gate, Beta: &beta, Alpha: &alpha, Norm: &norm, Heads: 4, KeyHeads: 2, Key: 7, Value: 9, InvSqrt: 0.378,
		Conv: Conv{Taps: 4, Channels: 64, Weight: k.matrix(4, 64)}, A: []float32{-1, -0.1, -2, -0.01}, DtBias: k.matrix(4, 1),
	}
	m.sizes.Mixer, m.state = MixerSizes{Projected: 64, Channels: 64, Inner: 36, Heads: 4}, x.State()
	m.block = func(r *Run, m *variant) {
		r.Raw()
		r.DeltaNet(&x)
		r.Add(&out)
	}
	return m
}

// matrix returns random rows of cols values, padded to 16.
func (k maker) matrix(cols, rows int) []float32 {
	w, err := Vectors(tensor(k.r, "matrix", cols, rows), noGuard)
	if err != nil {
		k.t.Fatal(err)
	}
	return w
}

var variants = map[string]func(maker) *variant{
	"scores": withScores, "experts": withExperts, "latent": withLatent, "convolution": withConvolution, "mamba2": withMamba2, "delta net": withDeltaNet,
}

// TestVariants runs a text in every way that its phases can be split: the bits stay the same.
func TestVariants(t *testing.T) {
	ids := randomIDs(slicePositions + 177)
	const decoded = 3
	for name, build := range variants {
		var want []float32
		for _, workers := range []int{1, 3} {
			for _, grain := range []float64{0, 5e3, 1e12} {
				for _, rows := range []int{31, 512} {
					m := build(maker{t, rand.New(rand.NewPCG(5, 6))})
					f := newVariantFixture(t, m, workers, rows, grain)
					s := f.pool.NewSeq()
					got := f.feed(t, m, s, ids[:len(ids)-decoded], rows, 7)
					got = append(got, f.feed(t, m, s, ids[len(ids)-decoded:], 1, decoded)...)
					if want == nil {
						want = got
					}
					for i := range got {
						if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
							t.Fatalf("%s, %d workers, grain %g, %d rows: logit %d = %v, want %v", name, workers, grain, rows, i, got[i], want[i])
						}
					}
					s.Free()
				}
			}
		}
	}
}

func newVariantFixture(t *testing.T, m *variant, workers, rows int, grain float64) *fixture {
	tm := team.New(workers)
	t.Cleanup(tm.Close)
	pool := cache.New(kernels.CacheF16, []cache.Shape{{KVHeads: m.sizes.Heads.KV, HeadDim: m.sizes.Heads.Dim, State: m.state}}, 1<<30, 0)
	t.Cleanup(pool.Close)
	levels := kernels.Levels()
	return &fixture{pool: pool, Run: NewRun(Config{
		Sizes: m.sizes, Level: levels[len(levels)-1], Team: tm, Guard: noGuard, Cache: pool.Type, Rows: rows, Grain: grain,
	})}
}

// TestVariantsDoNotAllocate decodes without allocating, once what the tokens use is packed.
func TestVariantsDoNotAllocate(t *testing.T) {
	for name, build := range variants {
		m := build(maker{t, rand.New(rand.NewPCG(5, 6))})
		f := newVariantFixture(t, m, 2, 64, 0)
		s := f.pool.NewSeq()
		f.feed(t, m, s, randomIDs(200), 64, 1)
		if err := s.Reserve(1); err != nil {
			t.Fatal(err)
		}
		spans := []Span{{Seq: s, IDs: []int32{7}, Logits: []float32{toyVocab - 1: 0}}}
		if n := testing.AllocsPerRun(20, func() {
			f.Begin(spans, never)
			m.forward(f.Run)
		}); n != 0 {
			t.Errorf("%s: %v allocations a step", name, n)
		}
	}
}

func TestRoute(t *testing.T) {
	bias := []float32{0, 0, 0.9, 0, 0, 0}
	for _, c := range []struct {
		name   string
		c      Routing
		logits []float32
		bias   []float32
		want   string // expert:weight ...
	}{
		{"softmax", Routing{Used: 2, Scale: 1}, []float32{0, 1, 0, 2, 0, 0}, nil, "1:0.1927 3:0.5238"},
		{"normalised", Routing{Used: 2, Scale: 1, Normalise: true}, []float32{0, 1, 0, 2, 0, 0}, nil, "1:0.2689 3:0.7311"},
		{"scaled", Routing{Used: 2, Scale: 2, Normalise: true}, []float32{0, 1, 0, 2, 0, 0}, nil, "1:0.5379 3:1.4621"},
		{"ties go to the lowest", Routing{Used: 3, Scale: 6}, []float32{1, 1, 1, 1, 1, 1}, nil, "0:1.0000 1:1.0000 2:1.0000"},
		{"sigmoid", Routing{Used: 2, Sigmoid: true, Scale: 1}, []float32{0, 1, 0, 2, 0, -1000}, nil, "1:0.7311 3:0.8808"},
		{"bias chooses but does not weigh", Routing{Used: 2, Sigmoid: true, Scale: 1}, []float32{0, 1, 0, 2, 0, 0}, bias, "2:0.5000 3:0.8808"},
		{"all", Routing{Used: 6, Scale: 6}, []float32{1, 1, 1, 1, 1, 1}, nil, "0:1.0000 1:1.0000 2:1.0000 3:1.0000 4:1.0000 5:1.0000"},
		{"best group by its best", Routing{Used: 2, Scale: 1, Normalise: true, Groups: 3, UsedGroups: 1}, []float32{2, 2, 3, 0, 0, 0}, nil, "2:0.9526 3:0.0474"},
		{"best group by its two best", Routing{Used: 2, Sigmoid: true, Scale: 1, Groups: 3, UsedGroups: 1}, []float32{2, 2, 3, 0, 0, 0}, nil, "0:0.8808 1:0.8808"},
		{"two groups", Routing{Used: 2, Sigmoid: true, Scale: 1, Groups: 3, UsedGroups: 2}, []float32{2, 2, 3, 0, 0, 0}, nil, "0:0.8808 2:0.9526"},
		{"infinite", Routing{Used: 1, Scale: 1}, []float32{0, float32(math.NaN()), 0, 0, 0, 0}, nil, "0:NaN"},
	} {
		picks := make([]pick, c.c.Used)
		c.c.route(picks, c.logits, c.bias, make([]float64, len(c.logits)))
		got := ""
		for i, p := range picks {
			if i > 0 {
				got += " "
			}
			got += fmt.Sprintf("%d:%.4f", p.expert, p.weight)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestALiBi compares with the slopes of the paper: powers of two, and for six heads those of four and of every second of eight.
func TestALiBi(t *testing.T) {
	for _, c := range []struct {
		n    int
		want []float32
	}{
		{8, []float32{0.5, 0.25, 0.125, 0.0625, 1. / 32, 1. / 64, 1. / 128, 1. / 256}},
		{6, []float32{0.25, 1. / 16, 1. / 64, 1. / 256, 0.5, 0.125}},
		{1, []float32{1. / 256}},
	} {
		for h, got := range ALiBi(c.n, 8) {
			if math.Abs(float64(got/c.want[h]-1)) > 1e-6 {
				t.Errorf("%d heads: slope %d = %v, want %v", c.n, h, got, c.want[h])
			}
		}
	}
}

// TestTransposed turns a matrix twice.
func TestTransposed(t *testing.T) {
	w := tensor(rand.New(rand.NewPCG(1, 1)), "w", 5, 3)
	want, _ := w.Bytes()
	once := Transposed(w, noGuard)
	got, err := Transposed(once, noGuard).Bytes()
	if err != nil || !slices.Equal(got, want) || once.Cols() != 3 || once.Rows() != 5 {
		t.Errorf("turned twice: %v, %v; want %v", got, err, want)
	}
}
