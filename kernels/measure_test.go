package kernels

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// TestPeaks runs the loops of every level, which have no results: they must come back, and count their work.
func TestPeaks(t *testing.T) {
	for _, l := range Levels() {
		if n := l.PeakInt8(); n < peakWork {
			t.Errorf("%s: %d multiply-adds of bytes", l.Name, n)
		}
		if n := l.PeakFloat(); n < peakWork/4 {
			t.Errorf("%s: %d multiply-adds of floats", l.Name, n)
		}
		if _, ok := nativePeaks[l.Name]; ok != (l.Name != "ref") {
			t.Errorf("level %s: has a loop of its own: %v", l.Name, ok)
		}
	}
}

func TestRead(t *testing.T) {
	b := make([]byte, 200) // of which the last 8 are no whole line
	for i := range b {
		b[i] = byte(i)
	}
	b[64], b[191] = 0xff, 0x41
	if got := Read(b); got != 0xff^64|(0x41^191)<<56 {
		t.Errorf("got %#x", got)
	}
}

// TestCases runs each case once. Products of its random weights are neither zero nor too large, so that what is measured is real work.
func TestCases(t *testing.T) {
	memory := make([]byte, 3*PanelBytes(KindF32, CaseCols))
	levels := Levels()
	seen := map[string]bool{}
	check := func(c Case) bool {
		name := fmt.Sprintf("%s %s %s %s", c.Op, c.Kind, c.Size, c.Level)
		if seen[name] || c.Bytes <= 0 || c.Op == "" || c.Size == "" || c.Level == "" {
			t.Errorf("case %q: again, or without a size: %d bytes", name, c.Bytes)
		}
		seen[name] = true
		c.Run()
		return true
	}
	for _, k := range Kinds() {
		Products(k, levels, memory)(check)
		m := randomMatrix(k, memory)
		y := make([]float32, m.Rows)
		m.Mul(levels[0], y, m.Rows, randomActs(levels[0], 1), 0, m.Panels(), NewScratch())
		for i, v := range y {
			if v == 0 || math.Abs(float64(v)) > 1e4 {
				t.Errorf("%v: output %d is %v", k, i, v)
				break
			}
		}
	}
	Rows(levels)(check)
	for typ := range cacheTypes {
		Attention(typ, levels[len(levels)-1:])(check)
	}
	if want := (4*int(kinds)+7)*len(levels) + 6*int(cacheTypes); len(seen) != want {
		t.Errorf("%d cases, want %d", len(seen), want)
	}
}

// TestSeconds measures a case that takes a known time.
func TestSeconds(t *testing.T) {
	runs := 0
	c := Case{Run: func() { runs++; time.Sleep(2 * time.Millisecond) }}
	if s := c.Seconds(0); s < 0.002 || s > 1 || runs < 5 {
		t.Errorf("%v seconds, %d runs", s, runs)
	}
}
