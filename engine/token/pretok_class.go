package token

import (
	"sync"
	"unicode"
	"unicode/utf8"
)

// class is the set of Unicode properties of a character that pre-tokenizers ask for.
type class uint8

const (
	letter class = 1 << iota // \p{L}
	number                   // \p{N}
	space                    // \s: White_Space
	punct                    // \p{P}
	symbol                   // \p{S}
	mark                     // \p{M}
	upper                    // [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]: may begin a word of mixed case
	lower                    // [\p{Ll}\p{Lm}\p{Lo}\p{M}]: may end one
)

// classes maps every character to its class: a table for ASCII, and for the rest blocks of 128 characters, equal blocks kept once.
type classes struct {
	ascii  [utf8.RuneSelf]class
	block  [(unicode.MaxRune + 1) / blockSize]uint16 // number of a character's block
	values []class
}

const blockSize = 128

// unicodeClasses is made by the first tokenizer that splits text and shared by all.
var unicodeClasses = sync.OnceValue(func() *classes {
	flat := make([]class, unicode.MaxRune+1)
	set := func(c class, tables ...*unicode.RangeTable) {
		for _, t := range tables {
			for _, r := range t.R16 {
				for x := int(r.Lo); x <= int(r.Hi); x += int(r.Stride) {
					flat[x] |= c
				}
			}
			for _, r := range t.R32 {
				for x := int(r.Lo); x <= int(r.Hi); x += int(r.Stride) {
					flat[x] |= c
				}
			}
		}
	}
	set(letter, unicode.L)
	set(number, unicode.N)
	set(space, unicode.White_Space)
	set(punct, unicode.P)
	set(symbol, unicode.S)
	set(mark, unicode.M)
	set(upper, unicode.Lu, unicode.Lt, unicode.Lm, unicode.Lo, unicode.M)
	set(lower, unicode.Ll, unicode.Lm, unicode.Lo, unicode.M)

	u := &classes{}
	copy(u.ascii[:], flat)
	known := map[[blockSize]class]uint16{}
	for i := range u.block {
		b := [blockSize]class(flat[i*blockSize:])
		n, ok := known[b]
		if !ok {
			n = uint16(len(known))
			known[b] = n
			u.values = append(u.values, b[:]...)
		}
		u.block[i] = n
	}
	return u
})

// of returns the class of a character.
func (u *classes) of(r rune) class {
	return u.values[int(u.block[uint32(r)/blockSize])*blockSize+int(uint32(r)%blockSize)]
}

// at returns the class and the length in bytes of the character at s[i]; 0, 0 at the end.
func (u *classes) at(s string, i int) (class, int) {
	if i >= len(s) {
		return 0, 0
	}
	if c := s[i]; c < utf8.RuneSelf {
		return u.ascii[c], 1
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	return u.of(r), n
}

// skip returns the end of the run of characters from s[i] that have one of the properties.
func (u *classes) skip(s string, i int, any class) int {
	for i < len(s) {
		if c := s[i]; c < utf8.RuneSelf {
			if u.ascii[c]&any == 0 {
				return i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if u.of(r)&any == 0 {
			return i
		}
		i += n
	}
	return i
}

// skipNot returns the end of the run of characters from s[i] that have none of the properties.
func (u *classes) skipNot(s string, i int, none class) int {
	for i < len(s) {
		if c := s[i]; c < utf8.RuneSelf {
			if u.ascii[c]&none != 0 {
				return i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if u.of(r)&none != 0 {
			return i
		}
		i += n
	}
	return i
}
