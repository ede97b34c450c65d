package safetensors

import "strconv"

// Limits of what a configuration may hold. They bound what the paths of its values take to 16 MiB.
const (
	maxKeys = 1 << 16
	maxPath = 256 // bytes
)

// Config is a JSON object by the paths of its values: "rope_scaling.factor" for the factor in the object rope_scaling.
type Config struct {
	keys   []string
	values map[string]any
}

// ParseConfig reads a configuration file. An object inside an array has its number in the path ("layers.0.type"). A key that stands there twice,
// and two that make one path, are errors. The error is an *Error.
func ParseConfig(b []byte) (*Config, error) {
	p := &configParser{jsonReader: jsonReader{b: b}, Config: Config{values: map[string]any{}}, seen: map[string]bool{}}
	err := p.must(beginObject)
	if err == nil {
		err = p.parse()
	}
	if err == nil {
		err = p.must(end)
	}
	if err != nil {
		return nil, err
	}
	return &p.Config, nil
}

// Keys returns the paths of all values in file order.
func (c *Config) Keys() []string { return c.keys }

// Value returns the value at a path, which must not be changed; ok is false if there is none.
//
//	null                     nil
//	integer                  uint64, below 0 int64; float64 where an int64 cannot hold it
//	other number             float64, which may be infinite or NaN
//	string, true, false      string, bool
//	array of one of these    []uint64, []int64 (one at least is below 0), []float64 (of integers and others), []string, []bool
//	any other array          []any; the objects in it have their own paths
func (c *Config) Value(path string) (v any, ok bool) {
	v, ok = c.values[path]
	return v, ok
}

// configParser is where a walk over a configuration stands.
type configParser struct {
	jsonReader
	Config
	seen   map[string]bool // paths of all keys, those of objects and arrays too
	path   []byte          // of the value that comes next
	frames []frame         // the objects and arrays around it
}

// frame is an object or an array around the next value.
type frame struct {
	path  int   // length of its own path
	array bool  // else it is an object
	n     int   // elements of the array so far
	items []any // those that are no objects
}

// parse reads the values of an object, whose beginning has been read, and what stands in them.
func (p *configParser) parse() error {
	p.frames = []frame{{}}
	for len(p.frames) > 0 {
		e, err := p.next()
		if err != nil {
			return err
		}
		top := &p.frames[len(p.frames)-1]
		switch e {
		case key:
			err = p.enter(*top)
		case beginObject, beginArray:
			if top.array {
				p.join(*top, strconv.Itoa(top.n))
			}
			p.frames = append(p.frames, frame{path: len(p.path), array: e == beginArray})
		case endObject, endArray:
			p.close(*top)
		default:
			var v any
			v, err = p.scalar(e)
			p.put(v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// join sets the path of a value in a frame.
func (p *configParser) join(f frame, name string) {
	p.path = p.path[:f.path]
	if f.path > 0 {
		p.path = append(p.path, '.')
	}
	p.path = append(p.path, name...)
}

// enter takes the key of the value that comes next.
func (p *configParser) enter(f frame) error {
	name, err := p.plain()
	if err != nil {
		return err
	}
	p.join(f, name)
	switch path := string(p.path); {
	case len(path) > maxPath:
		return p.errorf("key %.64q... has more than %d bytes", path, maxPath)
	case p.seen[path]:
		return p.errorf("key %q stands there twice", path)
	case len(p.seen) == maxKeys:
		return p.errorf("has more than %d keys", maxKeys)
	default:
		p.seen[path] = true
	}
	return nil
}

// close leaves an object or an array.
func (p *configParser) close(f frame) {
	p.path = p.path[:f.path]
	p.frames = p.frames[:len(p.frames)-1]
	if f.array && (f.n == 0 || len(f.items) > 0) {
		p.put(typed(f.items))
	} else if n := len(p.frames); n > 0 && p.frames[n-1].array {
		p.frames[n-1].n++
	}
}

// put keeps a value: as an element of the array around it, or by its path.
func (p *configParser) put(v any) {
	if top := &p.frames[len(p.frames)-1]; top.array {
		top.items = append(top.items, v)
		top.n++
		return
	}
	path := string(p.path)
	p.keys, p.values[path] = append(p.keys, path), v
}

// scalar returns the value of the last event.
func (p *configParser) scalar(e event) (any, error) {
	switch e {
	case text:
		return p.plain()
	case number:
		return numberOf(string(p.raw)), nil
	}
	switch p.raw[0] {
	case 't':
		return true, nil
	case 'f':
		return false, nil
	}
	return nil, nil
}

func numberOf(s string) any {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil:
		x, _ := strconv.ParseFloat(s, 64) // the only error is that it is too large, and then it is infinite
		return x
	case n < 0:
		return n
	}
	return uint64(n)
}

// typed returns the elements of an array in a slice of their type, if they have one.
func typed(items []any) any {
	var naturals, integers, numbers, texts, flags int
	for _, v := range items {
		switch v.(type) {
		case uint64:
			naturals++
			integers++
			numbers++
		case int64:
			integers++
			numbers++
		case float64:
			numbers++
		case string:
			texts++
		case bool:
			flags++
		}
	}
	switch len(items) {
	case 0:
	case naturals:
		return list(items, func(v any) uint64 { return v.(uint64) })
	case integers:
		return list(items, func(v any) int64 {
			if n, ok := v.(uint64); ok {
				return int64(n)
			}
			return v.(int64)
		})
	case numbers:
		return list(items, float)
	case texts:
		return list(items, func(v any) string { return v.(string) })
	case flags:
		return list(items, func(v any) bool { return v.(bool) })
	}
	return items
}

func list[T any](items []any, convert func(any) T) []T {
	s := make([]T, len(items))
	for i, v := range items {
		s[i] = convert(v)
	}
	return s
}

func float(v any) float64 {
	switch n := v.(type) {
	case uint64:
		return float64(n)
	case int64:
		return float64(n)
	}
	return v.(float64)
}
