//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package loader

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shrunk opens a model and cuts its file after n bytes, which Windows does not allow while it is mapped.
func shrunk(t *testing.T, n int64) (m *Model, path string) {
	t.Helper()
	path = write(t, "", "m.gguf", tiny(t))
	m, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	if err := os.Truncate(path, n); err != nil {
		t.Fatal(err)
	}
	return m, path
}

func sum(b []byte) int {
	n := 0
	for _, v := range b {
		n += int(v)
	}
	return n
}

func TestGuardTensor(t *testing.T) {
	m, path := shrunk(t, 40000)
	for _, c := range []struct {
		what string
		read func([]byte) int
	}{
		{"loop", sum},
		{"copy", func(b []byte) int { return copy(make([]byte, len(b)), b) }},
	} {
		for i, x := range m.Tensors() {
			err := m.Guard(func() error {
				b, err := x.Bytes()
				if err == nil && c.read(b) == 0 {
					err = errors.New("read nothing")
				}
				return err
			})
			// The first tensor lies before the cut, the second across it, the third behind it.
			want := fmt.Sprintf("%s: tensor %q: the file was cut short or could not be read while in use (byte 0x", path, x.Name)
			if i == 0 && err != nil || i > 0 && (!errors.Is(err, ErrFault) || !strings.HasPrefix(err.Error(), want)) {
				t.Errorf("%s, tensor %q: %v", c.what, x.Name, err)
			}
		}
	}
}

func TestGuardFolder(t *testing.T) {
	dir := writeFolder(t, wholeFolder())
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	path := filepath.Join(dir, "model.safetensors")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	x, _ := m.Tensor("blk.1.weight")
	err = m.Guard(func() error {
		b, err := x.Bytes()
		return errors.Join(err, fmt.Errorf("read %d", sum(b)))
	})
	if want := path + `: tensor "blk.1.weight": the file was cut short`; !errors.Is(err, ErrFault) || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestGuardMeta(t *testing.T) {
	m, path := shrunk(t, 0)
	if v, ok := m.Meta("tokenizer.ggml.tokens"); v != nil || ok {
		t.Errorf("got %v, %v", v, ok)
	}
	if err := m.Err(); !errors.Is(err, ErrFault) || !strings.HasPrefix(err.Error(), path+": the file was cut short") {
		t.Errorf("got %v", err)
	}
}

func TestOpenDevice(t *testing.T) {
	if _, err := Open(os.DevNull); err == nil || !strings.HasPrefix(err.Error(), os.DevNull+": needs a regular file, got ") {
		t.Errorf("got %v", err)
	}
}
