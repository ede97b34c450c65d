package eval

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/linnet-go/linnet/engine"
	"github.com/linnet-go/linnet/kernels"
)

// open opens a small model of random weights, whose context is 64 tokens.
func open(t *testing.T) *engine.Model {
	t.Helper()
	m, err := engine.Open("../testdata/Q4_K.gguf", engine.Context(64), engine.Threads(2))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func TestMeasure(t *testing.T) {
	m := open(t)
	for _, s := range []Speed{
		{Prompt: 8, Generate: 3, Depths: []int{0, 5, 50}, Parallel: 1, Reps: 3},
		{Prompt: 4, Depths: []int{2}, Parallel: 2, Reps: 1},
		{Generate: 4, Depths: []int{0}, Parallel: 2, Reps: 2},
	} {
		at := 0
		for p, err := range s.Measure(context.Background(), m) {
			if err != nil {
				t.Fatal(err)
			}
			if p.Depth != s.Depths[at] || p.PeakType != "int8" || (p.Prefill != nil) != (s.Prompt > 0) || (p.Decode != nil) != (s.Generate > 0) {
				t.Errorf("%+v: point %+v", s, p)
			}
			checkRange(t, "bandwidth", p.Bandwidth)
			checkRange(t, "peak", p.Peak)
			if p.Prefill != nil {
				checkRange(t, "prefill", p.Prefill.Rate)
				checkShare(t, "prefill", p.Prefill.MACs, p.Prefill.Rate.Median*float64(MACs(m.Info())), p.Prefill.Share*p.Peak.Median)
			}
			if p.Decode != nil {
				checkRange(t, "decode", p.Decode.Rate)
				checkShare(t, "decode", p.Decode.Bytes, p.Decode.Rate.Median*float64(m.Info().WeightBytes)/float64(s.Parallel), p.Decode.Share*p.Bandwidth.Median)
			}
			at++
		}
		if at != len(s.Depths) {
			t.Errorf("%+v: %d points", s, at)
		}
	}
}

func checkRange(t *testing.T, what string, r Range) {
	t.Helper()
	if !(r.Min > 0 && r.Min <= r.Median && r.Median <= r.Max) {
		t.Errorf("%s: %+v", what, r)
	}
}

func checkShare(t *testing.T, what string, got float64, want ...float64) {
	t.Helper()
	for _, w := range want {
		if math.Abs(got-w) > 1e-9*w {
			t.Errorf("%s: %v, want %v", what, got, w)
		}
	}
}

// TestMeasureErrors asks for what cannot be measured.
func TestMeasureErrors(t *testing.T) {
	m := open(t)
	good := Speed{Prompt: 8, Generate: 3, Depths: []int{0, 4}, Parallel: 1, Reps: 1}
	for _, c := range []struct {
		change func(s *Speed)
		want   string
	}{
		{func(s *Speed) { s.Prompt, s.Generate = 0, 0 }, "0 prompt tokens and 0 generated ones"},
		{func(s *Speed) { s.Prompt = -1 }, "-1 prompt tokens"},
		{func(s *Speed) { s.Parallel = 0 }, "0 sequences"},
		{func(s *Speed) { s.Reps = 0 }, "0 measurements"},
		{func(s *Speed) { s.Depths = nil }, "depths []"},
		{func(s *Speed) { s.Depths = []int{4, 0} }, "depths [4 0]"},
		{func(s *Speed) { s.Depths = []int{-1} }, "depths [-1]"},
		{func(s *Speed) { s.Depths = []int{60} }, "68 tokens, room for 64"},
		{func(s *Speed) { s.Prompt, s.Depths = 0, []int{63} }, "generated 1 tokens of 3: ended by context"},
	} {
		s := good
		c.change(&s)
		var last error
		for _, err := range s.Measure(context.Background(), m) {
			last = err
		}
		if last == nil || !strings.Contains(last.Error(), c.want) {
			t.Errorf("%+v: error %v, want %s", s, last, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	points := 0
	for _, err := range good.Measure(ctx, m) {
		if points++; points == 2 && !errors.Is(err, context.Canceled) {
			t.Errorf("after the cancellation: %v", err)
		}
		cancel()
	}
	if points != 2 {
		t.Errorf("%d points, want one and an error", points)
	}
}

func TestContext(t *testing.T) {
	for _, c := range []struct {
		s    Speed
		want int
	}{{Speed{Prompt: 512, Generate: 128, Depths: []int{0, 100}}, 612}, {Speed{Prompt: 5, Generate: 128, Depths: []int{0}}, 128}, {Speed{}, 0}} {
		if got := c.s.Context(); got != c.want {
			t.Errorf("%+v: %d, want %d", c.s, got, c.want)
		}
	}
}

// TestMACs counts TinyLlama's multiply-adds, and tells its weights of 4 and of 16 bits apart.
func TestMACs(t *testing.T) {
	i := engine.Info{Layers: 22, Dim: 2048, Heads: 32, KVHeads: 4, HeadDim: 64, FFN: 5632, Vocab: 32000, WeightBytes: 581959680}
	if got := MACs(i); got != 968884224 {
		t.Errorf("got %d", got)
	}
	if floatWeights(i) {
		t.Error("4 bits a weight are no floats")
	}
	if i.WeightBytes = 2 * (968884224 + 2048*32000); !floatWeights(i) {
		t.Error("16 bits a weight are floats")
	}
}

func TestRange(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want Range
	}{{[]float64{3, 1, 2}, Range{2, 1, 3}}, {[]float64{4, 1}, Range{2.5, 1, 4}}, {[]float64{7}, Range{7, 7, 7}}} {
		if got := newRange(c.in); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.in, got, c.want)
		}
	}
}

func TestMachine(t *testing.T) {
	if _, err := NewMachine("mmx", 1, 1<<20); err == nil || !strings.Contains(err.Error(), `"mmx"`) {
		t.Errorf("a level that is none: %v", err)
	}
	for _, l := range kernels.Levels() {
		m, err := NewMachine(l.Name, 2, 3<<20+64)
		if err != nil {
			t.Fatal(err)
		}
		if m.ReadBandwidth() <= 0 || m.Peak(false) <= 0 || m.Peak(true) <= 0 {
			t.Errorf("%s: nothing measured", l.Name)
		}
		m.Close()
	}
}
