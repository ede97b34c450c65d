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

// runsOf is C{1,limit} for a set C of characters; limit 0: C+.
func runsOf(c class, limit int) splitter {
	return func(u *classes, s string) int {
		first, n := u.at(s, 0)
		switch {
		case first&c == 0:
			return u.skipNot(s, n, c)
		case limit == 0:
			return u.skip(s, n, c)
		}
		for k := 1; k < limit; k++ {
			next, m := u.at(s, n)
			if next&c == 0 {
				break
			}
			n += m
		}
		return n
	}
}

// runsWhere is C+ for the characters that in accepts.
func runsWhere(in func(u *classes, r rune) bool) splitter {
	return func(u *classes, s string) int {
		if n := u.skipWhere(s, in); n > 0 {
			return n
		}
		return u.skipWhere(s, func(u *classes, r rune) bool { return !in(u, r) })
	}
}

// afterBlank is \s?C+ for the characters that in accepts.
func afterBlank(in func(u *classes, r rune) bool) splitter {
	return matches(func(u *classes, s string) int {
		r, n := utf8.DecodeRuneInString(s)
		if !in(u, r) {
			if u.of(r)&space == 0 || n == len(s) {
				return 0
			}
			next, m := utf8.DecodeRuneInString(s[n:])
			if !in(u, next) {
				return 0
			}
			n += m
		}
		return n + u.skipWhere(s[n:], in)
	})
}

// skipWhere returns the length of the run of characters at the start of s that in accepts.
func (u *classes) skipWhere(s string, in func(u *classes, r rune) bool) int {
	for i, r := range s {
		if !in(u, r) {
			return i
		}
	}
	return len(s)
}

func isLetter(u *classes, r rune) bool { return u.of(r)&letter != 0 }
func isPunct(u *classes, r rune) bool  { return u.of(r)&punct != 0 }

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

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// trailingBlank is \s+$
func trailingBlank(u *classes, s string) int {
	n := len(strings.TrimRightFunc(s, func(r rune) bool { return u.of(r)&space != 0 }))
	if n == 0 {
		return len(s)
	}
	return n
}

// punctuationOr is [\p{P}others]+
func punctuationOr(others string) splitter {
	return runsWhere(func(u *classes, r rune) bool { return u.of(r)&punct != 0 || strings.ContainsRune(others, r) })
}

// bloomWord is ` ?[^(\s|.,!?…。，、।۔،)]+`: parentheses and bar stand in the set by an oversight, and count.
var bloomWord = func() splitter {
	in := func(u *classes, r rune) bool {
		return u.of(r)&space == 0 && !strings.ContainsRune("(|.,!?…。，、।۔،)", r)
	}
	return matches(func(u *classes, s string) int {
		n := 0
		if s[0] == ' ' {
			n = 1
		}
		run := u.skipWhere(s[n:], in)
		if run == 0 {
			return 0
		}
		return n + run
	})
}()

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
