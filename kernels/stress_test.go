package kernels

import (
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestStress multiplies on every level while goroutines move between threads, the garbage collector runs all the time and profiling
// signals arrive: vector and tile registers must survive all of that.
func TestStress(t *testing.T) {
	length := 2 * time.Second
	if testing.Short() {
		length = 200 * time.Millisecond
	}
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatal(err)
	}
	defer pprof.StopCPUProfile()
	for _, l := range Levels() {
		t.Run(l.Name, func(t *testing.T) { stress(t, l, length) })
	}
}

func stress(t *testing.T, l *Level, length time.Duration) {
	g := guard{t, rand.New(rand.NewPCG(3, 1)), true}
	var matrices []*Matrix
	for _, k := range []Kind{KindQ4_0, KindQ4_K, KindQ6_K, KindF16} {
		m := &Matrix{Kind: k, Rows: 128, Cols: 512, panelBytes: PanelBytes(k, 512)}
		m.data = g.panels(k, m.Panels()*m.panelBytes/layouts[k].bytes)
		matrices = append(matrices, m)
	}
	x := NewActs(40, 512)
	for i := range x.Rows {
		copy(x.Row(i), g.vector(512))
	}
	x.Quantize(l, 0, x.Rows)
	product := func(m *Matrix) []float32 {
		y := make([]float32, x.Rows*128)
		m.Mul(l, y, 128, x, 0, m.Panels(), NewScratch())
		return y
	}
	var want [][]float32
	for _, m := range matrices {
		want = append(want, product(m))
	}
	var wg sync.WaitGroup
	var wrong, calls atomic.Int64
	end := time.Now().Add(length)
	for i := range 8 {
		wg.Go(func() {
			for n := i; time.Now().Before(end); n++ {
				if !slices.Equal(product(matrices[n%len(matrices)]), want[n%len(matrices)]) {
					wrong.Add(1)
				}
				calls.Add(1)
				runtime.Gosched()
			}
		})
	}
	wg.Go(func() {
		for time.Now().Before(end) {
			runtime.GC()
		}
	})
	wg.Wait()
	if wrong.Load() > 0 {
		t.Errorf("%d of %d products are wrong", wrong.Load(), calls.Load())
	}
	t.Logf("%d products", calls.Load())
}
