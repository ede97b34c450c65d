package loader

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/linnet-go/linnet/loader/safetensors"
	"github.com/linnet-go/linnet/quant"
)

// encodeSafetensors makes a file of the tensors first to last-1 that encode makes, with more entries that have no bytes of their own order.
func encodeSafetensors(first, last int, more ...string) []byte {
	var entries []string
	var data []byte
	for i := first; i < last; i++ {
		entries = append(entries, fmt.Sprintf(`"blk.%d.weight":{"dtype":"F32","shape":[100,80],"data_offsets":[%d,%d]}`, i, len(data), len(data)+32000))
		data = append(data, tensorBytes(i)...)
	}
	for _, name := range more {
		entries = append(entries, fmt.Sprintf(`"%s":{"dtype":"I64","shape":[1],"data_offsets":[%d,%d]}`, name, len(data), len(data)+8))
		data = append(data, make([]byte, 8)...)
	}
	header := "{" + strings.Join(entries, ",") + "}"
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

const tinyConfig = `{"model_type":"llama","num_hidden_layers":2,"rope_scaling":{"factor":8.0},"sliding_window":null,"eos_token_id":[1,2]}`

// wholeFolder is a model in one file, splitFolder the same in two.
func wholeFolder() fstest.MapFS {
	return fstest.MapFS{
		"model.safetensors": {Data: encodeSafetensors(0, 3, "position_ids")}, "config.json": {Data: []byte(tinyConfig)}, "tokenizer.json": {Data: []byte("{}")},
	}
}

func splitFolder() fstest.MapFS {
	return fstest.MapFS{
		"model.safetensors.index.json": {Data: []byte(`{"metadata":{"total_size":96008},"weight_map":{"blk.0.weight":"model-00001-of-00002.safetensors",
			"blk.1.weight":"model-00001-of-00002.safetensors","blk.2.weight":"model-00002-of-00002.safetensors","position_ids":"model-00002-of-00002.safetensors"}}`)},
		"model-00001-of-00002.safetensors": {Data: encodeSafetensors(0, 2)}, "model-00002-of-00002.safetensors": {Data: encodeSafetensors(2, 3, "position_ids")},
		"config.json": {Data: []byte(tinyConfig)}, "tokenizer.json": {Data: []byte("{}")},
	}
}

// writeFolder writes the files of a folder to disk.
func writeFolder(t testing.TB, files fstest.MapFS) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, files); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOpenFolder(t *testing.T) {
	for form, files := range map[string]fstest.MapFS{"whole": wholeFolder(), "split": splitFolder()} {
		dir := writeFolder(t, files)
		inside := fstest.MapFS{}
		for name, file := range files {
			inside["sub/"+name] = file
		}
		for way, open := range map[string]func() (*Model, error){
			"path":     func() (*Model, error) { return Open(dir) },
			"file":     func() (*Model, error) { return Open(filepath.Join(dir, fileOf(files))) },
			"DirFS":    func() (*Model, error) { return OpenFS(os.DirFS(dir), ".") },
			"ReaderAt": func() (*Model, error) { return OpenFS(inside, "sub") },
			"plain":    func() (*Model, error) { return OpenFS(plainFS{inside}, "sub") },
			"FS file":  func() (*Model, error) { return OpenFS(inside, "sub/"+fileOf(files)) },
		} {
			t.Run(form+" "+way, func(t *testing.T) {
				m, err := open()
				if err != nil {
					t.Fatal(err)
				}
				defer m.Close()
				checkFolder(t, m)
			})
		}
	}
}

// fileOf is the name of one file of the weights.
func fileOf(files fstest.MapFS) string {
	if files["model.safetensors"] != nil {
		return "model.safetensors"
	}
	return "model-00002-of-00002.safetensors"
}

