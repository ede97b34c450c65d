package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// attend runs the pages of a head through one Attn, or through one Attn a slice that are merged, and returns [queries, dim].
func attend(l *Level, t CacheType, dim int, q []float32, lo, hi []int32, keys, vals [][]byte, split bool, set ...func(*Attn)) []float32 {
	n := len(lo)
	fill := func() *Attn {
		a := NewAttn(t, dim, n)
		for i := range n {
			copy(a.Q[i*a.Pad():], q[i*dim:(i+1)*dim])
		}
		copy(a.Lo, lo)
		copy(a.Hi, hi)
		for _, f := range set {
			f(a)
		}
		a.Reset(n)
		return a
	}
	all := fill()
	for p := 0; p < len(keys); p += SlicePages {
		end := min(p+SlicePages, len(keys))
		a := all
		if split {
			a = fill()
		}
		a.Slice(l, n, p*PageSize, keys[p:end], vals[p:end])
		if split {
			all.MergeFrom(l, a, n)
		}
	}
	out := make([]float32, n*dim)
	for i := range n {
		all.Result(out[i*dim:(i+1)*dim], i)
	}
	return out
}

// TestAttention compares with a softmax in float64 over the values as the cache holds them, and checks that queries alone, together and with slices
// merged from several workers give the same bits.
func TestAttention(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, l := range Levels() {
		for typ := range cacheTypes {
			for _, c := range []struct{ dim, positions int }{{8, 1}, {12, 100}, {64, 300}, {40, 1024}, {16, 2500}} {
				t.Run(fmt.Sprintf("%s/%v/%d/%d", l.Name, typ, c.dim, c.positions), func(t *testing.T) {
					pages := (c.positions + PageSize - 1) / PageSize
					k, v := make([][]float32, c.positions), make([][]float32, c.positions)
					keys, vals := make([][]byte, pages), make([][]byte, pages)
					for p := range pages {
						keys[p], vals[p] = make([]byte, typ.KeyBytes(c.dim)), make([]byte, typ.ValueBytes(c.dim))
					}
					g := guard{t, r, true}
					for i := range c.positions {
						k[i], v[i] = g.vector(c.dim), g.vector(c.dim)
						typ.StoreKey(keys[i/PageSize], i%PageSize, k[i])
						typ.StoreValue(vals[i/PageSize], i%PageSize, v[i])
						var x [16]float32
						for d := range c.dim { // what the cache holds
							typ.loadKeys(&x, keys[i/PageSize], c.dim, i%PageSize/16, d)
							k[i][d] = x[i%16]
							typ.loadValues(&x, vals[i/PageSize], pad16(c.dim), i%PageSize, d&^15)
							v[i][d] = x[d%16]
						}
					}
					n := min(7, c.positions)
					q, lo, hi := g.vector(n*c.dim), make([]int32, n), make([]int32, n)
					for i := range q {
						q[i] *= float32(1 / math.Sqrt(float64(c.dim)))
					}
					for i := range n {
						hi[i] = int32(c.positions - i)
						if i%3 == 2 {
							lo[i] = max(0, hi[i]-int32(1+r.IntN(500)))
						}
					}
					got := attend(l, typ, c.dim, q, lo, hi, keys, vals, false)
					for i := range n {
						want := exactAttention(q[i*c.dim:(i+1)*c.dim], k[lo[i]:hi[i]], v[lo[i]:hi[i]])
						for d, w := range want {
							if x := float64(got[i*c.dim+d]); math.Abs(x-w) > 2e-6*(1+math.Abs(w)) {
								t.Fatalf("query %d, dim %d: %v, want %v", i, d, x, w)
							}
						}
						alone := attend(l, typ, c.dim, q[i*c.dim:(i+1)*c.dim], lo[i:i+1], hi[i:i+1], keys, vals, true)
						same(t, "alone, slices merged", alone, got[i*c.dim:(i+1)*c.dim])
					}
					same(t, "ref", got, attend(Levels()[0], typ, c.dim, q, lo, hi, keys, vals, false))
				})
			}
		}
	}
}

// TestAttentionExtras compares cap, slopes and sinks with their definitions in float64.
func TestAttentionExtras(t *testing.T) {
	const dim, n, typ = 24, 300, CacheF32
	g := guard{t, rand.New(rand.NewPCG(8, 8)), true}
	k, v := make([][]float32, n), make([][]float32, n)
	keys, vals := make([][]byte, 3), make([][]byte, 3)
	for p := range keys {
		keys[p], vals[p] = make([]byte, typ.KeyBytes(dim)), make([]byte, typ.ValueBytes(dim))
	}
	for i := range n {
		k[i], v[i] = g.vector(dim), g.vector(dim)
		typ.StoreKey(keys[i/PageSize], i%PageSize, k[i])
		typ.StoreValue(vals[i/PageSize], i%PageSize, v[i])
	}
	q, hi := g.vector(2*dim), []int32{n, 200}
	slopes, sinks := []float32{0.03, 0.2}, []float32{4, -1}
	for _, c := range []struct {
		name                 string
		capped, sloped, sunk bool
	}{{"cap", true, false, false}, {"slopes", false, true, false}, {"sinks", false, false, true}, {"all", true, true, true}} {
		set := func(a *Attn) {
			if c.capped {
				a.Cap = 3
			}
			if c.sloped {
				a.Slopes = slopes
			}
			if c.sunk {
				a.Sinks = sinks
			}
		}
		var first []float32
		for _, l := range Levels() {
			got := attend(l, typ, dim, q, []int32{0, 0}, hi, keys, vals, false, set)
			if first == nil {
				first = got
			}
			same(t, l.Name+" "+c.name, got, first)
		}
		for i := range hi {
			want := exactExtras(q[i*dim:(i+1)*dim], k[:hi[i]], v, func(s float64, j int) float64 {
				if c.capped {
					s = 3 * math.Tanh(s/3)
				}
				if c.sloped {
					s -= float64(slopes[i]) * float64(int(hi[i])-1-j)
				}
				return s
			})
			if c.sunk {
				want.sum += math.Exp(float64(sinks[i]))
			}
			for d := range want.out {
				if want, got := want.out[d]/want.sum, float64(first[i*dim+d]); math.Abs(got-want) > 5e-6 {
					t.Fatalf("%s, query %d, dim %d: %v, want %v", c.name, i, d, got, want)
				}
			}
		}
	}
}

// weighted is Σexp(score) and Σexp(score)·value.
type weighted struct {
	sum float64
	out []float64
}

func exactExtras(q []float32, k, v [][]float32, adjust func(s float64, j int) float64) weighted {
	w := weighted{out: make([]float64, len(q))}
	for j := range k {
		var s float64
		for d := range q {
			s += float64(q[d]) * float64(k[j][d])
		}
		e := math.Exp(adjust(s, j))
		w.sum += e
		for d := range q {
			w.out[d] += e * float64(v[j][d])
		}
	}
	return w
}

func exactAttention(q []float32, k, v [][]float32) []float64 {
	s := make([]float64, len(k))
	for i := range k {
		for d := range q {
			s[i] += float64(q[d]) * float64(k[i][d])
		}
	}
	top, sum := slices.Max(s), 0.0
	out := make([]float64, len(q))
	for i := range s {
		e := math.Exp(s[i] - top)
		sum += e
		for d := range out {
			out[d] += e * float64(v[i][d])
		}
	}
	for d := range out {
		out[d] /= sum
	}
	return out
}
