package safetensors

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds how deeply objects and arrays stand in each other.
const maxDepth = 64

// event is what comes next in a JSON text.
type event uint8

const (
	end         event = iota // of the text
	beginObject              // {
	endObject                // }
	beginArray               // [
	endArray                 // ]
	key                      // with its colon; text is what it says
	text                     // a string
	number                   // text is its literal
	literal                  // true, false, null
)

func (e event) String() string {
	return [...]string{"the end of the text", "an object", "the end of an object", "an array", "the end of an array", "a key", "a string", "a number", "true, false or null"}[e]
}

// jsonReader reads a JSON text event by event. It is strict (RFC 8259, in valid UTF-8, no lone surrogates), except that it takes the NaN,
// Infinity and -Infinity that Python writes. It allocates nothing but the strings it is asked for, and needs no stack.
type jsonReader struct {
	b      []byte
	off    int    // of the next byte
	at     int    // where the last event began
	raw    []byte // last event: between the quotes of a key or a string, or the literal
	escape bool   // raw has a backslash
	depth  int
	object uint64 // bit d-1: the container at depth d is an object
	expect expectation
	base   int64 // offset in the file of b[0]
}

// expectation is what may follow.
type expectation uint8

const (
	aValue     expectation = iota
	firstValue             // of an array, or its end
	firstKey               // of an object, or its end
	comma                  // or the end of the container
	nothing
)

// errorf returns an error at the last event.
func (r *jsonReader) errorf(format string, args ...any) *Error {
	return r.errorAt(r.at, format, args...)
}

func (r *jsonReader) errorAt(off int, format string, args ...any) *Error {
	return &Error{Problem: fmt.Sprintf(format, args...), Offset: r.base + int64(off)}
}

