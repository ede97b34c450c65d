package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/linnet-go/linnet/quant"
)

// TestMul compares Matrix.Mul with Σ w·x in float64, where w is what the panel holds and x the activation as it was rounded, on shapes with rows,
// columns and tokens on both sides of every step. The bound is that of a sum in f32; all levels and numbers of tokens give the same bits.
func TestMul(t *testing.T) {
	for k := range kinds {
		for _, c := range []struct{ rows, cols, tokens int }{{1, 64, 1}, {16, 256, 2}, {17, 512, 3}, {40, 768, 5}, {33, 1280, 13}, {80, 512, 16}, {96, 1536, 51}} {
			if k.Float() {
				c.cols -= 20 // rows that are no whole units
			}
			t.Run(fmt.Sprintf("%v/%dx%d·%d", k, c.rows, c.cols, c.tokens), func(t *testing.T) {
				g := guard{t, rand.New(rand.NewPCG(7, uint64(c.cols))), true}
				m := &Matrix{Kind: k, Rows: c.rows, Cols: c.cols, panelBytes: PanelBytes(k, c.cols)}
				m.data = g.panels(k, m.Panels()*m.panelBytes/layouts[k].bytes)
				x := NewActs(c.tokens, c.cols)
				for i := range c.tokens {
					copy(x.Row(i), g.vector(c.cols))
				}
				x.Quantize(Levels()[0], 0, c.tokens)
				stride := 16 * m.Panels()
				want := make([]float32, c.tokens*stride)
				m.Mul(Levels()[0], want, stride, x, 0, m.Panels(), NewScratch())
				checkMul(t, m, x, want, stride)
				for _, l := range Levels() {
					x.Quantize(l, 0, c.tokens)
					got := make([]float32, c.tokens*stride)
					m.Mul(l, got, stride, x, 0, m.Panels(), NewScratch())
					same(t, l.Name, got, want)
					for i := range c.tokens {
						one := tokenOf(x, i)
						m.Mul(l, got[i*stride:], stride, one, 0, m.Panels(), NewScratch())
					}
					same(t, l.Name+", token by token", got, want)
				}
			})
		}
	}
}

// tokenOf is token i of x alone.
func tokenOf(x *Acts, i int) *Acts {
	n, b := x.Pad, x.Pad/32
	return &Acts{Rows: 1, Cols: x.Cols, Pad: n, X: x.Row(i), Q: x.Q[i*n : (i+1)*n], D: x.D[i*b : (i+1)*b], DS: x.DS[i*b : (i+1)*b], S: x.S[2*i*b : 2*(i+1)*b]}
}

func checkMul(t *testing.T, m *Matrix, x *Acts, y []float32, stride int) {
	t.Helper()
	w := make([]float32, 16*m.Cols)
	for p := range m.Panels() {
		UnpackPanel(m.Kind, w, m.data[p*m.panelBytes:(p+1)*m.panelBytes], m.Cols)
		for r := range min(16, m.Rows-16*p) {
			for i := range x.Rows {
				var sum, size float64
				for k, v := range w[r*m.Cols : (r+1)*m.Cols] {
					a := float64(x.X[i*x.Pad+k])
					if !m.Kind.Float() {
						a = float64(x.D[(i*x.Pad+k)/32]) * float64(x.Q[i*x.Pad+k])
					}
					sum += float64(v) * a
					size += math.Abs(float64(v) * a)
				}
				// A sum of n terms in f32 stays within λ·√n·2^-24·Σ|w·x| but for a probability of 2·exp(-λ²/2) (Higham and Mary 2019): λ = 5.
				got, bound := float64(y[i*stride+16*p+r]), 5*0x1p-24*size*math.Sqrt(float64(m.Cols))
				if math.Abs(got-sum) > bound {
					t.Fatalf("row %d, token %d: %v, want %v ± %v", 16*p+r, i, got, sum, bound)
				}
			}
		}
	}
}

// FuzzDot gives every level the same panel bytes, whatever they are, and compares the bits with the reference where those are finite.
func FuzzDot(f *testing.F) {
	f.Add(uint8(KindQ4_0), []byte("any bytes are codes; scales are made finite"))
	f.Add(uint8(KindQ6_K), []byte{255, 0, 255, 0})
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		k := Kind(kind % uint8(kinds))
		if k.Float() || len(data) == 0 {
			return
		}
		w := make([]byte, 2*layouts[k].bytes)
		for i := range w {
			w[i] = data[i%len(data)]
		}
		r := rand.New(rand.NewPCG(uint64(len(data)), uint64(data[0])))
		for u := range 2 {
			randomScales(r, k, w[u*layouts[k].bytes:(u+1)*layouts[k].bytes])
		}
		g := guard{t, r, true}
		q, d, ds, s := g.tokens(Levels()[0], 1, 2*layouts[k].unit)
		want := make([]float32, 16)
		Levels()[0].dot[k](want, w, 2, q, d, ds, s)
		for _, l := range Levels()[1:] {
			got := make([]float32, 16)
			l.dot[k](got, w, 2, q, d, ds, s)
			same(t, l.Name, got, want)
		}
	})
}

// TestNoAllocation: products, norms and attention allocate nothing.
func TestNoAllocation(t *testing.T) {
	for _, l := range Levels() {
		m, err := NewMatrix(quant.Q4_0, 32, 256)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Free()
		x, y, s := NewActs(35, 256), make([]float32, 35*32), NewScratch()
		a := NewAttn(CacheF16, 64, 4)
		key, val := [][]byte{make([]byte, CacheF16.KeyBytes(64))}, [][]byte{make([]byte, CacheF16.ValueBytes(64))}
		a.Hi[0], a.Hi[1], a.Hi[2], a.Hi[3] = 1, 2, 3, 128
		n := testing.AllocsPerRun(10, func() {
			x.Quantize(l, 0, 35)
			m.Mul(l, y, 32, x, 0, 2, s)
			l.RMSNorm(y, y, y, 900, 1e-5)
			l.SwiGLU(y, y, y)
			a.Reset(4)
			a.Slice(l, 4, 0, key, val)
			a.Result(y[:64], 3)
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", l.Name, n)
		}
	}
}
