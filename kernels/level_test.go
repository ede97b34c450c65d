package kernels

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/linnet-go/linnet/quant"
)

// TestMust fails when a level named in LINNET_MUST (a list with commas) does not run here: so nothing goes untested in silence.
func TestMust(t *testing.T) {
	var have []string
	for _, l := range Levels() {
		have = append(have, l.Name)
	}
	t.Logf("levels of this CPU: %v", have)
	for name := range strings.SplitSeq(os.Getenv("LINNET_MUST"), ",") {
		if name != "" && !slices.Contains(have, name) {
			t.Errorf("LINNET_MUST names %s, this CPU has %v", name, have)
		}
	}
}

// native runs a test for every level but ref, against ref, with slices before and behind a guard page.
func native(t *testing.T, test func(t *testing.T, l, ref *Level, g guard)) {
	all := Levels()
	if len(all) == 1 {
		t.Skip("this CPU or build has no level but ref")
	}
	for _, l := range all[1:] {
		for _, atEnd := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/atEnd=%v", l.Name, atEnd), func(t *testing.T) {
				test(t, l, all[0], guard{t, rand.New(rand.NewPCG(1, 2)), atEnd})
			})
		}
	}
}

// guard makes random inputs next to guard pages.
type guard struct {
	t     testing.TB
	r     *rand.Rand
	atEnd bool
}

func (g guard) floats(n int) []float32 {
	x := guarded[float32](g.t, n, g.atEnd)
	for i := range x {
		x[i] = float32(g.r.NormFloat64())
		if g.r.IntN(50) == 0 {
			x[i] *= 20
		}
	}
	return x
}

func (g guard) bytes(n int) []byte {
	x := guarded[byte](g.t, n, g.atEnd)
	for i := range x {
		x[i] = byte(g.r.Uint32())
	}
	return x
}

// panels returns random bytes with scales that are finite, of both signs, zero and subnormal.
func (g guard) panels(k Kind, n int) []byte {
	w := g.bytes(n * layouts[k].bytes)
	for u := range n {
		randomScales(g.r, k, w[u*layouts[k].bytes:(u+1)*layouts[k].bytes])
	}
	return w
}

func randomScales(r *rand.Rand, k Kind, unit []byte) {
	half := func(b []byte) {
		for i := 0; i < len(b); i += 2 {
			v := float32(r.NormFloat64() * 0.02)
			if r.IntN(20) == 0 {
				v = []float32{0, 1e-6, -1e-7, 30}[r.IntN(4)]
			}
			binary.LittleEndian.PutUint16(b[i:], quant.F32ToF16(v))
		}
	}
	switch k {
	case KindF16:
		half(unit)
	case KindBF16:
		for i := 0; i < len(unit); i += 2 {
			binary.LittleEndian.PutUint16(unit[i:], quant.F32ToBF16(float32(r.NormFloat64())))
		}
	case KindF32, KindInt8:
		n := len(unit)
		if k == KindInt8 {
			n = 256
		}
		for i := 0; i < n; i += 4 {
			v := math.Float32bits(float32(r.NormFloat64() * 0.02))
			if k == KindInt8 {
				v &^= 0x1f // scales have at most 19 significant bits
			}
			binary.LittleEndian.PutUint32(unit[i:], v)
		}
		for i := n; i < len(unit); i++ {
			unit[i] = max(unit[i], 1) // |code - 128| ≤ 127
		}
	case KindMXFP4:
		for i := range 64 {
			unit[i] = []byte{0, 1, 2, 120, 125, 128, 130, 140}[r.IntN(8)]
		}
	case KindQ4_1, KindQ5_1:
		half(unit[:128])
	default:
		half(unit[:64])
	}
}

