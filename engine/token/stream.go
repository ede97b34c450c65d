package token

import "unicode/utf8"

// A Stream turns ids that arrive one by one into text. A character may be spread over several tokens: its first bytes are held
// back until it is whole, so what comes out is never a torn character. A Stream is for one goroutine.
type Stream struct {
	t       *Tokenizer
	special bool
	held    [utf8.UTFMax]byte // an unfinished character
	n       int
	buf     []byte
}

// Stream returns a new stream. special: control tokens are shown as their text; otherwise they give nothing.
func (t *Tokenizer) Stream(special bool) *Stream { return &Stream{t: t, special: special} }

// Push returns the text that has become whole with one more token.
func (s *Stream) Push(id int32) string {
	p := s.t.shown(id, s.special)
	if s.n == 0 && unfinished(p) == 0 {
		return p
	}
	s.buf = s.AppendPush(s.buf[:0], id)
	return string(s.buf)
}

// AppendPush appends to dst what Push returns. It does not allocate when dst has room.
func (s *Stream) AppendPush(dst []byte, id int32) []byte {
	p := s.t.shown(id, s.special)
	if p == "" {
		return dst
	}
	mark := len(dst)
	dst = append(dst, s.held[:s.n]...)
	dst = append(dst, p...)
	s.n = unfinished(dst[mark:])
	copy(s.held[:], dst[len(dst)-s.n:])
	return dst[:len(dst)-s.n]
}

// Flush returns the bytes still held back, and forgets them.
func (s *Stream) Flush() string {
	p := string(s.held[:s.n])
	s.n = 0
	return p
}

// unfinished returns how many bytes at the end of p begin a character that more bytes could complete.
func unfinished[T string | []byte](p T) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		b := p[len(p)-n]
		if b < utf8.RuneSelf {
			return 0
		}
		if b >= 0xC0 {
			if utf8.FullRune([]byte(p[len(p)-n:])) {
				return 0
			}
			return n
		}
	}
	return 0
}