func checkFolder(t *testing.T, m *Model) {
	t.Helper()
	if m.Format() != "safetensors" || m.Size() < 96008 || m.Size() > 97000 {
		t.Errorf("format %q, size %d", m.Format(), m.Size())
	}
	if want := []string{"hf.model_type", "hf.num_hidden_layers", "hf.rope_scaling.factor", "hf.sliding_window", "hf.eos_token_id"}; !slices.Equal(m.Keys(), want) {
		t.Errorf("keys %q", m.Keys())
	}
	for i, want := range []any{"llama", uint64(2), 8.0, nil, []uint64{1, 2}} {
		if v, ok := m.Meta(m.Keys()[i]); !ok || !reflect.DeepEqual(v, want) {
			t.Errorf("key %q: got %#v, %v", m.Keys()[i], v, ok)
		}
	}
	for _, key := range []string{"model_type", "hf.absent", "hf.rope_scaling", "general.architecture"} {
		if v, ok := m.Meta(key); v != nil || ok {
			t.Errorf("key %q: got %v, %v", key, v, ok)
		}
	}
	checkTensors(t, m, 3)
	if m.Err() != nil {
		t.Error(m.Err())
	}
	if x, ok := m.Tensor("position_ids"); ok || !errors.Is(m.Err(), safetensors.ErrUnsupported) || !strings.Contains(m.Err().Error(), `.safetensors: safetensors: tensor "position_ids": dtype I64`) {
		t.Errorf("a tensor of integers: %+v, %v", x, m.Err())
	}
	if b, err := m.ReadFile("tokenizer.json", 10); err != nil || string(b) != "{}" {
		t.Errorf("got %q, %v", b, err)
	}
	if _, err := m.ReadFile("tokenizer.json", 1); err == nil || !strings.HasSuffix(err.Error(), "tokenizer.json: has 2 bytes, the limit is 1") {
		t.Errorf("got %v", err)
	}
	if _, err := m.ReadFile("vocab.txt", 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestFolderScalar: a single value has no shape in the file, and is a row of one.
func TestFolderScalar(t *testing.T) {
	const header = `{"s":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},"m":{"dtype":"F16","shape":[2,3,4],"data_offsets":[2,50]}}`
	b := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	m, err := OpenFS(fstest.MapFS{"config.json": {Data: []byte("{}")}, "model.safetensors": {Data: append(b, make([]byte, 50)...)}}, ".")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]quant.Tensor{"s": {Type: quant.BF16, Dims: []int{1}}, "m": {Type: quant.F16, Dims: []int{4, 3, 2}}} {
		x, _ := m.Tensor(name)
		if got, err := x.Bytes(); x.Type != want.Type || !slices.Equal(x.Dims, want.Dims) || len(got) != x.Type.RowBytes(x.Cols())*x.Rows() || err != nil {
			t.Errorf("tensor %q: %v %v, %d bytes, %v", name, x.Type, x.Dims, len(got), err)
		}
	}
}

// TestOpenAdapter: a PEFT folder, and the adapter in the folder of a model.
func TestOpenAdapter(t *testing.T) {
	files := wholeFolder()
	files["adapter_model.safetensors"] = &fstest.MapFile{Data: encodeSafetensors(5, 6)}
	files["adapter_config.json"] = &fstest.MapFile{Data: []byte(`{"r":8}`)}
	beside := func(m *Model, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if r, _ := m.Meta("hf.r"); r != uint64(8) || len(m.Tensors()) != 1 {
			t.Errorf("r is %v, %d tensors", r, len(m.Tensors()))
		}
	}
	beside(OpenFS(files, "adapter_model.safetensors"))
	delete(files, "model.safetensors")
	beside(OpenFS(files, "."))
}

// TestOpenVocabularyFolder: without weights a folder serves for its tokenizer.
func TestOpenVocabularyFolder(t *testing.T) {
	for _, files := range []fstest.MapFS{{"tokenizer.model": {}}, {"vocab.txt": {}, "config.json": {Data: []byte(`{"model_type":"bert"}`)}}} {
		m, err := OpenFS(files, ".")
		if err != nil {
			t.Fatal(err)
		}
		if v, _ := m.Meta("hf.model_type"); m.Format() != "tokenizer" || len(m.Tensors()) != 0 || m.Size() != 0 || (v == "bert") != (files["vocab.txt"] != nil) {
			t.Errorf("%s, %d tensors, %v", m.Format(), len(m.Tensors()), v)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if _, ok := m.Meta("hf.model_type"); ok || !errors.Is(m.Err(), ErrClosed) {
			t.Errorf("after Close: %v", m.Err())
		}
	}
}

func TestOpenFolderErrors(t *testing.T) {
	const index, first, second = "model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
	set := func(name string, data []byte) func(fstest.MapFS) {
		return func(f fstest.MapFS) { f[name] = &fstest.MapFile{Data: data} }
	}
	for _, c := range []struct {
		name   string
		change func(fstest.MapFS)
		is     error
		want   string
	}{
		{"no config", func(f fstest.MapFS) { delete(f, "config.json") }, fs.ErrNotExist, "config.json: "},
		{"config of no JSON", set("config.json", []byte("x")), nil, "config.json: safetensors: need a value"},
		{"large config", set("config.json", make([]byte, 1<<20+1)), nil, "config.json: has 1048577 bytes, the limit is 1048576"},
		{"missing shard", func(f fstest.MapFS) { delete(f, second) }, fs.ErrNotExist, "(named by the index)"},
		{"cut shard", set(second, encodeSafetensors(2, 3)[:9000]), safetensors.ErrTruncated, second + `: safetensors: tensor "blk.2.weight": needs the bytes`},
		{"shard of another format", set(second, tiny(t)), safetensors.ErrNotSafetensors, second + ": not a safetensors file"},
		{"tensor in the wrong shard", func(f fstest.MapFS) { f[first], f[second] = f[second], f[first] }, nil, `stands there, the index says in model-0000`},
		{"tensor in both", set(second, encodeSafetensors(1, 3, "position_ids")), nil, second + `: tensor "blk.1.weight" stands there, the index says in ` + first},
		{"tensor too many", set(second, encodeSafetensors(2, 4, "position_ids")), nil, `tensor "blk.3.weight" is not in the index`},
		{"no weight too many", set(second, encodeSafetensors(2, 3, "position_ids", "x")), nil, `tensor "x" is not in the index`},
		{"tensor missing", set(first, encodeSafetensors(0, 1)), nil, first + `: tensor "blk.1.weight" is missing, the index says it stands there`},
		{"no weight missing", set(second, encodeSafetensors(2, 3)), nil, second + `: tensor "position_ids" is missing`},
		{"path", set(index, []byte(`{"weight_map":{"a":"../model.safetensors"}}`)), nil, index + `: safetensors: weight_map: tensor "a": the file name "../model.safetensors" is a path`},
		{"index of no JSON", set(index, nil), nil, index + ": safetensors: the JSON text ends too early"},
		{"large index", set(index, make([]byte, 64<<20+1)), nil, index + ": has 67108865 bytes, the limit is 67108864"},
	} {
		files := splitFolder()
		c.change(files)
		for way, open := range map[string]func() (*Model, error){
			"path":     func() (*Model, error) { return Open(writeFolder(t, files)) },
			"ReaderAt": func() (*Model, error) { return OpenFS(files, ".") },
		} {
			_, err := open()
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s, %s: got %v, want %s", c.name, way, err, c.want)
			}
		}
	}
	dir := writeFolder(t, wholeFolder())
	odd := write(t, dir, "odd.safetensors", encodeSafetensors(0, 1))
	if _, err := Open(odd); err == nil || err.Error() != odd+": neither named model.safetensors nor by an index of that model" {
		t.Errorf("got %v", err)
	}
}

// TestFolderLinks: links are the folder's owner's own (caches of downloads are made of them); those in a circle are an error.
func TestFolderLinks(t *testing.T) {
	blobs, dir := writeFolder(t, wholeFolder()), t.TempDir()
	for _, name := range []string{"model.safetensors", "config.json"} {
		if err := os.Symlink(filepath.Join(blobs, name), filepath.Join(dir, name)); err != nil {
			t.Skip("no links here: ", err)
		}
	}
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	checkTensors(t, m, 3)
	circle := t.TempDir()
	if err := os.Symlink("model.safetensors", filepath.Join(circle, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(circle); err == nil || !strings.Contains(err.Error(), filepath.Join(circle, "model.safetensors")+": ") {
		t.Errorf("got %v", err)
	}
	folder := t.TempDir()
	if err := os.Symlink(blobs, filepath.Join(folder, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(folder); err == nil || !strings.Contains(err.Error(), "needs a regular file") {
		t.Errorf("got %v", err)
	}
}

// TestFolderChanged: the files of a folder can fail after it was opened.
func TestFolderChanged(t *testing.T) {
	m, err := Open(writeFolder(t, wholeFolder()))
	if err != nil {
		t.Fatal(err)
	}
	x, _ := m.Tensor("blk.1.weight")
	b, err := x.Bytes()
	if err != nil || !bytes.Equal(b, tensorBytes(1)) {
		t.Error(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if _, err := x.Bytes(); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
	if _, err := (&Model{name: "m.gguf"}).ReadFile("x", 1); !errors.Is(err, fs.ErrNotExist) || err.Error() != "m.gguf: no folder to read x from: file does not exist" {
		t.Errorf("got %v", err)
	}
}
