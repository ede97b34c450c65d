package token

import (
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// TestNFC compares with the package norm wherever its limit of 30 marks is not reached: marks of several classes, characters
// that decompose into several, composition exclusions, Hangul, and segments on both sides of shortSegment.
func TestNFC(t *testing.T) {
	alphabet := []rune("aeoux \u0300\u0301\u0304\u0308\u0323\u0327\u0344\u0345\u1ed9\u1100\u1161\u11a8\uac00\u09df\u09c7\u09be\u09d7\u0f71\u0f73\u0958\u212b\u03b9")
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		s := make([]rune, rnd.IntN(28))
		from := rnd.IntN(len(alphabet)) // also nothing but marks
		for i := range s {
			s[i] = alphabet[from+rnd.IntN(len(alphabet)-from)]
		}
		want := norm.NFC.String(string(s))
		if strings.ContainsRune(want, '\u034f') {
			continue
		}
		if got := nfc(string(s)); got != want {
			t.Fatalf("nfc(%+q) = %+q, want %+q", string(s), got, want)
		}
	}
}

// TestNFCLong: a long run of marks is ordered and composed like a short one, and nothing is put into it.
func TestNFCLong(t *testing.T) {
	const n = 1000
	got := nfc("e" + strings.Repeat("\u0301\u0323", n))
	want := "\u1eb9" + strings.Repeat("\u0323", n-1) + strings.Repeat("\u0301", n) // ẹ; the acute is not blocked, but ẹ with acute is no character
	if got != want {
		t.Errorf("got %d bytes %.40q, want %d bytes %.40q", len(got), got, len(want), want)
	}
}

// TestNFKC compares with the package norm where it is right, and with the standard where a compatibility character composes with the one before.
func TestNFKC(t *testing.T) {
	alphabet := []rune("aeo 1\u0301\u0323\u1ed9\u00bd\u2460\ufb01\uff21\u017f\u1e9b\u338f\u00a8\u2126\uac00\u09df\u3000\u0132")
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 5_000 {
		s := make([]rune, rnd.IntN(12))
		for i := range s {
			s[i] = alphabet[rnd.IntN(len(alphabet))]
		}
		if got, want := nfkc(string(s)), norm.NFKC.String(string(s)); got != want {
			t.Fatalf("nfkc(%+q) = %+q, want %+q", string(s), got, want)
		}
	}
	for in, want := range map[string]string{"": "", "abc": "abc", "\uffb2\uffc3": "\ubc30", "a\ufb01x": "afix", "\uff76\uff9e": "\u30ac", "x\u00b4": "x \u0301"} {
		if got := nfkc(in); got != want {
			t.Errorf("nfkc(%+q) = %+q, want %+q", in, got, want)
		}
	}
	const n = 1000
	if got, want := nfkc("\uff45"+strings.Repeat("\u0301", n)), "\u00e9"+strings.Repeat("\u0301", n-1); got != want {
		t.Errorf("a long run of marks: %d bytes, want %d", len(got), len(want))
	}
}
