package gguf

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// pair is a metadata key and where its value stands.
type pair struct {
	key      string
	off, end int64 // of the value, bytes from the start of the file; for an array its elements, after type and count
	n        int   // elements of an array
	kind     kind
	elem     kind // of the elements of an array
}

// parsePairs reads n keys and steps over their values, of which it checks the form.
func (f *File) parsePairs(r *reader, n uint64) error {
	// That the file is long enough for n pairs is known by now.
	f.index, f.pairs = make(map[string]int32, n), make([]pair, 0, n)
	for i := range n {
		at := r.off
		b, err := r.str("key")
		if err != nil {
			return within(fmt.Sprintf("key %d of %d", i+1, n), err)
		}
		if problem := checkName(b, maxKey); problem != "" {
			return errorAt(at, fmt.Sprintf("key %d of %d", i+1, n), "%s", problem)
		}
		p := pair{key: string(b)}
		if _, ok := f.index[p.key]; ok {
			return errorAt(at, fmt.Sprintf("key %q", p.key), "stands there twice")
		}
		if err := p.parse(r); err != nil {
			return within(fmt.Sprintf("key %q", p.key), err)
		}
		f.index[p.key] = int32(len(f.pairs))
		f.pairs = append(f.pairs, p)
	}
	return nil
}

// parse reads the type of the value and steps over it.
func (p *pair) parse(r *reader) (err error) {
	if p.kind, err = parseKind(r); err != nil {
		return err
	}
	p.off = r.off
	switch p.kind {
	case kindArray:
		budget := uint64(maxElements)
		err = p.parseArray(r, &budget)
	case kindString:
		err = skipText(r)
	default:
		err = skipValues(r, p.kind, 1)
	}
	p.end = r.off
	return err
}

// parseArray reads the head of an array and steps over its elements.
func (p *pair) parseArray(r *reader, budget *uint64) error {
	elem, n, err := parseArrayHead(r, budget)
	if err != nil {
		return err
	}
	p.elem, p.n, p.off = elem, int(n), r.off
	return skipElements(r, elem, n, budget, 1)
}

func parseKind(r *reader) (kind, error) {
	at := r.off
	v, err := r.u32("value type")
	if k := kind(v); err == nil && !k.known() {
		return k, &Error{Problem: fmt.Sprintf("%v is not known", k), Offset: at, Err: ErrUnsupported}
	}
	return kind(v), err
}

// parseArrayHead reads the type and the number of the elements of an array and takes them off the budget of its outermost array.
func parseArrayHead(r *reader, budget *uint64) (elem kind, n uint64, err error) {
	if elem, err = parseKind(r); err != nil {
		return elem, 0, err
	}
	at := r.off
	if n, err = r.u64("array length"); err != nil {
		return elem, 0, err
	}
	if n > *budget {
		return elem, 0, errorAt(at, "", "an array of %d elements, the limit is %d over all that are nested", n, maxElements)
	}
	*budget -= n
	return elem, n, r.need(n*kinds[elem].bytes, fmt.Sprintf("an array of %d × %v", n, elem))
}

// skipElements steps over the n elements of an array at the given depth.
func skipElements(r *reader, elem kind, n uint64, budget *uint64, depth int) error {
	if elem != kindArray {
		return skipValues(r, elem, n)
	}
	if depth == maxDepth {
		return errorAt(r.off, "", "arrays nested deeper than %d", maxDepth)
	}
	for range n {
		inner, m, err := parseArrayHead(r, budget)
		if err != nil {
			return err
		}
		if err := skipElements(r, inner, m, budget, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// skipValues steps over n values that are no arrays. It checks what Value relies on: booleans are 0 or 1, strings are UTF-8.
func skipValues(r *reader, k kind, n uint64) error {
	switch k {
	case kindString:
		return skipStrings(r, n)
	case kindBool:
		return skipBools(r, n)
	}
	return r.skip(n*kinds[k].bytes, k.String())
}

func skipBools(r *reader, n uint64) error {
	at := r.off
	b, err := r.next(n, "bool")
	if err != nil {
		return err
	}
	for i, v := range b {
		if v > 1 {
			return errorAt(at+int64(i), "", "a bool needs to be 0 or 1, got %d", v)
		}
	}
	return nil
}

func skipStrings(r *reader, n uint64) error {
	for range n {
		if _, err := skipString(r); err != nil {
			return err
		}
	}
	return nil
}

// skipString returns the string it steps over, valid until the next call. A NUL in it is accepted: there are vocabularies with a
// token for it.
func skipString(r *reader) ([]byte, error) {
	at := r.off
	b, err := r.str("string")
	if err == nil && !utf8.Valid(b) {
		return nil, errorAt(at, "", "a string that is not valid UTF-8: %.32q", b)
	}
	return b, err
}

// skipText steps over a string that stands alone, which is a name or a text: a NUL in it would cut it short in other hands.
func skipText(r *reader) error {
	at := r.off
	b, err := skipString(r)
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return errorAt(at, "", "a string with a NUL at its byte %d", i)
	}
	return err
}
