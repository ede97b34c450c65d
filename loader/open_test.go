package loader

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/linnet-go/linnet/loader/gguf"
)

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "README.md", []byte("# Models\n\nNothing here.\n"))
	write(t, dir, "empty.gguf", nil)
	write(t, dir, "cut.gguf", tiny(t)[:3000])
	write(t, dir, "stories260K.gguf", tiny(t))
	if err := os.MkdirAll(filepath.Join(dir, "folder", "none"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "folder"), "x.gguf", nil)
	for _, c := range []struct {
		path string
		is   error
		want string // after the path
	}{
		{"README.md", gguf.ErrNotGGUF, `: not a GGUF file: begins with "# Mod"`},
		{"empty.gguf", gguf.ErrNotGGUF, ": not a GGUF file: it is empty"},
		{"cut.gguf", gguf.ErrTruncated, `: gguf: tensor "blk.0.weight": needs 32000 bytes`},
		{"folder", nil, `: is a directory without model.safetensors; it holds "x.gguf"`},
		{filepath.Join("folder", "none"), nil, ": is a directory without model.safetensors"},
		{"stories260k.guf", fs.ErrNotExist, `; the nearest name there is "stories260K.gguf"`},
		{"stories.gguf", fs.ErrNotExist, `; the nearest name there is "stories260K.gguf"`},
		{"readme", fs.ErrNotExist, `; the nearest name there is "README.md"`},
		{"nothing-of-the-kind.bin", fs.ErrNotExist, ": "},
		{filepath.Join("folder", "none", "m.gguf"), fs.ErrNotExist, ": "},
		{filepath.Join("absent", "m.gguf"), fs.ErrNotExist, "(the folder " + filepath.Join(dir, "absent") + " cannot be read either)"},
		{filepath.Join("README.md", "m.gguf"), nil, ": "},
	} {
		path := filepath.Join(dir, c.path)
		_, err := Open(path)
		if err == nil || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: got %v, want %v", c.path, err, c.is)
			continue
		}
		if rest, ok := strings.CutPrefix(err.Error(), path); !ok || !strings.Contains(rest, c.want) || strings.Contains(rest, "\n") || strings.Contains(rest, path) {
			t.Errorf("%s: got %v, want the path and %s", c.path, err, c.want)
		}
		if strings.Contains(c.want, "nearest") != strings.Contains(err.Error(), "nearest") {
			t.Errorf("%s: %v", c.path, err)
		}
	}
}

func TestOpenFSErrors(t *testing.T) {
	fsys := fstest.MapFS{"README.md": {Data: []byte("# Models\n")}, "dir/m.gguf": {Data: tiny(t)[:40]}}
	for _, c := range []struct {
		name string
		is   error
		want string
	}{
		{"README.md", gguf.ErrNotGGUF, `README.md: not a GGUF file: begins with "# Mod"`},
		{"dir", nil, "dir: is a directory without model.safetensors"},
		{"dir/m.gguf", gguf.ErrTruncated, "dir/m.gguf: gguf: header: "},
		{"absent.gguf", fs.ErrNotExist, "absent.gguf: file does not exist"},
	} {
		for _, fsys := range []fs.FS{fsys, plainFS{fsys}} {
			if _, err := OpenFS(fsys, c.name); err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %s", c.name, err, c.want)
			}
		}
	}
	if _, err := OpenBytes(nil); !errors.Is(err, gguf.ErrNotGGUF) {
		t.Errorf("no bytes: %v", err)
	}
}

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"model", "modle", 2}, {"model.gguf", "model.gguf", 0}, {"ab", "ba", 2}} {
		if got := edits(c.a, c.b, 9); got != c.want {
			t.Errorf("edits(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := edits(c.b, c.a, 9); got != c.want {
			t.Errorf("edits(%q, %q) = %d, want %d", c.b, c.a, got, c.want)
		}
	}
}
