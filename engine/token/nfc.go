package token

import (
	"sort"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// nfc normalizes a valid text to Unicode form C. The package norm alone would not do: it puts U+034F into runs of more than 30
// combining marks (the stream-safe format of UAX 15), which tokenizers do not.
func nfc(text string) string {
	n := norm.NFC.QuickSpanString(text)
	if n == len(text) {
		return text
	}
	out := make([]byte, 0, len(text)+len(text)/8)
	for {
		out, text = append(out, text[:n]...), text[n:]
		if text == "" {
			return string(out)
		}
		n = segment(text)
		out, text = compose(out, text[:n]), text[n:]
		n = norm.NFC.QuickSpanString(text)
	}
}

// segment returns the length of the first part of a text that normalizes by itself: a character and what combines with it.
func segment(text string) int {
	_, n := utf8.DecodeRuneInString(text)
	for n < len(text) {
		p := norm.NFC.PropertiesString(text[n:])
		if p.BoundaryBefore() {
			break
		}
		n += p.Size()
	}
	return n
}

// shortSegment bounds, in characters, the segments that cannot decompose into more than 30 marks (three in the first
// character, two in each other).
const shortSegment = 14

// compose appends the normal form of one segment.
func compose(out []byte, text string) []byte {
	if utf8.RuneCountInString(text) <= shortSegment {
		var buf [4 * utf8.UTFMax * shortSegment]byte
		return append(out, norm.NFC.AppendString(buf[:0], text)...)
	}
	// UAX 15: decompose, order the marks by class, then let each join the last character of class 0 unless a mark of the same
	// or a higher class, or another character, stands between.
	type char struct {
		r     rune
		class uint8
	}
	var chars []char
	for _, r := range text {
		for _, d := range norm.NFD.String(string(r)) {
			chars = append(chars, char{d, norm.NFD.PropertiesString(string(d)).CCC()})
		}
	}
	for lo := 0; lo < len(chars); {
		hi := lo + 1
		if chars[lo].class != 0 {
			for hi < len(chars) && chars[hi].class != 0 {
				hi++
			}
			run := chars[lo:hi]
			sort.SliceStable(run, func(i, j int) bool { return run[i].class < run[j].class })
		}
		lo = hi
	}
	done := chars[:0]
	starter, last := -1, uint8(0) // last: the class of what stands before, when that is not the starter itself
	for _, c := range chars {
		if starter >= 0 && (starter == len(done)-1 || last != 0 && last < c.class) {
			if r, ok := pair(done[starter].r, c.r); ok {
				done[starter].r = r
				continue
			}
		}
		if c.class == 0 {
			starter = len(done)
		}
		last = c.class
		done = append(done, c)
	}
	for _, c := range done {
		out = utf8.AppendRune(out, c.r)
	}
	return out
}

// pair returns the one character that two compose to.
func pair(a, b rune) (rune, bool) {
	s := norm.NFC.String(string(a) + string(b))
	r, n := utf8.DecodeRuneInString(s)
	return r, n == len(s)
}

// nfkc normalizes a valid text to Unicode form KC: compatibility characters become what they stand for, and the result is composed.
func nfkc(text string) string {
	n := norm.NFKC.QuickSpanString(text)
	if n == len(text) {
		return text
	}
	out := append(make([]byte, 0, len(text)+len(text)/8), text[:n]...)
	for i, r := range text[n:] {
		if r < utf8.RuneSelf {
			out = append(out, byte(r))
		} else if d := norm.NFKD.PropertiesString(text[n+i:]).Decomposition(); d != nil {
			out = append(out, d...)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return nfc(string(out))
}
