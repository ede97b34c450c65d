package loader

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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

// hfNames are the names of a Llama's tensors in both formats; # is the number of the layer.
var hfNames = []struct{ gguf, hf string }{
	{"token_embd", "model.embed_tokens"}, {"output_norm", "model.norm"}, {"output", "lm_head"},
	{"blk.#.attn_norm", "model.layers.#.input_layernorm"}, {"blk.#.ffn_norm", "model.layers.#.post_attention_layernorm"},
	{"blk.#.attn_q", "model.layers.#.self_attn.q_proj"}, {"blk.#.attn_k", "model.layers.#.self_attn.k_proj"},
	{"blk.#.attn_v", "model.layers.#.self_attn.v_proj"}, {"blk.#.attn_output", "model.layers.#.self_attn.o_proj"},
	{"blk.#.ffn_gate", "model.layers.#.mlp.gate_proj"}, {"blk.#.ffn_up", "model.layers.#.mlp.up_proj"}, {"blk.#.ffn_down", "model.layers.#.mlp.down_proj"},
}

// TestSharedFolder: a model as a folder has the shapes and the bytes that it has as a GGUF file, where the rows of q and k stand in the order of
// the pairs that are rotated together.
func TestSharedFolder(t *testing.T) {
	dir := filepath.Join(sharedDir(t), "models")
	g, err := Open(filepath.Join(dir, "stories260K.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for way, open := range map[string]func() (*Model, error){
		"path": func() (*Model, error) { return Open(filepath.Join(dir, "stories260K-hf")) },
		"FS":   func() (*Model, error) { return OpenFS(os.DirFS(dir), "stories260K-hf") },
	} {
		m, err := open()
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if v, _ := m.Meta("hf.num_hidden_layers"); v != uint64(5) {
			t.Errorf("%s: %v layers", way, v)
		}
		compared := 0
		for _, n := range hfNames {
			layers := 1
			if strings.Contains(n.hf, "#") {
				layers = 5
			}
			for l := range layers {
				name := strings.NewReplacer("#", strconv.Itoa(l))
				x, ok1 := g.Tensor(name.Replace(n.gguf) + ".weight")
				y, ok2 := m.Tensor(name.Replace(n.hf) + ".weight")
				if !ok1 || !ok2 || x.Type != y.Type || !slices.Equal(x.Dims, y.Dims) {
					t.Fatalf("%s: %s: %v %v, want %v %v", way, y.Name, y.Type, y.Dims, x.Type, x.Dims)
				}
				want, err1 := x.Bytes()
				got, err2 := y.Bytes()
				switch n.gguf {
				case "blk.#.attn_q", "blk.#.attn_k":
					got = interleave(got, y.Type.RowBytes(y.Cols()), 8)
				}
				if err1 != nil || err2 != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: %s differs from %s: %v %v", way, y.Name, x.Name, err1, err2)
				}
				compared++
			}
		}
		if compared != len(m.Tensors()) || compared != len(g.Tensors()) {
			t.Errorf("%s: compared %d tensors of %d and %d", way, compared, len(m.Tensors()), len(g.Tensors()))
		}
	}
}

// interleave puts the rows of the two halves of each head of dim rows side by side.
func interleave(b []byte, row, dim int) (out []byte) {
	for head := 0; head < len(b); head += dim * row {
		for i := range dim {
			from := head + (i%2*dim/2+i/2)*row
			out = append(out, b[from:from+row]...)
		}
	}
	return out
}
