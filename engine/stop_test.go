package engine

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestStopper cuts random texts of few letters into random pieces: what is shown is the text before the first stop string, and nothing is
// held back that cannot belong to one.
func TestStopper(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	letters := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "ab"[r.IntN(2)]
		}
		return string(b)
	}
	for range 5000 {
		stops := make([]string, r.IntN(4))
		for i := range stops {
			stops[i] = letters(1 + r.IntN(6))
		}
		text := letters(r.IntN(40))
		want, found := text, false
		for _, stop := range stops {
			if i := strings.Index(text, stop); i >= 0 && i < len(want) {
				want, found = text[:i], true
			}
		}
		s := stopper{stops: stops}
		got, done := "", false
		for rest := text; rest != "" && !done; {
			n := 1 + r.IntN(len(rest))
			var shown string
			shown, done = s.push(rest[:n])
			rest = rest[n:]
			if got += shown; !done && !begins(stops, string(s.held)) {
				t.Fatalf("%q with stops %q: holds back %q", text, stops, s.held)
			}
		}
		if !done {
			got += s.flush()
		}
		// The stop string that ends first wins, not the one that begins first: only then is nothing shown late.
		if done != found || !strings.HasPrefix(text, got) || !done && got != want || done && len(got) < len(want) {
			t.Fatalf("%q with stops %q: shows %q and finds %t, want %q and %t", text, stops, got, done, want, found)
		}
	}
}

// begins says whether text is nothing, or the beginning of one of the stops.
func begins(stops []string, text string) bool {
	if text == "" {
		return true
	}
	for _, stop := range stops {
		if strings.HasPrefix(stop, text) {
			return true
		}
	}
	return false
}
