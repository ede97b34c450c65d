package loader

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/linnet-go/linnet/loader/gguf"
	"github.com/linnet-go/linnet/loader/safetensors"
)

// folder is a Hugging Face folder, on disk or in an fs.FS.
type folder struct {
	open opener
	join func(elem ...string) string
	list func(path string) ([]string, error)
	path string
}

// Limits of the files beside the weights, in bytes.
const (
	maxConfig = 1 << 20
	maxIndex  = 64 << 20
)

// layouts are the names that a model goes by, and an adapter to one (PEFT).
var layouts = []struct{ config, weights string }{
	{"config.json", "model"},
	{"adapter_config.json", "adapter_model"},
}

const (
	weightsEnding = ".safetensors"
	indexEnding   = ".safetensors.index.json"
)

// vocabularies are files that a folder without weights is opened for.
var vocabularies = []string{"tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt"}

// openModel opens the folder called name, or the one of the weights called name. It returns nothing if name is neither.
func (f *folder) openModel(name string, isDir bool, split func(string) (dir, file string)) (*Model, error) {
	f.path = name
	weights := ""
	if !isDir {
		if f.path, weights = split(name); !strings.HasSuffix(weights, weightsEnding) && !strings.HasSuffix(weights, indexEnding) {
			return nil, nil
		}
	}
	m := &Model{name: name, format: "safetensors", folder: f}
	err := f.fill(m, weights)
	if err == nil {
		err = m.indexTensors()
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// fill opens the parts of a model and its configuration: of the model that the given file belongs to, or of the first there is.
func (f *folder) fill(m *Model, weights string) (err error) {
	for _, l := range layouts {
		if !strings.HasPrefix(weights, l.weights) && weights != "" {
			continue
		}
		m.parts, err = f.openWeights(l.weights)
		if err == nil && m.parts != nil {
			m.meta, err = f.readConfig(l.config)
		}
		if err != nil || m.parts != nil {
			return err
		}
	}
	switch {
	case weights != "":
		return fmt.Errorf("%s: neither named %s nor by an index of that model", m.name, layouts[0].weights+weightsEnding)
	case !slices.ContainsFunc(vocabularies, f.has):
		return fmt.Errorf("%s: %w", f.path, f.describe())
	}
	m.format = "tokenizer"
	m.meta, err = f.readConfig(layouts[0].config)
	if errors.Is(err, fs.ErrNotExist) {
		m.meta, err = metadata{f.path, hfConfig{new(safetensors.Config)}}, nil
	}
	return err
}

func (f *folder) has(name string) bool {
	src, err := f.open(f.join(f.path, name))
	return err == nil && src.close() == nil
}

// describe says what a folder without a model holds in its place.
func (f *folder) describe() error {
	names, _ := f.list(f.path) // one that cannot be listed has nothing to propose
	for _, ending := range []string{".gguf", weightsEnding, ".bin"} {
		for _, name := range names {
			if strings.HasSuffix(name, ending) {
				return fmt.Errorf("is a directory without %s; it holds %q", layouts[0].weights+weightsEnding, name)
			}
		}
	}
	return fmt.Errorf("is a directory without %s", layouts[0].weights+weightsEnding)
}

// read returns the content of a file of at most limit bytes. The error has its name.
func (f *folder) read(name string, limit int64) (b []byte, err error) {
	name = f.join(f.path, name)
	p, err := openPart(f.open, name, func(p *part) error {
		n := p.source.size()
		if n > limit {
			return fmt.Errorf("has %d bytes, the limit is %d", n, limit)
		}
		view, err := p.source.bytes(0, n)
		b = slices.Clone(view)
		return err
	})
	if err != nil {
		return nil, err
	}
	return b, p.source.close()
}

// ReadFile returns the content of another file in the folder of a model, at most limit bytes, such as tokenizer.json. The error has the name
// of the file; it is an fs.ErrNotExist if there is none, or the model is no folder.
func (m *Model) ReadFile(name string, limit int64) ([]byte, error) {
	if m.folder == nil {
		return nil, fmt.Errorf("%s: no folder to read %s from: %w", m.name, name, fs.ErrNotExist)
	}
	return m.folder.read(name, limit)
}

// readConfig reads the configuration of a model.
func (f *folder) readConfig(name string) (metadata, error) {
	b, err := f.read(name, maxConfig)
	if err != nil {
		return metadata{}, err
	}
	config, err := safetensors.ParseConfig(b)
	if err != nil {
		return metadata{}, fmt.Errorf("%s: %w", f.join(f.path, name), err)
	}
	return metadata{f.join(f.path, name), hfConfig{config}}, nil
}

// hfConfig gives the values of a configuration by keys that no GGUF file has.
type hfConfig struct{ *safetensors.Config }

const hfKeys = "hf."

func (c hfConfig) Keys() []string {
	keys := slices.Clone(c.Config.Keys())
	for i := range keys {
		keys[i] = hfKeys + keys[i]
	}
	return keys
}

func (c hfConfig) Value(key string) (v any, ok bool, err error) {
	if path, found := strings.CutPrefix(key, hfKeys); found {
		v, ok = c.Config.Value(path)
	}
	return v, ok, nil
}

// openWeights opens the files of a model: NAME.safetensors, or those that its index names; none if there is neither. If it fails it
// returns what it has opened.
func (f *folder) openWeights(name string) ([]*part, error) {
	p, err := openPart(f.open, f.join(f.path, name+weightsEnding), (*part).parseSafetensors)
	if err == nil {
		return []*part{p}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	b, err := f.read(name+indexEnding, maxIndex)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	index, err := safetensors.ParseIndex(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.join(f.path, name+indexEnding), err)
	}
	return f.openShards(index)
}

// openShards opens the files of an index and checks that each has the tensors it should have, and no others.
func (f *folder) openShards(index *safetensors.Index) (parts []*part, err error) {
	have := map[string]bool{}
	for _, shard := range index.Shards {
		p, err := openPart(f.open, f.join(f.path, shard), (*part).parseSafetensors)
		if err != nil {
			return parts, fmt.Errorf("%w (named by the index)", err)
		}
		parts = append(parts, p)
		for name := range p.names() {
			if in, ok := index.Tensor[name]; !ok {
				return parts, fmt.Errorf("%s: tensor %q is not in the index", p.name, name)
			} else if in != shard {
				return parts, fmt.Errorf("%s: tensor %q stands there, the index says in %s", p.name, name, in)
			}
			have[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(index.Tensor)) {
		if !have[name] {
			return parts, fmt.Errorf("%s: tensor %q is missing, the index says it stands there", f.join(f.path, index.Tensor[name]), name)
		}
	}
	return parts, nil
}

// names yields the names of what stands in a file, weights or not.
func (p *part) names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range p.Tensors {
			if !yield(p.Tensors[i].Name) {
				return
			}
		}
		for name := range p.refused {
			if !yield(name) {
				return
			}
		}
	}
}

// parseSafetensors reads the head of a file and turns its shapes into dims, the fastest first.
func (p *part) parseSafetensors() error {
	file, err := p.source.parseSafetensors()
	if err != nil {
		return err
	}
	p.File, p.refused = new(gguf.File), map[string]error{}
	for i := range file.Tensors {
		t := &file.Tensors[i]
		typ, err := t.Type()
		if err != nil {
			p.refused[t.Name] = fmt.Errorf("%s: %w", p.name, err)
			continue
		}
		dims := []int{1}[:max(0, 1-len(t.Shape))] // a single value is a row of one
		for _, n := range slices.Backward(t.Shape) {
			dims = append(dims, int(n)) // it fits, since the values do
		}
		p.Tensors = append(p.Tensors, gguf.Tensor{Name: t.Name, Type: typ, Dims: dims, Offset: t.Offset, Size: t.Size})
	}
	return nil
}
