package kernels

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"
)

// Case is one operation of one level with its inputs, for measuring.
type Case struct {
	Level, Op, Kind, Size string // Kind: of the weights or the cache, "" for work on f32 rows

	Bytes int    // that a run reads and writes; of products: the weights
	MACs  int    // multiply-adds of a run, 0 where none are counted
	Run   func() // one run
}

// CaseCols is the number of columns of the matrices of cases, and the length of their f32 rows.
const CaseCols = 2048

const (
	caseRows      = 512     // of matrices that many tokens are multiplied with
	casePositions = 2048    // of attention
	casePart      = 1 << 20 // bytes of weights that a run multiplies with one token
)

// Kinds returns all panel layouts.
func Kinds() []Kind {
	all := make([]Kind, kinds)
	for k := range all {
		all[k] = Kind(k)
	}
	return all
}

// CacheTypes returns all ways to keep keys and values.
func CacheTypes() []CacheType {
	all := make([]CacheType, cacheTypes)
	for t := range all {
		all[t] = CacheType(t)
	}
	return all
}

// Products yields the products of one kind of weights with 1, 4 and 128 tokens, for each level. The panels lie in memory, which should be larger
// than the caches and is overwritten; one token is multiplied with all of them in turn ("memory") or always with the same 1 MB ("L2").
func Products(k Kind, levels []*Level, memory []byte) iter.Seq[Case] {
	return func(yield func(Case) bool) {
		all := randomMatrix(k, memory)
		part := min(max(casePart/all.panelBytes, 1), all.Panels())
		for _, of := range []struct {
			op, size            string
			panels, run, tokens int // run: panels of a run
		}{
			{"dot", "memory", all.Panels(), part, 1},
			{"dot", "L2", part, part, 1},
			{"mul", "4 tokens", min(caseRows/16, all.Panels()), caseRows / 16, 4},
			{"mul", "128 tokens", min(caseRows/16, all.Panels()), caseRows / 16, 128},
		} {
			m := *all
			m.Rows, m.data = 16*of.panels, all.data[:of.panels*all.panelBytes]
			for _, l := range levels {
				c := m.productCase(l, min(of.run, of.panels), of.tokens)
				c.Op, c.Size = of.op, of.size
				if !yield(c) {
					return
				}
			}
		}
	}
}

// productCase multiplies n panels a run, in turn.
func (m *Matrix) productCase(l *Level, n, tokens int) Case {
	x, y, s := randomActs(l, tokens), make([]float32, tokens*m.Rows), NewScratch()
	p := 0
	return Case{Level: l.Name, Kind: m.Kind.String(), Bytes: n * m.panelBytes, MACs: 16 * n * m.Cols * tokens, Run: func() {
		if p+n > m.Panels() {
			p = 0
		}
		m.Mul(l, y, m.Rows, x, p, p+n, s)
		p += n
	}}
}

// randomMatrix fills memory with panels of CaseCols columns.
func randomMatrix(k Kind, memory []byte) *Matrix {
	size := PanelBytes(k, CaseCols)
	n := len(memory) / size
	if n == 0 {
		panic(fmt.Sprintf("kernels: Products: %d bytes of memory, need %d for a panel of %v", len(memory), size, k))
	}
	m := &Matrix{Kind: k, Rows: 16 * n, Cols: CaseCols, data: memory[:n*size], panelBytes: size}
	r := rand.New(rand.NewPCG(1, uint64(k)))
	first := m.data[:size]
	for u := range slices.Chunk(first, k.UnitBytes()) {
		randomUnit(r, k, u)
	}
	for p := size; p < len(m.data); p += size {
		copy(m.data[p:], first)
	}
	return m
}

// randomUnit fills a unit of a panel with random codes, and with scales of about 1/50 in the places where the kind has them.
func randomUnit(r *rand.Rand, k Kind, unit []byte) {
	for i := range unit {
		unit[i] = byte(r.Uint32())
	}
	scales := unit[:64]
	switch k {
	case KindF32, KindF16, KindBF16:
		scales = unit
	case KindQ4_1, KindQ5_1:
		scales = unit[:128]
	case KindInt8:
		scales = unit[:256]
		for i, c := range unit[256:] {
			unit[256+i] = max(c, 1) // codes are -127 to 127
		}
	}
	switch k {
	case KindF32, KindInt8:
		for i := 0; i < len(scales); i += 4 { // of Int8 at most 19 significant bits
			binary.LittleEndian.PutUint32(scales[i:], binary.LittleEndian.Uint32(scales[i:])&0x807fffe0|0x3c800000)
		}
	case KindMXFP4:
		for i := range scales {
			scales[i] = 120 + scales[i]&7
		}
	case KindBF16:
		randomHalves(scales, 0x807f, 0x3c80)
	default:
		randomHalves(scales, 0x83ff, 0x2400)
	}
}