// tokens returns quantised activations of n tokens, pad k each.
func (g guard) tokens(ref *Level, n, pad int) (q []int8, d, ds []float32, s []int16) {
	q, s = guarded[int8](g.t, n*pad, g.atEnd), guarded[int16](g.t, n*pad/16, g.atEnd)
	d, ds = g.floats(n*pad/32), g.floats(n*pad/32)
	x := g.floats(n * pad)
	for i := 0; i+32 <= len(x); i += 32 * (2 + g.r.IntN(9)) {
		v := []float32{0, 3, -3, 1e-30}[g.r.IntN(4)]
		for j := range 32 {
			x[i+j] = v
		}
	}
	ref.quantize(q, d, ds, s, x)
	return q, d, ds, s
}

// same fails at the first difference in bits.
func same[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	for i := range want {
		if a, ok := any(got[i]).(float32); ok {
			if b := any(want[i]).(float32); math.Float32bits(a) == math.Float32bits(b) {
				continue
			}
		} else if got[i] == want[i] {
			continue
		}
		t.Fatalf("%s: [%d of %d] = %v, want %v", what, i, len(want), got[i], want[i])
	}
}

func TestDot(t *testing.T) {
	native(t, func(t *testing.T, l, ref *Level, g guard) {
		for k := range kinds {
			for _, c := range []struct{ panels, units int }{{1, 1}, {1, 2}, {3, 1}, {2, 5}} {
				what := fmt.Sprintf("%v %+v", k, c)
				w := g.panels(k, c.panels*c.units)
				got, want := g.floats(16*c.panels), make([]float32, 16*c.panels)
				if k.Float() {
					x := g.floats(c.units * 64)
					l.dotFloat[k](got, w, c.units, x)
					ref.dotFloat[k](want, w, c.units, x)
				} else {
					q, d, ds, s := g.tokens(ref, 1, c.units*layouts[k].unit)
					l.dot[k](got, w, c.units, q, d, ds, s)
					ref.dot[k](want, w, c.units, q, d, ds, s)
				}
				same(t, what, got, want)
			}
		}
	})
}

func TestUnpack(t *testing.T) {
	native(t, func(t *testing.T, l, ref *Level, g guard) {
		for k := range kinds {
			for _, units := range []int{1, 2, 3} {
				w := g.panels(k, units)
				if k.Float() {
					got, want := g.floats(1024*units), make([]float32, 1024*units)
					l.unpackFloat[k](got, w, units)
					ref.unpackFloat[k](want, w, units)
					same(t, k.String(), got, want)
					continue
				}
				blocks := units * layouts[k].unit / 32
				codes, wantCodes := g.bytes(512*blocks), make([]byte, 512*blocks)
				scales, wantScales := g.floats(k.scales()*blocks), make([]float32, k.scales()*blocks)
				l.unpack[k](codes, scales, w, units)
				ref.unpack[k](wantCodes, wantScales, w, units)
				if !l.ownCodes {
					same(t, k.String()+" codes", codes, wantCodes)
				}
				same(t, k.String()+" scales", scales, wantScales)
			}
		}
	})
}

func TestTile(t *testing.T) {
	native(t, func(t *testing.T, l, ref *Level, g guard) {
		for k := range kinds {
			for tokens := range 15 {
				units := 1 + g.r.IntN(2)
				blocks := units * layouts[k].unit / 32
				more := tokens%2 == 1
				pad, stride := 32*blocks+64*g.r.IntN(2), 16+16*g.r.IntN(2)
				n := 0
				if tokens > 0 {
					n = (tokens-1)*stride + 16
				}
				got := g.floats(n)
				want := slices.Clone(got)
				what := fmt.Sprintf("%v, %d tokens, %d blocks, pad %d, stride %d, more %v", k, tokens, blocks, pad, stride, more)
				if k.Float() {
					w, x := g.floats(512*blocks), g.floats(tokens*pad)
					l.tileFloat(got, stride, w, 32*blocks, x, pad, tokens, more)
					ref.tileFloat(want, stride, w, 32*blocks, x, pad, tokens, more)
				} else {
					w := g.panels(k, units)
					for i := planes[k][0].at; i < layouts[k].bytes; i++ {
						w[i] = []byte{0xff, 1}[tokens/2%2] // the largest codes, or almost the smallest
					}
					q, d, ds, s := g.tokens(ref, tokens, pad)
					for _, run := range []struct {
						l *Level
						y []float32
					}{{l, got}, {ref, want}} {
						codes, scales := guarded[byte](t, 512*blocks, g.atEnd), guarded[float32](t, k.scales()*blocks, g.atEnd)
						run.l.unpack[k](codes, scales, w, units)
						run.l.tile[k](run.y, stride, codes, scales, blocks, q, d, ds, s, pad, tokens, more)
					}
				}
				same(t, what, got, want)
			}
		}
	})
}

