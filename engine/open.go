package engine

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/linnet-go/linnet/engine/internal/arch"
	"github.com/linnet-go/linnet/engine/internal/cache"
	"github.com/linnet-go/linnet/engine/internal/layer"
	"github.com/linnet-go/linnet/engine/token"
	"github.com/linnet-go/linnet/kernels/team"
	"github.com/linnet-go/linnet/loader"
)

var (
	// ErrUnsupported says that a file is a model, but of a kind that is not built.
	ErrUnsupported = arch.ErrUnsupported
	// ErrClosed says that the model or the session was closed.
	ErrClosed = errors.New("the model is closed")
	// ErrContextFull says that a text is longer than the context.
	ErrContextFull = errors.New("the context is full")
	// ErrMemory says that the machine has not the memory that the model, or all sessions together, would need.
	ErrMemory = errors.New("not enough memory")
	// ErrNotFinite says that a computation gave infinities or NaN: the weights are broken.
	ErrNotFinite = layer.ErrNotFinite
)

// Open opens a model file, or all files of a split model by the name of one. Weights are read when they are first used. Errors name the
// file and the key or tensor at fault.
func Open(path string, opts ...Option) (*Model, error) {
	f, err := loader.Open(path)
	return open(f, err, opts)
}

// OpenFS is Open for a file of fsys, such as an embed.FS.
func OpenFS(fsys fs.FS, name string, opts ...Option) (*Model, error) {
	f, err := loader.OpenFS(fsys, name)
	return open(f, err, opts)
}

// OpenBytes is Open for a file in memory, which must not change while the model is open.
func OpenBytes(b []byte, opts ...Option) (*Model, error) {
	f, err := loader.OpenBytes(b)
	return open(f, err, opts)
}

// NewTokenizer returns the tokenizer of an open file of any family: a vocabulary without weights is enough. The error names the key at
// fault, or what the vocabulary needs that is not built.
func NewTokenizer(f *loader.Model) (*token.Tokenizer, error) {
	t, err := tokenizer(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return t, nil
}

func tokenizer(f *loader.Model) (*token.Tokenizer, error) {
	v, err := readVocab(f)
	if err := errors.Join(f.Err(), err); err != nil {
		return nil, err
	}
	return token.New(v)
}

func open(f *loader.Model, err error, opts []Option) (*Model, error) {
	if err != nil {
		return nil, err
	}
	m, err := newModel(f, opts)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", f.Name(), err), f.Close())
	}
	return m, nil
}

func newModel(f *loader.Model, opts []Option) (*Model, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	tok, err := tokenizer(f)
	if err != nil {
		return nil, err
	}
	a, err := arch.New(f, arch.Options{Vocab: tok.Len(), Context: c.context})
	if err := errors.Join(f.Err(), err); err != nil {
		return nil, err
	}
	b, err := newBudget(c, a, availableMemory())
	if err != nil {
		return nil, err
	}
	m := &Model{budget: b, config: *c, file: f, arch: a, tok: tok}
	m.team = team.New(c.threads)
	m.pool = cache.New(c.cache, a.Cache, b.pool, b.keep)
	m.info = m.describe()
	m.steps.init(m)
	return m, nil
}
