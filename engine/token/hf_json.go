package token

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// Limits of JSON files. The largest published tokenizer.json has 33 MB and 2.9 million values and brackets.
const (
	maxJSON       = 64 << 20 // bytes
	maxJSONValues = 4 << 20
	maxJSONDepth  = 64
)

// jsonReader reads a JSON text value by value, without recursion on what it skips. A key that stands twice in an object is an error.
type jsonReader struct {
	d     *json.Decoder
	count int // values and brackets so far
	depth int
}

func newJSONReader(b []byte) (*jsonReader, error) {
	if len(b) > maxJSON {
		return nil, fmt.Errorf("has %d bytes, at most %d are supported", len(b), maxJSON)
	}
	r := &jsonReader{d: json.NewDecoder(bytes.NewReader(b))}
	r.d.UseNumber()
	return r, nil
}

// errorf returns an error with the place that has been read up to.
func (r *jsonReader) errorf(format string, args ...any) error {
	return fmt.Errorf(format+" (byte %#x)", append(args, r.d.InputOffset())...)
}

// next returns the next bracket, key or value.
func (r *jsonReader) next() (json.Token, error) {
	t, err := r.d.Token()
	if err != nil {
		return nil, r.errorf("%w", err)
	}
	switch t {
	case json.Delim('{'), json.Delim('['):
		r.depth++
	case json.Delim('}'), json.Delim(']'):
		r.depth--
	}
	if r.count++; r.count > maxJSONValues || r.depth > maxJSONDepth {
		return nil, r.errorf("more than %d values, or deeper than %d", maxJSONValues, maxJSONDepth)
	}
	return t, nil
}

// open reads the beginning of an object or an array.
func (r *jsonReader) open(want json.Delim) error {
	t, err := r.next()
	if err == nil && t != want {
		err = r.errorf("need %v, got %.32v", want, t)
	}
	return err
}

// object reads an object. each reads the value of a key.
func (r *jsonReader) object(each func(key string) error) error {
	if err := r.open('{'); err != nil {
		return err
	}
	return r.rest(each)
}

// rest reads an object from behind its bracket on.
func (r *jsonReader) rest(each func(key string) error) error {
	seen := map[string]struct{}{}
	return r.members(func(key string) error {
		if _, ok := seen[key]; ok {
			return r.twice(key)
		}
		seen[key] = struct{}{}
		return each(key)
	})
}

func (r *jsonReader) twice(key string) error { return r.errorf("key %.64q stands there twice", key) }

// members is rest for who looks for keys that stand there twice itself.
func (r *jsonReader) members(each func(key string) error) error {
	for {
		t, err := r.next()
		if err != nil || t == json.Delim('}') {
			return err
		}
		if err := each(t.(string)); err != nil { // the decoder takes nothing else for a key
			return err
		}
	}
}

// list reads an array. each is given the elements' first tokens.
func (r *jsonReader) list(each func(first json.Token) error) error {
	if err := r.open('['); err != nil {
		return err
	}
	return r.restOfList(each)
}

// restOfList reads an array from behind its bracket on.
func (r *jsonReader) restOfList(each func(first json.Token) error) error {
	for {
		t, err := r.next()
		if err != nil || t == json.Delim(']') {
			return err
		}
		if err := each(t); err != nil {
			return err
		}
	}
}

// value reads any value: a string, a json.Number, a bool, nil, a []any or a map[string]any.
func (r *jsonReader) value() (any, error) {
	t, err := r.next()
	if err != nil {
		return nil, err
	}
	return r.valueFrom(t)
}

// valueFrom reads the value that begins with a token. It calls itself at most maxJSONDepth times.
func (r *jsonReader) valueFrom(t json.Token) (any, error) {
	switch t {
	case json.Delim('{'):
		m := map[string]any{}
		err := r.rest(func(key string) (err error) {
			m[key], err = r.value()
			return err
		})
		return m, err
	case json.Delim('['):
		list := []any{}
		for {
			t, err := r.next()
			if err != nil || t == json.Delim(']') {
				return list, err
			}
			v, err := r.valueFrom(t)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
	}
	return t, nil
}

// skip reads any value and drops it.
func (r *jsonReader) skip() error {
	depth := r.depth
	for {
		if _, err := r.next(); err != nil || r.depth == depth {
			return err
		}
	}
}

// id reads a token id.
func (r *jsonReader) id() (int, error) {
	t, err := r.next()
	if err != nil {
		return 0, err
	}
	id, ok := tokenID(t)
	if !ok {
		return 0, r.errorf("need an id below %d, got %.32v", maxTokens, t)
	}
	return id, nil
}

// tokenID converts a value to a token id.
func tokenID(x any) (int, bool) {
	n, ok := x.(json.Number)
	if !ok {
		return 0, false
	}
	id, err := strconv.Atoi(n.String())
	return id, err == nil && id >= 0 && id < maxTokens
}

// readObject reads a file that is one object.
func readObject(b []byte) (map[string]any, error) {
	r, err := newJSONReader(b)
	if err != nil {
		return nil, err
	}
	m := map[string]any{}
	err = r.object(func(key string) (err error) {
		m[key], err = r.value()
		return err
	})
	return m, err
}
