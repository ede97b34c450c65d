package loader

import (
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sharedDir returns the folder of reference models: $LINNET_SHARED, or shared beside the repository.
func sharedDir(t testing.TB) string {
	dir := os.Getenv("LINNET_SHARED")
	for _, root := range []string{"..", "../..", "../../.."} {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil && dir == "" {
			dir = filepath.Join(root, "..", "shared")
		}
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("LINNET_MUST_SHARED") == "1" {
			t.Fatal(err)
		}
		t.Skip("the reference models are not here: ", err)
	}
	return dir
}

// openShared opens a reference model, which may be packed.
func openShared(path string) (*Model, error) {
	if !strings.HasSuffix(path, ".gz") {
		return Open(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	return OpenBytes(b)
}

// TestSharedModels opens every reference model, reads every key and sees every tensor.
func TestSharedModels(t *testing.T) {
	dir := sharedDir(t)
	models, types := 0, map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(strings.TrimSuffix(path, ".gz"), ".gguf") {
			return err
		}
		m, err := openShared(path)
		if err != nil {
			return err
		}
		defer m.Close()
		models++
		for _, key := range m.Keys() {
			if _, ok := m.Meta(key); !ok {
				t.Errorf("%s: key %q: %v", path, key, m.Err())
			}
		}
		if arch, ok := m.Meta("general.architecture"); !ok || arch == "" {
			t.Errorf("%s: architecture %v", path, arch)
		}
		for _, x := range m.Tensors() {
			b, err := x.Bytes()
			if err != nil || len(b) != x.Type.RowBytes(x.Cols())*x.Rows() {
				t.Errorf("%s: tensor %q: %d bytes, %v", path, x.Name, len(b), err)
			}
			types[x.Type.String()] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d models, %d types", models, len(types))
	if models < 80 || len(types) < 28 {
		t.Errorf("%d models of %d types, want at least 80 of all 28", models, len(types))
	}
}

// TestSharedStories reads what the notes on the reference models say of the first.
func TestSharedStories(t *testing.T) {
	m, err := Open(filepath.Join(sharedDir(t), "models", "stories260K-q8_0.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for key, want := range map[string]any{
		"general.architecture": "llama", "llama.block_count": uint64(5), "llama.embedding_length": uint64(64), "llama.attention.head_count": uint64(8),
		"llama.attention.head_count_kv": uint64(4), "llama.feed_forward_length": uint64(172), "llama.context_length": uint64(2048), "tokenizer.ggml.model": "llama",
	} {
		if v, ok := m.Meta(key); !ok || v != want {
			t.Errorf("key %q: got %v (%T), want %v", key, v, v, want)
		}
	}
	for name, want := range map[string]struct {
		typ  string
		dims []int
	}{
		"token_embd.weight": {"Q8_0", []int{64, 512}}, "blk.4.ffn_down.weight": {"F16", []int{172, 64}}, "blk.0.attn_norm.weight": {"F32", []int{64}},
	} {
		if x, ok := m.Tensor(name); !ok || x.Type.String() != want.typ || !slices.Equal(x.Dims, want.dims) {
			t.Errorf("tensor %q: %v, %v %v, want %v", name, ok, x.Type, x.Dims, want)
		}
	}
}
