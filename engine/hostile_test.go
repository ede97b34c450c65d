package engine

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/linnet-go/linnet/engine/sample"
	"github.com/linnet-go/linnet/quant"
)

// smallShape is a model whose header is most of the file.
var smallShape = shape{dim: 32, layers: 1, heads: 4, kv: 2, ffn: 32, vocab: 300, weights: quant.Q8_0}

func smallFile(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := smallShape.write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// use opens a file and, if that goes well, generates a few tokens. It returns the first error.
func use(file []byte) error {
	m, err := OpenBytes(file, Threads(1), Batch(8), Context(32))
	if err != nil {
		return err
	}
	for _, e := range m.NewSession().Generate(context.Background(), "ab", sample.Greedy(), MaxTokens(3)) {
		err = e
	}
	return cmp.Or(err, m.Close())
}

func TestSmallModel(t *testing.T) {
	file := smallFile(t)
	if err := use(file); err != nil {
		t.Fatal(err)
	}
	m, err := OpenFS(fstest.MapFS{"a.gguf": {Data: file}}, "a.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if _, err := m.NewSession().Next(context.Background(), "a"); err != nil {
		t.Error(err)
	}
}

// TestTruncated cuts a file at each of 200 places.
func TestTruncated(t *testing.T) {
	file := smallFile(t)
	for i := range 200 {
		n := len(file) * i / 200
		err := use(file[:n])
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "model in memory: ") {
			t.Errorf("%d of %d bytes: %v", n, len(file), err)
		}
	}
}

// TestOpenErrors changes bytes of a file that make it another model, or none.
func TestOpenErrors(t *testing.T) {
	file := smallFile(t)
	for _, c := range []struct {
		old, new, want string
		unsupported    bool
	}{
		{"GGUF", "GGML", "not a GGUF file", false},
		{"\x05\x00\x00\x00\x00\x00\x00\x00llama", "\x05\x00\x00\x00\x00\x00\x00\x00mamba", `architecture "mamba": not supported; known are arcee, `, true},
		{"tokenizer.ggml.model\x08\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00llama", "tokenizer.ggml.model\x08\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00klaus", `tokenizer model "klaus"`, false},
		{"llama.block_count\x04\x00\x00\x00\x01", "llama.block_count\x04\x00\x00\x00\x02", `tensor "blk.1.attn_norm.weight" is missing`, false},
		{"blk.0.attn_q.weight", "blk.0.attn_Q.weight", `tensor "blk.0.attn_q.weight" is missing`, false},
	} {
		changed := bytes.Replace(file, []byte(c.old), []byte(c.new), 1)
		if bytes.Equal(changed, file) {
			t.Errorf("%q is not in the file", c.old)
		}
		err := use(changed)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || errors.Is(err, ErrUnsupported) != c.unsupported {
			t.Errorf("%q: %v, want %q", c.new, err, c.want)
		}
	}
	for _, c := range []struct {
		opt  Option
		want string
	}{
		{Threads(0), "threads 0"}, {Context(-1), "context -1"}, {Batch(0), "batch 0"}, {Level("mmx"), `level "mmx"`}, {CacheType("f8"), `kv type "f8"`},
		{Batch(1 << 16), ""},
	} {
		m, err := OpenBytes(file, c.opt)
		if c.want == "" && err == nil {
			m.Close()
		} else if c.want == "" || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	if _, err := Open("testdata/no-such.gguf"); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "no-such.gguf") {
		t.Errorf("no file: %v", err)
	}
}

// FuzzOpen changes a few bytes of a model. Whatever comes of it, it is an error or text, soon.
func FuzzOpen(f *testing.F) {
	file := smallFile(f)
	f.Add(uint64(1), 1)
	f.Add(uint64(2), 40)
	f.Fuzz(func(t *testing.T, seed uint64, changes int) {
		r := rand.New(rand.NewPCG(seed, 0))
		changed := bytes.Clone(file)
		head := bytes.Index(file, []byte("output_norm")) // where the tensors are listed
		for range min(max(changes, 0), 64) {
			at := r.IntN(len(changed))
			switch r.IntN(3) {
			case 0:
				at = r.IntN(600) // the parameters
			case 1:
				at = head - 200 + r.IntN(800)
			}
			changed[at] = byte([]int{0, 1, 127, 255, r.IntN(256)}[r.IntN(5)])
		}
		if err := use(changed); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("more than a line: %v", err)
		}
	})
}
