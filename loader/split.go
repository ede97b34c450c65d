package loader

import (
	"fmt"
	"math"
	"regexp"
	"slices"
)

// partName matches the name of one file of a split model: what all share, its number from 1, and how many there are.
var partName = regexp.MustCompile(`(?s)^(.*)-([0-9]{5})-of-([0-9]{5})\.gguf$`)

// split is what a file says about the model it is a part of. The keys are those of gguf-split of llama.cpp.
type split struct {
	no      int // of this part, from 0
	count   int // of parts; 0 and 1 both mean a whole model
	tensors int // of all parts
}

// readSplit reads the keys of p, which a whole model need not have. A merged model keeps those of its first part, with a count of 0.
func (p *part) readSplit() (s split, err error) {
	if s.count, err = p.count("split.count"); err != nil || s.count < 2 {
		return s, err
	}
	for key, into := range map[string]*int{"split.no": &s.no, "split.tensors.count": &s.tensors} {
		if _, ok, _ := p.Value(key); !ok {
			return s, fmt.Errorf("key %q is missing in one of %d parts", key, s.count)
		}
		if *into, err = p.count(key); err != nil {
			return s, err
		}
	}
	return s, nil
}

// count returns the value of a key that counts something, or 0 if there is no such key.
func (p *part) count(key string) (int, error) {
	v, ok, err := p.Value(key)
	if err != nil || !ok {
		return 0, err
	}
	switch n := v.(type) {
	case uint64:
		if n <= math.MaxInt32 {
			return int(n), nil
		}
	case int64:
		if n >= 0 && n <= math.MaxInt32 {
			return int(n), nil
		}
	}
	return 0, fmt.Errorf("key %q needs an integer from 0 to %d, got %v (%T)", key, math.MaxInt32, v, v)
}

// prefix returns what the names of all parts of a split model begin with, and nothing for a whole model. It checks that the name
// of the file and its keys say the same.
func (p *part) prefix() (string, error) {
	name := partName.FindStringSubmatch(p.name)
	if p.split.count < 2 {
		if name == nil || name[3] == "00001" {
			return "", nil
		}
		return "", fmt.Errorf("%s: the name says part %s of %s, the key split.count is %d or missing", p.name, name[2], name[3], p.split.count)
	}
	want := fmt.Sprintf("-%05d-of-%05d.gguf", p.split.no+1, p.split.count)
	switch {
	case p.name == inMemory:
		return "", fmt.Errorf("%s: part %d of %d of a split model, which opens from files only", p.name, p.split.no+1, p.split.count)
	case name == nil || name[0] != name[1]+want:
		return "", fmt.Errorf("%s: split.no is %d and split.count %d, so the name needs to end in %s", p.name, p.split.no, p.split.count, want)
	case p.split.no >= p.split.count:
		return "", fmt.Errorf("%s: split.no is %d, split.count only %d", p.name, p.split.no, p.split.count)
	}
	return name[1], nil
}

// openParts opens the other files of the model of which one is open, and puts all in order.
func (m *Model) openParts(openFile opener) error {
	given := m.parts[0]
	prefix, err := given.prefix()
	if err != nil || given.split.count < 2 {
		return err
	}
	for i := range given.split.count {
		if i == given.split.no {
			continue
		}
		p, err := openPart(openFile, fmt.Sprintf("%s-%05d-of-%05d.gguf", prefix, i+1, given.split.count), (*part).parseGGUF)
		if err != nil {
			return fmt.Errorf("%w (part %d of %d)", err, i+1, given.split.count)
		}
		m.parts = append(m.parts, p)
		if _, err := p.prefix(); err != nil {
			return err
		}
		if p.split.tensors != given.split.tensors {
			return fmt.Errorf("%s: split.tensors.count is %d, that of %s %d", p.name, p.split.tensors, given.name, given.split.tensors)
		}
	}
	slices.SortFunc(m.parts, func(a, b *part) int { return a.split.no - b.split.no })
	total := 0
	for _, p := range m.parts {
		total += len(p.Tensors)
	}
	if total != given.split.tensors {
		return fmt.Errorf("%s: split.tensors.count is %d, the %d parts have %d", given.name, given.split.tensors, given.split.count, total)
	}
	return nil
}