// TestPair checks the products of two panels side by side against two of one.
func TestPair(t *testing.T) {
	native(t, func(t *testing.T, l, ref *Level, g guard) {
		for k := range kinds {
			if l.pairTile[k] == nil {
				continue
			}
			for tokens := range 15 {
				units := 1 + g.r.IntN(3)
				blocks, per := units*layouts[k].unit/32, k.scales()
				w0, w1 := g.panels(k, units), g.panels(k, units)
				codes, scales := g.bytes(1024*blocks), g.floats(2*(per+16)*blocks)
				l.pairUnpack[k](codes, scales, w0, units)
				l.pairUnpack[k](codes[64:], scales[16:], w1, units)
				more, pad := tokens%2 == 1, 32*blocks+32*g.r.IntN(2)
				q, d, ds, s := g.tokens(ref, tokens, pad)
				got := g.floats(max(0, (tokens-1)*48+32) * min(tokens, 1))
				want := slices.Clone(got)
				l.pairTile[k](got, 48, codes, scales, blocks, q, d, ds, s, pad, tokens, more)
				one, oneScales := make([]byte, 512*blocks), make([]float32, per*blocks)
				for i, w := range [][]byte{w0, w1} {
					ref.unpack[k](one, oneScales, w, units)
					ref.tile[k](want[min(16*i, len(want)):], 48, one, oneScales, blocks, q, d, ds, s, pad, tokens, more)
				}
				same(t, fmt.Sprintf("%v, %d tokens, %d blocks", k, tokens, blocks), got, want)
			}
		}
	})
}

// TestPairFloat checks the product of two float panels against two of one.
func TestPairFloat(t *testing.T) {
	native(t, func(t *testing.T, l, ref *Level, g guard) {
		if l.pairFloat == nil {
			return
		}
		for tokens := range 15 {
			n, more := 4*(1+g.r.IntN(20)), tokens%2 == 1
			w, v, x := g.floats(16*n), g.floats(16*n), g.floats(tokens*n)
			got := g.floats(max(0, (tokens-1)*48+32) * min(tokens, 1))
			want := slices.Clone(got)
			l.pairFloat(got, 48, w, v, n, x, n, tokens, more)
			ref.tileFloat(want, 48, w, n, x, n, tokens, more)
			ref.tileFloat(want[min(16, len(want)):], 48, v, n, x, n, tokens, more)
			same(t, fmt.Sprintf("%d tokens, %d k", tokens, n), got, want)
		}
	})
}

func TestQuantize(t *testing.T) {
	native(t, func(t *testing.T, l, ref *Level, g guard) {
		for _, blocks := range []int{0, 1, 2, 7, 64} {
			for _, scale := range []float32{1, 1e-38, 1e-30, 1e30, 0} {
				x := g.floats(32 * blocks)
				for i := range x {
					x[i] *= scale
				}
				q, d, ds, s := guarded[int8](t, 32*blocks, g.atEnd), g.floats(blocks), g.floats(blocks), guarded[int16](t, 2*blocks, g.atEnd)
				l.quantize(q, d, ds, s, x)
				wq, wd, wds, ws := make([]int8, 32*blocks), make([]float32, blocks), make([]float32, blocks), make([]int16, 2*blocks)
				ref.quantize(wq, wd, wds, ws, x)
				same(t, "q", q, wq)
				same(t, "d", d, wd)
				same(t, "ds", ds, wds)
				same(t, "s", s, ws)
			}
		}
		for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
			for _, v := range []*Level{l, ref} {
				x := make([]float32, 32)
				x[7] = bad
				d := []float32{0}
				v.quantize(make([]int8, 32), d, []float32{0}, make([]int16, 2), x)
				if f := float64(d[0]); !math.IsNaN(f) && !math.IsInf(f, 0) {
					t.Errorf("%s: the block of %v has D = %v", v.Name, bad, f)
				}
			}
		}
	})
}

