package kernels

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// benchPanels returns about size bytes of random panels of cols k, each unit with sensible scales.
func benchPanels(b *testing.B, k Kind, cols, size int) ([]byte, int) {
	panel := PanelBytes(k, cols)
	n := max(size/panel, 1)
	w, err := Alloc(n * panel)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { Free(w) })
	r := rand.New(rand.NewPCG(1, 1))
	for i := range w[:panel] {
		w[i] = byte(r.Uint32())
	}
	unit := layouts[k].bytes
	for i := 0; i < panel; i += unit {
		randomScales(r, k, w[i:i+unit])
		if k == KindMXFP4 { // no subnormal scales: they are slow, and not to be found in models
			for j := range 64 {
				w[i+j] = 120 + byte(j%8)
			}
		}
	}
	for i := panel; i < len(w); i += panel {
		copy(w[i:], w[:panel])
	}
	return w, n
}

// BenchmarkRead is the plain read bandwidth from memory that products with one token are compared with.
func BenchmarkRead(b *testing.B) {
	w, err := Alloc(256 << 20)
	if err != nil {
		b.Fatal(err)
	}
	defer Free(w)
	for i := 0; i < len(w); i += 4096 {
		w[i] = 1
	}
	l := Levels()[len(Levels())-1]
	x := floats(w)
	b.SetBytes(int64(len(w)))
	for b.Loop() {
		for i := 0; i < len(x); i += 1 << 20 {
			l.max(x[i : i+1<<20])
		}
	}
}

// BenchmarkDot multiplies panels with one token: from memory and from the second-level cache.
func BenchmarkDot(b *testing.B) {
	const cols = 2048
	for _, place := range []struct {
		name string
		size int
	}{{"memory", 256 << 20}, {"L2", 1 << 20}} {
		for k := range kinds {
			for _, l := range Levels()[1:] {
				b.Run(fmt.Sprintf("%s/%v/%s", place.name, k, l.Name), func(b *testing.B) {
					w, n := benchPanels(b, k, cols, place.size)
					x := NewActs(1, cols)
					for i := range x.X {
						x.X[i] = rand.Float32() - 0.5
					}
					x.Quantize(l, 0, 1)
					y := make([]float32, 16*n)
					b.SetBytes(int64(len(w)))
					units := cols / layouts[k].unit
					for b.Loop() {
						if k.Float() {
							l.dotFloat[k](y, w, units, x.X)
						} else {
							l.dot[k](y, w, units, x.Q, x.D, x.DS, x.S)
						}
					}
				})
			}
		}
	}
}

// BenchmarkMul multiplies a matrix with many tokens.
func BenchmarkMul(b *testing.B) {
	const rows, cols = 512, 2048
	for k := range kinds {
		for _, l := range Levels()[1:] {
			for _, tokens := range []int{4, 12, 48, 512} {
				b.Run(fmt.Sprintf("%v/%s/%d", k, l.Name, tokens), func(b *testing.B) {
					w, _ := benchPanels(b, k, cols, rows/16*PanelBytes(k, cols))
					m := &Matrix{Kind: k, Rows: rows, Cols: cols, data: w, panelBytes: PanelBytes(k, cols)}
					x := NewActs(tokens, cols)
					for i := range x.X {
						x.X[i] = rand.Float32() - 0.5
					}
					x.Quantize(l, 0, tokens)
					y, s := make([]float32, tokens*rows), NewScratch()
					for b.Loop() {
						m.Mul(l, y, rows, x, 0, m.Panels(), s)
					}
					b.ReportMetric(float64(rows*cols*tokens)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
				})
			}
		}
	}
}

// BenchmarkAttention attends the queries of a KV head to 8192 cached positions: 8 for a generated token, 64 for a piece of a prompt.
func BenchmarkAttention(b *testing.B) {
	const pages = 64
	for typ := range cacheTypes {
		for _, l := range Levels()[1:] {
			for _, dim := range []int{64, 128} {
				for _, queries := range []int{1, 8, 64} {
					b.Run(fmt.Sprintf("%v/%s/head%d/%d", typ, l.Name, dim, queries), func(b *testing.B) {
						keys, vals := make([][]byte, pages), make([][]byte, pages)
						x := make([]float32, dim)
						for p := range pages {
							keys[p], vals[p] = make([]byte, typ.KeyBytes(dim)), make([]byte, typ.ValueBytes(dim))
							for i := range PageSize {
								for d := range x {
									x[d] = rand.Float32() - 0.5
								}
								typ.StoreKey(keys[p], i, x)
								typ.StoreValue(vals[p], i, x)
							}
						}
						a := NewAttn(typ, dim, queries)
						for i := range queries {
							a.Hi[i] = pages * PageSize
							for d := range dim {
								a.Q[i*a.Pad()+d] = rand.Float32() - 0.5
							}
						}
						b.SetBytes(int64(pages * (len(keys[0]) + len(vals[0]))))
						for b.Loop() {
							a.Reset(queries)
							for p := 0; p < pages; p += SlicePages {
								a.Slice(l, queries, p*PageSize, keys[p:p+SlicePages], vals[p:p+SlicePages])
							}
						}
						b.ReportMetric(float64(2*pages*PageSize*dim*queries)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
					})
				}
			}
		}
	}
}
