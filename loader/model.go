package loader

import (
	"errors"
	"fmt"
	"sync"

	"github.com/linnet-go/linnet/loader/gguf"
	"github.com/linnet-go/linnet/quant"
)

// ErrClosed is the error of a model that has been closed.
var ErrClosed = errors.New("the model is closed")

// Model is an open model file, or all files of a split model or of a folder. It is safe for concurrent use.
type Model struct {
	name    string
	format  string
	meta    metadata
	parts   []*part
	folder  *folder // of a model that is one
	tensors []location
	index   map[string]int // tensor name to its place in tensors

	mu     sync.RWMutex // held for reading while bytes of a source are decoded, for writing by Close
	closed bool

	errMu sync.Mutex
	err   error // the first that Meta or Tensor met
}

// metadata is what a model says about itself, and which file says it.
type metadata struct {
	file   string
	values interface {
		Keys() []string
		Value(key string) (v any, ok bool, err error)
	}
}

// part is one file of a model.
type part struct {
	name       string
	*gguf.File // a safetensors file has the tensors that its weights would be in a GGUF file
	source     source
	split      split
	refused    map[string]error // by the names of what is no weight: the error for who asks for it
}

// location is where a tensor is described.
type location struct {
	part  *part
	entry int // in part.Tensors
}

// Name returns the path the model was opened by.
func (m *Model) Name() string { return m.name }

// Format returns the format of the file and its version: "GGUF v3", "safetensors", or "tokenizer" for a folder that has no weights.
func (m *Model) Format() string { return m.format }

// Size returns the bytes of all files of the model.
func (m *Model) Size() int64 {
	var n int64
	for _, p := range m.parts {
		n += p.source.size()
	}
	return n
}

// Keys returns the metadata keys in file order. Of a split model they are those of the first part, of a folder those of its config.json
// as Meta knows them.
func (m *Model) Keys() []string { return m.meta.values.Keys() }

// Meta returns the value of a metadata key: uint64, int64, float64, bool, string, a slice of one of them ([]float32 for f32), or []any
// of slices for nested arrays. Arrays must not be changed. ok is false if there is no such key, and also if it could not be read,
// which Err tells.
//
// A value of a config.json has the key "hf." and the names that lead to it, such as "hf.rope_scaling.factor"; see safetensors.Config.
// A null is nil, and ok.
func (m *Model) Meta(key string) (v any, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	err := error(ErrClosed)
	if !m.closed {
		err = m.Guard(func() (err error) {
			v, ok, err = m.meta.values.Value(key)
			return err
		})
	}
	if err == nil {
		return v, ok
	}
	if !errors.Is(err, ErrFault) {
		err = fmt.Errorf("%s: %w", m.meta.file, err)
	}
	m.note(err)
	return nil, false
}

// note keeps the first error for Err.
func (m *Model) note(err error) {
	m.errMu.Lock()
	defer m.errMu.Unlock()
	if m.err == nil {
		m.err = err
	}
}

// Err returns the first error that Meta or Tensor met: a file that failed, or was rewritten, or closed, since it was opened, or a tensor of a
// type that is not read. Whoever reads metadata and tensors asks for it once at the end.
func (m *Model) Err() error {
	m.errMu.Lock()
	defer m.errMu.Unlock()
	return m.err
}

// Tensor returns the tensor of the given name; ok is false if there is none, or if its values are of a type that is not read, such as
// I64, which Err tells. Views of its bytes must not be used after Close.
func (m *Model) Tensor(name string) (t quant.Tensor, ok bool) {
	i, ok := m.index[name]
	if ok {
		return m.tensor(m.tensors[i]), true
	}
	for _, p := range m.parts {
		if err := p.refused[name]; err != nil {
			m.note(err)
		}
	}
	return quant.Tensor{}, false
}

// Tensors returns all tensors of weights in file order, those of a split model part after part.
func (m *Model) Tensors() []quant.Tensor {
	ts := make([]quant.Tensor, len(m.tensors))
	for i, l := range m.tensors {
		ts[i] = m.tensor(l)
	}
	return ts
}

func (m *Model) tensor(l location) quant.Tensor {
	t := &l.part.Tensors[l.entry]
	return quant.Tensor{
		Name: t.Name, Type: t.Type, Dims: t.Dims,
		Bytes: func() ([]byte, error) {
			m.mu.RLock()
			defer m.mu.RUnlock()
			err := error(ErrClosed)
			if !m.closed {
				var b []byte
				if b, err = l.part.source.bytes(t.Offset, t.Size); err == nil {
					return b, nil
				}
			}
			return nil, fmt.Errorf("%s: tensor %q: %w", l.part.name, t.Name, err)
		},
		Release: func() {
			m.mu.RLock()
			defer m.mu.RUnlock()
			if !m.closed {
				l.part.source.release(t.Offset, t.Size)
			}
		},
	}
}

// indexTensors lists the tensors of all parts.
func (m *Model) indexTensors() error {
	m.index = make(map[string]int)
	for _, p := range m.parts {
		for i := range p.Tensors {
			name := p.Tensors[i].Name
			if j, ok := m.index[name]; ok {
				return fmt.Errorf("%s: tensor %q stands in %s, too", p.name, name, m.tensors[j].part.name)
			}
			m.index[name] = len(m.tensors)
			m.tensors = append(m.tensors, location{p, i})
		}
	}
	return nil
}

// Close gives the files back. Views of tensors must not be used afterwards; closing again does nothing.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	var errs []error
	for _, p := range m.parts {
		if err := p.source.close(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p.name, err))
		}
	}
	return errors.Join(errs...)
}
