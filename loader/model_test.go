package loader

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/linnet-go/linnet/loader/gguf"
	"github.com/linnet-go/linnet/quant"
)

// tensorBytes is what the tensor number i of a test model holds: 8,000 values of 4 bytes, more than a page each.
func tensorBytes(i int) []byte {
	b := make([]byte, 32000)
	for j := range b {
		b[j] = byte(i + j*7 + j>>8)
	}
	return b
}

// encode makes a file of the tensors first to last-1, with the given pairs of key and value.
func encode(t testing.TB, first, last int, pairs ...any) []byte {
	t.Helper()
	var w gguf.Writer
	for i := 0; i < len(pairs); i += 2 {
		w.Set(pairs[i].(string), pairs[i+1])
	}
	for i := first; i < last; i++ {
		w.Add(gguf.Source{Name: "blk." + string(rune('0'+i)) + ".weight", Type: quant.F32, Dims: []int{80, 100}, Data: tensorBytes(i)})
	}
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tiny is a whole model of 3 tensors.
func tiny(t testing.TB) []byte {
	return encode(t, 0, 3, "general.architecture", "llama", "llama.block_count", uint32(2), "tokenizer.ggml.tokens", []string{"<s>", "a"},
		"tokenizer.ggml.scores", []float32{0, -1}, "tokenizer.ggml.token_type", []int32{3, 1})
}

// write writes a file into a new folder, or into dir if it is not empty, and returns its path.
func write(t testing.TB, dir, name string, b []byte) string {
	t.Helper()
	if dir == "" {
		dir = t.TempDir()
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// plainFS hides that its files can be read at any place.
type plainFS struct{ fs.FS }

func (p plainFS) Open(name string) (fs.File, error) {
	f, err := p.FS.Open(name)
	return struct{ fs.File }{f}, err
}

// ways opens the same file in every way there is.
func ways(t *testing.T, b []byte) map[string]*Model {
	path := write(t, "", "m.gguf", b)
	mapFS := fstest.MapFS{"dir/m.gguf": {Data: b}}
	models := map[string]*Model{}
	for name, open := range map[string]func() (*Model, error){
		"path":     func() (*Model, error) { return Open(path) },
		"DirFS":    func() (*Model, error) { return OpenFS(os.DirFS(filepath.Dir(path)), "m.gguf") },
		"ReaderAt": func() (*Model, error) { return OpenFS(mapFS, "dir/m.gguf") },
		"plain":    func() (*Model, error) { return OpenFS(plainFS{mapFS}, "dir/m.gguf") },
		"bytes":    func() (*Model, error) { return OpenBytes(b) },
	} {
		m, err := open()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		t.Cleanup(func() { m.Close() })
		models[name] = m
	}
	return models
}

func TestOpen(t *testing.T) {
	b := tiny(t)
	for way, m := range ways(t, b) {
		t.Run(way, func(t *testing.T) {
			if m.Format() != "GGUF v3" || m.Size() != int64(len(b)) || !strings.HasSuffix(m.Name(), "m.gguf") && way != "bytes" {
				t.Errorf("format %q, size %d, name %q", m.Format(), m.Size(), m.Name())
			}
			wantKeys := []string{"general.architecture", "llama.block_count", "tokenizer.ggml.tokens", "tokenizer.ggml.scores", "tokenizer.ggml.token_type"}
			if keys := m.Keys(); !slices.Equal(keys, wantKeys) {
				t.Errorf("keys %q", keys)
			}
			for i, want := range []any{"llama", uint64(2), []string{"<s>", "a"}, []float32{0, -1}, []int64{3, 1}} {
				if v, ok := m.Meta(wantKeys[i]); !ok || !reflect.DeepEqual(v, want) {
					t.Errorf("key %q: got %#v, %v", wantKeys[i], v, ok)
				}
			}
			if v, ok := m.Meta("absent"); v != nil || ok || m.Err() != nil {
				t.Errorf("absent key: %v %v %v", v, ok, m.Err())
			}
			checkTensors(t, m, 3)
		})
	}
}

// checkTensors compares the tensors of a test model, before and after their pages were given back.
func checkTensors(t *testing.T, m *Model, n int) {
	t.Helper()
	tensors := m.Tensors()
	if len(tensors) != n {
		t.Fatalf("%d tensors, want %d", len(tensors), n)
	}
	for i, x := range slices.Concat(tensors, tensors) {
		i %= n
		y, ok := m.Tensor(x.Name)
		if !ok || y.Name != x.Name || x.Type != quant.F32 || !slices.Equal(x.Dims, []int{80, 100}) || x.Name[4] != byte('0'+i) {
			t.Errorf("tensor %d: %+v, by name %v %+v", i, x, ok, y)
		}
		got, err := x.Bytes()
		if err != nil || !bytes.Equal(got, tensorBytes(i)) {
			t.Errorf("tensor %q: %d bytes, %v", x.Name, len(got), err)
		}
		x.Release()
	}
	if _, ok := m.Tensor("absent"); ok {
		t.Error("a tensor that is not there")
	}
}

func TestClose(t *testing.T) {
	for way, m := range ways(t, tiny(t)) {
		x := m.Tensors()[1]
		for range 2 {
			if err := m.Close(); err != nil {
				t.Errorf("%s: %v", way, err)
			}
		}
		if _, err := x.Bytes(); !errors.Is(err, ErrClosed) || !strings.HasSuffix(err.Error(), `: tensor "blk.1.weight": the model is closed`) {
			t.Errorf("%s: Bytes after Close: %v", way, err)
		}
		x.Release()
		if v, ok := m.Meta("general.architecture"); v != nil || ok || !errors.Is(m.Err(), ErrClosed) {
			t.Errorf("%s: Meta after Close: %v %v %v", way, v, ok, m.Err())
		}
	}
}

// shrinking is a file that lost its end after it was opened.
type shrinking struct {
	*bytes.Reader
	end *int64
}

func (s shrinking) ReadAt(b []byte, off int64) (int, error) {
	if off+int64(len(b)) > *s.end {
		return 0, io.EOF
	}
	return s.Reader.ReadAt(b, off)
}

func TestReadFails(t *testing.T) {
	b := tiny(t)
	end := int64(len(b))
	m, err := open(func(string) (source, error) {
		return &readerAt{r: shrinking{bytes.NewReader(b), &end}, n: end, closer: io.NopCloser(nil)}, nil
	}, "m.gguf")
	if err != nil {
		t.Fatal(err)
	}
	end = 100
	if _, err := m.Tensors()[1].Bytes(); err == nil || !strings.HasPrefix(err.Error(), `m.gguf: tensor "blk.1.weight": needs 32000 bytes at `) || !errors.Is(err, io.EOF) {
		t.Errorf("tensor: %v", err)
	}
	if v, ok := m.Meta("tokenizer.ggml.tokens"); v != nil || ok || !errors.Is(m.Err(), gguf.ErrTruncated) || !strings.HasPrefix(m.Err().Error(), `m.gguf: gguf: key "tokenizer.ggml.tokens": `) {
		t.Errorf("key: %v %v %v", v, ok, m.Err())
	}
}

// TestGuardPasses holds what is none of Guard's business.
func TestGuardPasses(t *testing.T) {
	m, err := OpenBytes(tiny(t))
	if err != nil {
		t.Fatal(err)
	}
	want := errors.New("an error of f")
	if err := m.Guard(func() error { return want }); err != want {
		t.Errorf("got %v", err)
	}
	if err := m.Guard(func() error { return nil }); err != nil {
		t.Errorf("got %v", err)
	}
	for _, f := range []func() error{
		func() error { panic("of f") },
		func() error { var p *Model; return p.err },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a panic of f was swallowed")
				}
			}()
			_ = m.Guard(f)
		}()
	}
}

func TestPagesWithin(t *testing.T) {
	for _, c := range []struct{ off, n, start, end int64 }{
		{0, 4096, 0, 4096}, {0, 4095, 0, 0}, {1, 8191, 4096, 8192}, {1, 8190, 4096, 4096}, {32, 64, 4096, 4096}, {4096, 12288, 4096, 16384}, {4095, 2, 4096, 4096},
	} {
		if start, end := pagesWithin(c.off, c.n, 4096); start != c.start || end != c.end {
			t.Errorf("%d bytes at %d: %d to %d, want %d to %d", c.n, c.off, start, end, c.start, c.end)
		}
	}
}
