package token

import (
	"strings"
	"unicode/utf8"
)

// gpt2 is 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
func gpt2(u *classes, s string) int {
	i := 0
	switch s[0] {
	case '\'':
		if n := contraction(s, false); n > 0 {
			return n
		}
	case ' ':
		if len(s) > 1 {
			i = 1
		}
	}
	c, n := u.at(s, i)
	switch {
	case c&letter != 0:
		return u.skip(s, i+n, letter)
	case c&number != 0:
		return u.skip(s, i+n, number)
	case c&space == 0:
		return u.skipNot(s, i+n, space|letter|number)
	}
	return u.blank(s)
}

// contraction returns the length of 's 't 're 've 'm 'll 'd at the start of s, or 0. fold: (?i), by which ſ is an s too.
func contraction(s string, fold bool) int {
	if len(s) < 2 || s[0] != '\'' {
		return 0
	}
	a := s[1]
	if fold && a >= utf8.RuneSelf && strings.HasPrefix(s[1:], "ſ") {
		return 1 + len("ſ")
	}
	if fold {
		a |= 0x20
	}
	switch a {
	case 's', 't', 'm', 'd':
		return 2
	}
	if len(s) < 3 {
		return 0
	}
	b := s[2]
	if fold {
		b |= 0x20
	}
	if (a == 'r' || a == 'v') && b == 'e' || a == 'l' && b == 'l' {
		return 3
	}
	return 0
}

// blank is \s+(?!\S)|\s+ at the start of s, which is white space: the whole run at the end of a text, else the run without
// its last character (that one joins the word that follows), which is one character at least.
func (u *classes) blank(s string) int {
	end := u.skip(s, 0, space)
	if end == len(s) {
		return end
	}
	if _, n := utf8.DecodeLastRuneInString(s[:end]); n < end {
		return end - n
	}
	return end
}

// lines is \s*[\r\n]+ at the start of s: the run of white space up to its last line end; 0 when it has none.
func (u *classes) lines(s string) int {
	return strings.LastIndexAny(s[:u.skip(s, 0, space)], "\r\n") + 1
}

// words is the expression that cl100k began and many vary:
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
type words struct {
	letters      class  // what words are made of: \p{L}, or [\p{L}\p{M}], which punctuation then excludes
	digits       int    // a number is cut after so many digits
	contractions bool   // (?i:'s|'t|'re|'ve|'m|'ll|'d)
	ends         string // what joins punctuation that it follows: [\r\n]*
}

func (w words) split(u *classes, s string) int {
	if w.contractions {
		if n := contraction(s, true); n > 0 {
			return n
		}
	}
	c, n := u.at(s, 0)
	if c&w.letters != 0 {
		return u.skip(s, n, w.letters)
	}
	if c&number != 0 {
		return u.digits(s, 0, w.digits)
	}
	if s[0] != '\r' && s[0] != '\n' {
		if after, m := u.at(s, n); after&w.letters != 0 {
			return u.skip(s, n+m, w.letters)
		}
	}
	if n := u.punctuation(s, w.letters, w.ends); n > 0 {
		return n
	}
	if n := u.lines(s); n > 0 {
		return n
	}
	return u.blank(s)
}

// digits is \p{N}{1,limit} at s[i].
func (u *classes) digits(s string, i, limit int) int {
	for range limit {
		c, n := u.at(s, i)
		if c&number == 0 {
			break
		}
		i += n
	}
	return i
}

// punctuation is ` ?[^\s\p{N}letters]+[ends]*` at the start of s, or 0.
func (u *classes) punctuation(s string, letters class, ends string) int {
	i := 0
	if s[0] == ' ' {
		i = 1
	}
	end := u.skipNot(s, i, space|number|letters)
	if end == i {
		return 0
	}
	for end < len(s) && strings.IndexByte(ends, s[end]) >= 0 {
		end++
	}
	return end
}

// mixed is the expression that o200k began: a word may change from upper to lower case once, and takes a contraction along.
//
//	[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|
//	[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|
//	\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
type mixed struct {
	digits       int // a number is cut after so many digits
	contractions bool
}

func (m mixed) split(u *classes, s string) int {
	if n := u.mixedWord(s); n > 0 {
		if m.contractions {
			n += contraction(s[n:], true)
		}
		return n
	}
	if n := u.digits(s, 0, m.digits); n > 0 {
		return n
	}
	if n := u.punctuation(s, letter, "\r\n/"); n > 0 {
		return n
	}
	if n := u.lines(s); n > 0 {
		return n
	}
	return u.blank(s)
}

// mixedWord is the first two alternatives of mixed in the order in which a backtracking matcher tries them, or 0.
func (u *classes) mixedWord(s string) int {
	c, n := u.at(s, 0)
	prefix := c&(letter|number) == 0 && s[0] != '\r' && s[0] != '\n'
	if !prefix {
		n = 0
	}
	if end := u.endsLower(s, n); end > 0 {
		return end
	}
	if prefix && c&upper != 0 { // a mark can be the prefix or part of the word
		if end := u.endsLower(s, 0); end > 0 {
			return end
		}
	}
	if end := u.skip(s, n, upper); end > n {
		return u.skip(s, end, lower)
	}
	if end := u.skip(s, 0, upper); end > 0 {
		return u.skip(s, end, lower)
	}
	return 0
}

// endsLower is [upper]*[lower]+ at s[i], or 0. Letters without case are in both sets: where no lower case follows the
// run of upper, the word ends with the last of these in the run.
func (u *classes) endsLower(s string, i int) int {
	end := u.skip(s, i, upper)
	if more := u.skip(s, end, lower); more > end {
		return more
	}
	for end > i {
		r, n := utf8.DecodeLastRuneInString(s[i:end])
		if u.of(r)&lower != 0 {
			return end
		}
		end -= n
	}
	return 0
}
