package loader

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// splitTiny is a model of 3 tensors in 3 parts, the first of them without tensors.
func splitTiny(t testing.TB) map[string][]byte {
	part := func(no, first, last int, pairs ...any) []byte {
		return encode(t, first, last, append(pairs, "split.no", uint16(no), "split.count", uint16(3), "split.tensors.count", int32(3))...)
	}
	return map[string][]byte{
		"m-00001-of-00003.gguf": part(0, 0, 0, "general.architecture", "llama"),
		"m-00002-of-00003.gguf": part(1, 0, 2),
		"m-00003-of-00003.gguf": part(2, 2, 3),
	}
}

// spread writes files into a new folder.
func spread(t *testing.T, files map[string][]byte) string {
	dir := t.TempDir()
	for name, b := range files {
		write(t, dir, name, b)
	}
	return dir
}

func TestSplit(t *testing.T) {
	files := splitTiny(t)
	dir := spread(t, files)
	mapFS := fstest.MapFS{}
	size := 0
	for name, b := range files {
		mapFS["sub/"+name] = &fstest.MapFile{Data: b}
		size += len(b)
	}
	for name := range files {
		path := filepath.Join(dir, name)
		for _, open := range []func() (*Model, error){
			func() (*Model, error) { return Open(path) },
			func() (*Model, error) { return OpenFS(mapFS, "sub/"+name) },
		} {
			m, err := open()
			if err != nil {
				t.Fatal(err)
			}
			if v, _ := m.Meta("general.architecture"); v != "llama" || m.Size() != int64(size) || filepath.Base(m.Name()) != name {
				t.Errorf("%s: architecture %v, size %d, name %s", name, v, m.Size(), m.Name())
			}
			checkTensors(t, m, 3)
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestSplitErrors(t *testing.T) {
	one, two, three := "m-00001-of-00003.gguf", "m-00002-of-00003.gguf", "m-00003-of-00003.gguf"
	keys := func(no, count, tensors any) []any {
		return []any{"split.no", no, "split.count", count, "split.tensors.count", tensors}
	}
	for _, c := range []struct {
		name   string
		change func(files map[string][]byte)
		open   string
		blamed string
		want   string
	}{
		{"missing part", func(f map[string][]byte) { delete(f, two) }, one, two, "(part 2 of 3)"},
		{"missing first", func(f map[string][]byte) { delete(f, one) }, three, one, "(part 1 of 3)"},
		{"broken part", func(f map[string][]byte) { f[two] = f[two][:9] }, one, two, "gguf: header: "},
		{"wrong order", func(f map[string][]byte) { f[two], f[three] = f[three], f[two] }, one, two, "split.no is 2 and split.count 3, so the name needs to end in -00003-of-00003.gguf"},
		{"wrong order, from a wrong one", func(f map[string][]byte) { f[two], f[three] = f[three], f[two] }, three, three, "split.no is 1"},
		{"other count", func(f map[string][]byte) { f[two] = encode(t, 0, 2, keys(uint16(1), uint16(4), int32(3))...) }, one, two, "split.count 4"},
		{"number past the count", func(f map[string][]byte) {
			f["m-00009-of-00003.gguf"] = encode(t, 0, 2, keys(uint16(8), uint16(3), int32(3))...)
		}, "m-00009-of-00003.gguf", "m-00009-of-00003.gguf", "split.no is 8, split.count only 3"},
		{"other total", func(f map[string][]byte) { f[two] = encode(t, 0, 2, keys(uint16(1), uint16(3), int32(4))...) }, one, two, "split.tensors.count is 4, that of "},
		{"fewer tensors than counted", func(f map[string][]byte) { f[two] = encode(t, 0, 1, keys(uint16(1), uint16(3), int32(3))...) }, one, one, "split.tensors.count is 3, the 3 parts have 2"},
		{"same tensor twice", func(f map[string][]byte) { f[two] = encode(t, 1, 3, keys(uint16(1), uint16(3), int32(3))...) }, one, three, `tensor "blk.2.weight" stands in `},
		{"part without keys", func(f map[string][]byte) { f[two] = encode(t, 0, 2) }, one, two, "the name says part 00002 of 00003"},
		{"renamed", func(f map[string][]byte) { f["m.gguf"] = f[one] }, "m.gguf", "m.gguf", "needs to end in -00001-of-00003.gguf"},
		{"count missing a total", func(f map[string][]byte) { f[one] = encode(t, 0, 0, "split.no", uint16(0), "split.count", uint16(3)) }, one, one, `key "split.tensors.count" is missing in one of 3 parts`},
		{"count a string", func(f map[string][]byte) { f[one] = encode(t, 0, 0, keys(uint16(0), "3", int32(3))...) }, one, one, `key "split.count" needs an integer from 0 to 2147483647, got 3 (string)`},
		{"count 2^62", func(f map[string][]byte) { f[one] = encode(t, 0, 0, keys(uint16(0), uint64(1)<<62, int32(3))...) }, one, one, "needs an integer"},
		{"count negative", func(f map[string][]byte) { f[one] = encode(t, 0, 0, keys(uint16(0), int64(-3), int32(3))...) }, one, one, "needs an integer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := splitTiny(t)
			c.change(files)
			dir := spread(t, files)
			m, err := Open(filepath.Join(dir, c.open))
			if err == nil {
				m.Close()
				t.Fatalf("opened")
			}
			if !strings.HasPrefix(err.Error(), filepath.Join(dir, c.blamed)+": ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s: ... %s", err, c.blamed, c.want)
			}
			if strings.HasPrefix(c.name, "missing") != errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v is fs.ErrNotExist: %v", err, errors.Is(err, fs.ErrNotExist))
			}
		})
	}
	first := splitTiny(t)[one]
	if _, err := OpenBytes(first); err == nil || !strings.Contains(err.Error(), "part 1 of 3 of a split model, which opens from files only") {
		t.Errorf("a part in memory: %v", err)
	}
}

// TestMerged opens whole models that look like parts.
func TestMerged(t *testing.T) {
	for name, pairs := range map[string][]any{
		"m.gguf":                {"split.no", uint16(0), "split.count", uint16(0), "split.tensors.count", int32(1)},
		"m-00001-of-00001.gguf": {"split.no", uint16(0), "split.count", uint16(1), "split.tensors.count", int32(1)},
		"n-00001-of-00001.gguf": nil,
	} {
		m, err := Open(write(t, "", name, encode(t, 0, 1, pairs...)))
		if err != nil {
			t.Fatal(err)
		}
		checkTensors(t, m, 1)
		m.Close()
	}
}
