package token

import (
	"strings"
	"unicode/utf8"
)

// A matcher returns the length of what its expression matches at the start of a non-empty text, or 0.
type matchAt func(u *classes, s string) int

// matches makes a splitter of a matcher: a match is a piece, and so is all that stands before the next match.
func matches(match matchAt) splitter {
	return func(u *classes, s string) int {
		if n := match(u, s); n > 0 {
			return n
		}
		for i := 0; ; {
			_, n := utf8.DecodeRuneInString(s[i:])
			if i += n; i == len(s) || match(u, s[i:]) > 0 {
				return i
			}
		}
	}
}

// A charSet is the C of the expressions below.
type charSet interface {
	skip(u *classes, s string, i int) int    // the end of the run of characters in the set from s[i]
	skipNot(u *classes, s string, i int) int // the end of the run of characters outside it
}

func (c class) skip(u *classes, s string, i int) int    { return u.skip(s, i, c) }
func (c class) skipNot(u *classes, s string, i int) int { return u.skipNot(s, i, c) }

func (t runeRanges) skip(_ *classes, s string, i int) int { return skipWhere(s, i, t.has) }

func (t runeRanges) skipNot(_ *classes, s string, i int) int {
	if t[0][0] >= utf8.RuneSelf {
		for i < len(s) && s[i] < utf8.RuneSelf {
			i++
		}
	}
	return skipWhere(s, i, t.lacks)
}

// classOr is a class and a few more characters.
type classOr struct {
	class
	others string
}

func (c classOr) skip(u *classes, s string, i int) int {
	return skipWhere(s, i, func(r rune) bool { return u.of(r)&c.class != 0 || strings.ContainsRune(c.others, r) })
}

func (c classOr) skipNot(u *classes, s string, i int) int {
	return skipWhere(s, i, func(r rune) bool { return u.of(r)&c.class == 0 && !strings.ContainsRune(c.others, r) })
}

func skipWhere(s string, i int, in func(r rune) bool) int {
	for k, r := range s[i:] {
		if !in(r) {
			return i + k
		}
	}
	return len(s)
}

// runs is C+
func runs(c charSet) splitter {
	return func(u *classes, s string) int {
		if n := c.skip(u, s, 0); n > 0 {
			return n
		}
		return c.skipNot(u, s, 0)
	}
}

// digitRuns is \p{N}{1,limit}
func digitRuns(limit int) splitter {
	return func(u *classes, s string) int {
		if n := u.skipNot(s, 0, number); n > 0 {
			return n
		}
		return u.digits(s, 0, limit)
	}
}

// afterBlank is \s?C+
func afterBlank(c charSet) splitter {
	return matches(func(u *classes, s string) int {
		if n := c.skip(u, s, 0); n > 0 {
			return n
		}
		if first, n := u.at(s, 0); first&space != 0 {
			if end := c.skip(u, s, n); end > n {
				return end
			}
		}
		return 0
	})
}

// newlines is [\r\n]
func newlines(_ *classes, s string) int {
	switch n := strings.IndexAny(s, "\r\n"); n {
	case -1:
		return len(s)
	case 0:
		return 1
	default:
		return n
	}
}

// threeDigits is [0-9][0-9][0-9]
var threeDigits = matches(func(_ *classes, s string) int {
	if len(s) >= 3 && isDigit(s[0]) && isDigit(s[1]) && isDigit(s[2]) {
		return 3
	}
	return 0
})

// numberBytes makes pieces of the runs of bytes that stand for numbers in the alphabet of bytes, which some tokenizers take for text: beside
// the digits the second bytes of such letters as "м".
func numberBytes(_ *classes, s string) int {
	n := 1
	for n < len(s) && isNumberByte(s[n]) == isNumberByte(s[0]) {
		n++
	}
	return n
}

func isNumberByte(b byte) bool {
	return isDigit(b) || strings.IndexByte("\xB2\xB3\xB9\xBC\xBD\xBE", b) >= 0 // ²³¹¼½¾
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// trailingBlank is \s+$
func trailingBlank(u *classes, s string) int {
	n := len(strings.TrimRightFunc(s, func(r rune) bool { return u.of(r)&space != 0 }))
	if n == 0 {
		return len(s)
	}
	return n
}

// notBloomWord is [(\s|.,!?…。，、।۔،)]: parentheses and bar stand in the set by an oversight, and count.
var notBloomWord = classOr{space, "(|.,!?…。，、।۔،)"}

// bloomWord is ` ?[^(\s|.,!?…。，、।۔،)]+`
var bloomWord = matches(func(u *classes, s string) int {
	i := 0
	if s[0] == ' ' {
		i = 1
	}
	if end := notBloomWord.skipNot(u, s, i); end > i {
		return end
	}
	return 0
})

// deepseek3 is
//
//	[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
func deepseek3(u *classes, s string) int {
	c, n := u.at(s, 0)
	if s[0] < utf8.RuneSelf && c&(punct|symbol) != 0 {
		for n < len(s) && 'a' <= s[n]|0x20 && s[n]|0x20 <= 'z' {
			n++
		}
		if n > 1 {
			return n
		}
	}
	if c&(letter|mark) != 0 {
		return u.skip(s, n, letter|mark)
	}
	if c&(punct|symbol) == 0 && s[0] != '\r' && s[0] != '\n' {
		if next, m := u.at(s, n); next&(letter|mark) != 0 {
			return u.skip(s, n+m, letter|mark)
		}
	}
	i := 0
	if s[0] == ' ' {
		i = 1
	}
	if end := u.skip(s, i, punct|symbol); end > i {
		for end < len(s) && (s[end] == '\r' || s[end] == '\n') {
			end++
		}
		return end
	}
	if c&space == 0 {
		return 0
	}
	if n := u.lines(s); n > 0 {
		return n
	}
	return u.blank(s)
}