// peek moves past white space and returns the byte that follows, 0 at the end of the text.
func (r *jsonReader) peek() byte {
	for ; r.off < len(r.b); r.off++ {
		switch c := r.b[r.off]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// next returns the next event.
func (r *jsonReader) next() (event, error) {
	c := r.peek()
	r.at = r.off
	if c == 0 && r.off == len(r.b) {
		if r.expect == nothing {
			return end, nil
		}
		return end, r.errorf("the JSON text ends too early")
	}
	inObject := r.depth > 0 && r.object>>(r.depth-1)&1 != 0
	switch {
	case r.expect == nothing:
		return end, r.unexpected("nothing")
	case r.expect != aValue && c == '}' && inObject:
		return r.leave(endObject)
	case r.expect != aValue && c == ']' && !inObject:
		return r.leave(endArray)
	case r.expect == comma && c != ',':
		return end, r.unexpected("a comma or the end of the object or array")
	case r.expect == comma:
		r.off++
		c = r.peek()
		r.at = r.off
	}
	if inObject && r.expect != aValue {
		return r.key(c)
	}
	return r.value(c)
}

func (r *jsonReader) unexpected(need string) *Error {
	if r.off >= len(r.b) {
		return r.errorf("the JSON text ends, need %s", need)
	}
	return r.errorf("need %s, got %.16q", need, r.b[r.off:min(len(r.b), r.off+16)])
}

// leave steps out of the container.
func (r *jsonReader) leave(e event) (event, error) {
	r.off++
	r.depth--
	r.after()
	return e, nil
}

// after sets what may follow a value.
func (r *jsonReader) after() {
	r.expect = comma
	if r.depth == 0 {
		r.expect = nothing
	}
}

func (r *jsonReader) key(c byte) (event, error) {
	if c != '"' {
		return end, r.unexpected("a key in quotes")
	}
	if err := r.quoted(); err != nil {
		return end, err
	}
	if r.peek() != ':' {
		return end, r.unexpected("a colon")
	}
	r.off++
	r.expect = aValue
	return key, nil
}

// value reads a value that begins with c, of an object or array only its first byte.
func (r *jsonReader) value(c byte) (event, error) {
	switch c {
	case '{', '[':
		if r.depth == maxDepth {
			return end, r.errorf("objects and arrays stand in each other deeper than %d", maxDepth)
		}
		r.off++
		r.depth++
		bit := uint64(1) << (r.depth - 1)
		if c == '{' {
			r.object |= bit
			r.expect = firstKey
			return beginObject, nil
		}
		r.object &^= bit
		r.expect = firstValue
		return beginArray, nil
	case '"':
		r.after()
		return text, r.quoted()
	}
	r.after()
	if c == 't' && r.word("true") || c == 'f' && r.word("false") || c == 'n' && r.word("null") {
		return literal, nil
	}
	return number, r.number(c)
}

// word reads a word that stands by itself.
func (r *jsonReader) word(s string) bool {
	rest := r.b[r.off:]
	if !bytes.HasPrefix(rest, []byte(s)) || len(rest) > len(s) && isNameByte(rest[len(s)]) {
		return false
	}
	r.raw, r.escape = rest[:len(s)], false
	r.off += len(s)
	return true
}

func isNameByte(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c == '.'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// number reads -? digits (. digits)? ([eE] [+-]? digits)?, without a leading zero, that begins with c.
func (r *jsonReader) number(c byte) error {
	if c == 'N' && r.word("NaN") || c == 'I' && r.word("Infinity") || c == '-' && r.word("-Infinity") {
		return nil
	}
	rest := r.b[r.off:]
	i := 0
	digits := func() bool {
		first := i
		for i < len(rest) && isDigit(rest[i]) {
			i++
		}
		return i > first
	}
	follows := func(chars string) bool {
		if i < len(rest) && strings.IndexByte(chars, rest[i]) >= 0 {
			i++
			return true
		}
		return false
	}
	follows("-")
	ok := follows("0") || digits()
	if ok && follows(".") {
		ok = digits()
	}
	if ok && follows("eE") {
		follows("+-")
		ok = digits()
	}
	if !ok || i < len(rest) && isNameByte(rest[i]) {
		return r.unexpected("a value")
	}
	r.raw, r.escape = rest[:i], false
	r.off += i
	return nil
}

// quoted reads a string in quotes.
func (r *jsonReader) quoted() error {
	start := r.off + 1
	r.escape = false
	for i := start; i < len(r.b); i++ {
		switch c := r.b[i]; {
		case c == '"':
			r.raw, r.off = r.b[start:i], i+1
			if !utf8.Valid(r.raw) {
				return r.errorf("a string is not valid UTF-8")
			}
			return nil
		case c == '\\':
			r.escape = true
			i++
		case c < ' ':
			return r.errorAt(i, "a string holds the control character %#02x", c)
		}
	}
	return r.errorf("a string has no end")
}

// plain returns what the last key or string says.
func (r *jsonReader) plain() (string, error) {
	if !r.escape {
		return string(r.raw), nil
	}
	out := make([]byte, 0, len(r.raw))
	for i := 0; i < len(r.raw); {
		c := r.raw[i]
		if c != '\\' {
			out = append(out, c)
			i++
			continue
		}
		char, n := unescape(r.raw[i:])
		if n == 0 {
			return "", r.errorf("a string has the escape %.12q, which means nothing", r.raw[i:min(len(r.raw), i+12)])
		}
		out = utf8.AppendRune(out, char)
		i += n
	}
	return string(out), nil
}

// unescape reads the escape at the start of b and its length in bytes, 0 for one that means nothing.
func unescape(b []byte) (char rune, n int) {
	if len(b) < 2 {
		return 0, 0
	}
	if b[1] != 'u' {
		if i := strings.IndexByte(`"\/bfnrt`, b[1]); i >= 0 {
			return rune("\"\\/\b\f\n\r\t"[i]), 2
		}
		return 0, 0
	}
	char, n = hex4(b), 6
	if utf16.IsSurrogate(char) {
		char = utf16.DecodeRune(char, hex4(b[6:]))
		n = 12
		if char == utf8.RuneError {
			return 0, 0
		}
	}
	if char < 0 {
		return 0, 0
	}
	return char, n
}

// hex4 reads \uXXXX, -1 if it does not stand there.
func hex4(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	x, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(x)
}

// must reads the next event, which needs to be of one kind.
func (r *jsonReader) must(want event) error {
	got, err := r.next()
	if err == nil && got != want {
		err = r.errorf("need %v, got %v", want, got)
	}
	return err
}

// more reads the next key of an object; it is false at its end.
func (r *jsonReader) more() (bool, error) {
	e, err := r.next()
	return err == nil && e == key, err
}

// string reads the next value, which needs to be a string.
func (r *jsonReader) string() (string, error) {
	if err := r.must(text); err != nil {
		return "", err
	}
	return r.plain()
}

// integers reads the next value, which needs to be an array of at most limit integers from 0 to 2^63-1.
func (r *jsonReader) integers(limit int) ([]int64, error) {
	if err := r.must(beginArray); err != nil {
		return nil, err
	}
	var list []int64
	for {
		e, err := r.next()
		switch {
		case err != nil:
			return nil, err
		case e == endArray:
			return list, nil
		case e != number:
			return nil, r.errorf("need an integer, got %v", e)
		case len(list) == limit:
			return nil, r.errorf("need at most %d integers", limit)
		}
		n, err := strconv.ParseInt(string(r.raw), 10, 64)
		if err != nil || n < 0 {
			return nil, r.errorf("need an integer from 0 to 2^63-1, got %.32s", r.raw)
		}
		list = append(list, n)
	}
}

// skip reads the next value and drops it.
func (r *jsonReader) skip() error {
	depth := r.depth
	for {
		if _, err := r.next(); err != nil || r.depth <= depth {
			return err
		}
	}
}
