package gen

import (
	"fmt"
	"strings"
	"testing"
)

// TestEncoding compares the instructions that are written as bytes with what GNU as 2.40 makes of them ({vex} vpdpbusd).
func TestEncoding(t *testing.T) {
	for _, c := range []struct {
		b, a, sum int // in the assembler's order: factor, codes, sum
		want      string
	}{
		{0, 0, 0, "c4 e2 7d 50 c0"},
		{1, 2, 3, "c4 e2 6d 50 d9"},
		{10, 12, 13, "c4 42 1d 50 ea"},
		{15, 7, 8, "c4 42 45 50 c7"},
		{7, 15, 0, "c4 e2 05 50 c7"},
		{8, 0, 15, "c4 42 7d 50 f8"},
	} {
		var want strings.Builder
		for _, b := range strings.Fields(c.want) {
			fmt.Fprintf(&want, "BYTE $0x%s; ", b)
		}
		got, _, _ := strings.Cut(vexDotProduct(c.b, c.a, c.sum), "//")
		if got != want.String()[:want.Len()-2]+" " {
			t.Errorf("VPDPBUSD Y%d, Y%d, Y%d = %s, want %s", c.b, c.a, c.sum, got, want.String())
		}
	}
}

// TestTileEncoding compares the tile instructions with what GNU as 2.40 makes of them.
func TestTileEncoding(t *testing.T) {
	f := newFn(levels[len(levels)-1], "F", "", "", "")
	for _, c := range []struct {
		op   func()
		want string
	}{
		{func() { f.tileLoad(4, "DX", "R12", 0x123) }, "c4 a2 7b 4b a4 22 23 01 00 00"},
		{func() { f.tileLoad(5, "R11", "R12", 0x123) }, "c4 82 7b 4b ac 23 23 01 00 00"},
		{func() { f.tileLoad(7, "SI", "R13", -0x800) }, "c4 a2 7b 4b bc 2e 00 f8 ff ff"},
		{func() { f.tileStore(3, "AX", "R13", 0x1c00) }, "c4 a2 7a 4b 9c 28 00 1c 00 00"},
		{func() { f.tileProduct(0, 4, 6) }, "c4 e2 4b 5e c4"},
		{func() { f.tileProduct(3, 5, 7) }, "c4 e2 43 5e dd"},
	} {
		f.body.Reset()
		c.op()
		got, _, _ := strings.Cut(strings.NewReplacer("BYTE $0x", "", ";", "").Replace(f.body.String()), "//")
		if strings.TrimSpace(got) != c.want {
			t.Errorf("%s: want %s", strings.TrimSpace(f.body.String()), c.want)
		}
	}
}
