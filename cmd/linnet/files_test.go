package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/linnet-go/linnet/cmd/internal/tiny"
	"github.com/linnet-go/linnet/loader"
	"github.com/linnet-go/linnet/loader/gguf"
)

// makeFiles writes the files that the tests use: the built-in model, and what can be wrong with it.
func makeFiles(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	random := make([]byte, 10000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	var errs []error
	remade := func(key string, value any, shape func(name string, dims []int) []int) []byte {
		b, err := remake(map[string]any{key: value}, shape)
		errs = append(errs, err)
		return b
	}
	same := func(_ string, dims []int) []int { return dims }
	for name, b := range map[string][]byte{
		"stories.gguf":   tiny.Model,
		"notes.md":       []byte("# Models\n\nNothing here.\n"),
		"empty.gguf":     nil,
		"random.gguf":    random,
		"cut.gguf":       tiny.Model[:len(tiny.Model)/2],
		"head-only.gguf": tiny.Model[:100],
		"type-99.gguf":   patchType(tiny.Model, "output_norm.weight", 99),
		"mammoth.gguf":   remade("general.architecture", "mammoth", same),
		"no-heads.gguf":  remade("llama.attention.head_count", uint32(0), same),
		"pre.gguf":       remade("tokenizer.ggml.model", "wordsmith", same),
		"shape.gguf": remade("general.name", "narrow", func(name string, dims []int) []int {
			if name == "blk.2.attn_q.weight" {
				return []int{64, 32}
			}
			return dims
		}),
		"vocab.gguf": remade("general.architecture", "mammoth", func(string, []int) []int { return nil }),
		"ids.bin":    binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, 1), 403),
		"ids.json":   []byte("[1, 403]\n"),
		"odd.bin":    []byte("12345"),
		"prompt.txt": []byte("Once upon a time\n"),
		"long.txt":   []byte(strings.Repeat("Once upon a time ", 1000)),
	} {
		errs = append(errs, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	return errors.Join(errs...)
}

// remake writes the built-in model with other metadata, and other dimensions (nil: without the tensor).
func remake(changes map[string]any, shape func(name string, dims []int) []int) ([]byte, error) {
	var w gguf.Writer
	if err := copyMeta(&w, changes); err != nil {
		return nil, err
	}
	m, err := loader.OpenBytes(tiny.Model)
	if err != nil {
		return nil, err
	}
	for _, t := range m.Tensors() {
		dims := shape(t.Name, t.Dims)
		if dims == nil {
			continue
		}
		b, err := t.Bytes()
		if err != nil {
			return nil, err
		}
		n := t.Type.RowBytes(dims[0])
		for _, d := range dims[1:] {
			n *= d
		}
		w.Add(gguf.Source{Name: t.Name, Type: t.Type, Dims: dims, Data: b[:n]})
	}
	var b bytes.Buffer
	_, err = w.WriteTo(&b)
	return b.Bytes(), err
}

// copyMeta sets the metadata of the built-in model, some of it changed.
func copyMeta(w *gguf.Writer, changes map[string]any) error {
	m, err := loader.OpenBytes(tiny.Model)
	if err != nil {
		return err
	}
	for _, key := range m.Keys() {
		v, _ := m.Meta(key)
		if c, changed := changes[key]; changed {
			v = c
		}
		w.Set(key, v)
	}
	return m.Err()
}

// patchType gives a tensor of one dimension another type.
func patchType(b []byte, name string, to uint32) []byte {
	b = bytes.Clone(b)
	at := bytes.Index(b, []byte(name))
	if at < 0 {
		panic(fmt.Sprintf("the built-in model has no tensor %q", name))
	}
	binary.LittleEndian.PutUint32(b[at+len(name)+4+8:], to) // behind the number of dimensions and the one dimension
	return b
}