// randomHalves keeps the random bits of 16-bit numbers that mask has and sets those of exponent.
func randomHalves(b []byte, mask, exponent uint16) {
	for i := 0; i < len(b); i += 2 {
		binary.LittleEndian.PutUint16(b[i:], binary.LittleEndian.Uint16(b[i:])&mask|exponent)
	}
}

// randomActs returns quantised activations.
func randomActs(l *Level, tokens int) *Acts {
	x := NewActs(tokens, CaseCols)
	for t := range tokens {
		randomRow(x.Row(t)[:CaseCols])
	}
	x.Quantize(l, 0, tokens)
	return x
}

func randomRow(x []float32) []float32 {
	r := rand.New(rand.NewPCG(1, uint64(len(x))))
	for i := range x {
		x[i] = float32(r.Float32()) - 0.5
	}
	return x
}

// Rows yields the work on f32 rows, for each level.
func Rows(levels []*Level) iter.Seq[Case] {
	return func(yield func(Case) bool) {
		x, y, w := randomRow(make([]float32, CaseCols)), make([]float32, CaseCols), randomRow(make([]float32, CaseCols))
		q, d, ds, s := make([]int8, CaseCols), make([]float32, CaseCols/32), make([]float32, CaseCols/32), make([]int16, CaseCols/16)
		for _, op := range []struct {
			name  string
			bytes int // a value
			run   func(l *Level)
		}{
			{"sum", 4, func(l *Level) { l.sum(x) }},
			{"add", 12, func(l *Level) { l.Add(y, x) }},
			{"RMS norm", 16, func(l *Level) { l.RMSNorm(y, x, w, CaseCols, 1e-5) }},
			{"layer norm", 20, func(l *Level) { l.LayerNorm(y, x, w, CaseCols, 1e-5) }},
			{"SwiGLU", 12, func(l *Level) { l.SwiGLU(y, x, w) }},
			{"GeGLU", 12, func(l *Level) { l.GeGLU(y, x, w) }},
			{"quantize", 5, func(l *Level) { l.Quantize8(q, d, ds, s, x) }},
		} {
			for _, l := range levels {
				clear(y)
				c := Case{Level: l.Name, Op: op.name, Size: fmt.Sprintf("%d values", CaseCols), Bytes: op.bytes * CaseCols, Run: func() { op.run(l) }}
				if !yield(c) {
					return
				}
			}
		}
	}
}

// Attention yields the attention of 1, 8 and 64 queries of one head to a cache of one type, for each level.
func Attention(t CacheType, levels []*Level) iter.Seq[Case] {
	return func(yield func(Case) bool) {
		for _, dim := range []int{64, 128} {
			keys, values := randomPages(t, dim)
			for _, queries := range []int{1, 8, 64} {
				a := NewAttn(t, dim, queries)
				for i := range queries {
					a.Hi[i] = casePositions
					randomRow(a.Q[i*a.Pad():][:dim])
				}
				for _, l := range levels {
					c := Case{Level: l.Name, Op: "attention", Kind: t.String(), Size: fmt.Sprintf("head %d, queries %d", dim, queries)}
					c.Bytes = len(keys) * (len(keys[0]) + len(values[0]))
					c.MACs = 2 * casePositions * dim * queries
					c.Run = func() {
						a.Reset(queries)
						for p := 0; p < len(keys); p += SlicePages {
							a.Slice(l, queries, p*PageSize, keys[p:p+SlicePages], values[p:p+SlicePages])
						}
					}
					if !yield(c) {
						return
					}
				}
			}
		}
	}
}

// randomPages returns the pages of one head.
func randomPages(t CacheType, dim int) (keys, values [][]byte) {
	r := rand.New(rand.NewPCG(1, uint64(t)))
	x := make([]float32, dim)
	for range casePositions / PageSize {
		k, v := make([]byte, t.KeyBytes(dim)), make([]byte, t.ValueBytes(dim))
		for i := range PageSize {
			for d := range x {
				x[d] = float32(r.Float32()) - 0.5
			}
			t.StoreKey(k, i, x)
			t.StoreValue(v, i, x)
		}
		keys, values = append(keys, k), append(values, v)
	}
	return keys, values
}

// sampleTime is how long a sample of Seconds lasts at least, so that reading the clock does not count.
const sampleTime = 20 * time.Microsecond

// Seconds returns the median time of a run, from as many samples of one or more runs as fit into budget, at least three.
func (c *Case) Seconds(budget time.Duration) float64 {
	c.Run() // caches, clock
	runs := 1
	for c.sample(runs) < sampleTime {
		runs *= 2
	}
	var samples []time.Duration
	for start := time.Now(); len(samples) < 3 || time.Since(start) < budget; {
		samples = append(samples, c.sample(runs))
	}
	slices.Sort(samples)
	return samples[len(samples)/2].Seconds() / float64(runs)
}

func (c *Case) sample(runs int) time.Duration {
	start := time.Now()
	for range runs {
		c.Run()
	}
	return time.Since(start)
}