func TestVectors(t *testing.T) {
	native(t, func(t *testing.T, l, ref *Level, g guard) {
		for _, n := range []int{0, 16, 32, 48, 2048} {
			for _, scale := range []float32{1, 30, 1e-20, 1e15} {
				x, y, w := g.floats(n), g.floats(n), g.floats(n)
				for i := range x {
					x[i] *= scale
				}
				same(t, "sum", []float32{l.sum(x)}, []float32{ref.sum(x)})
				same(t, "sumSquares", []float32{l.sumSquares(x)}, []float32{ref.sumSquares(x)})
				if n > 0 {
					same(t, "max", []float32{l.max(x)}, []float32{ref.max(x)})
				}
				check := func(what string, f func(l *Level, y []float32)) {
					got, want := g.floats(n), slices.Clone(y)
					copy(got, y)
					f(l, got)
					f(ref, want)
					same(t, what, got, want)
				}
				check("scale", func(l *Level, y []float32) { l.scale(y, x, w, 0.7) })
				check("mul", func(l *Level, y []float32) { l.mul(y, 0.7) })
				check("add", func(l *Level, y []float32) { l.add(y, x) })
				check("swiGLU", func(l *Level, y []float32) { l.swiGLU(y, x, w) })
				check("geGLU", func(l *Level, y []float32) { l.geGLU(y, x, w) })
				for act := range activations {
					check(fmt.Sprint("activation ", act), func(l *Level, y []float32) { copy(y, x); l.activate[act](y) })
				}
				check("softCap", func(l *Level, y []float32) { copy(y, x); l.softCap(y, 0.25, 4) })
				lanes := [2][16]float32{{1, 2, 3}, {1, 2, 3}}
				i := 0
				check("expSum", func(l *Level, y []float32) { l.expSum(y, 0.3, &lanes[i]); i++ })
				same(t, "lanes", lanes[0][:], lanes[1][:])
			}
		}
	})
}

func TestScoresAndValues(t *testing.T) {
	native(t, func(t *testing.T, l, ref *Level, g guard) {
		for typ := range cacheTypes {
			for _, dim := range []int{8, 12, 16, 24, 40, 64, 96, 128} {
				queries := 1 + g.r.IntN(9)
				what := fmt.Sprintf("%v, head %d, %d queries", typ, dim, queries)
				keys, vals := guarded[byte](t, typ.KeyBytes(dim), g.atEnd), guarded[byte](t, typ.ValueBytes(dim), g.atEnd)
				for pos := range PageSize {
					typ.StoreKey(keys, pos, g.vector(dim))
					typ.StoreValue(vals, pos, g.vector(dim))
				}
				q, e := g.floats(queries*pad16(dim)), g.floats(queries*PageSize)
				for _, n := range []int{1, 15, 16, 17, 128} {
					got, want := g.floats(queries*PageSize), make([]float32, queries*PageSize)
					copy(want, got)
					groups := (n + 15) / 16
					l.scores[typ](got, q, keys, dim, queries, groups)
					ref.scores[typ](want, q, keys, dim, queries, groups)
					same(t, what+" scores", got, want)
					acc := g.floats(queries * pad16(dim))
					wantAcc := slices.Clone(acc)
					l.values[typ](acc, e, vals, dim, queries, n)
					ref.values[typ](wantAcc, e, vals, dim, queries, n)
					same(t, what+" values", acc, wantAcc)
				}
			}
		}
	})
}

func (g guard) vector(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(g.r.NormFloat64())
	}
	return x
}
