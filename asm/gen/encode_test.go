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
