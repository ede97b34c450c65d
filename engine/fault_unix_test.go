//go:build unix

package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/linnet-go/linnet/loader"
)

// TestFileCutInUse cuts a mapped file after it was opened: what reads it fails, and the program goes on.
func TestFileCutInUse(t *testing.T) {
	file, err := os.ReadFile(tinyFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range []int64{0, 100 << 10, 200 << 10} {
		path := filepath.Join(t.TempDir(), "model.gguf")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		m := openModel(t, path)
		if err := os.Truncate(path, left); err != nil {
			t.Fatal(err)
		}
		if _, err := m.NewSession().Next(context.Background(), "Once"); !errors.Is(err, loader.ErrFault) {
			t.Errorf("%d bytes left: %v", left, err)
		}
	}
}
