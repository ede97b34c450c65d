package engine

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/linnet-go/linnet/kernels"
)

// The models that every clone has: a Llama that has read stories, and one of random weights (testdata/README.md).
const (
	tinyFile   = "../cmd/internal/tiny/stories260K-q8_0.gguf"
	randomFile = "testdata/Q4_K.gguf"
)

// sharedFiles returns the reference files of a pattern, which lie beside the repository or in $LINNET_SHARED. A test skips without them,
// unless LINNET_MUST_SHARED=1.
func sharedFiles(t testing.TB, pattern string) []string {
	t.Helper()
	dir := os.Getenv("LINNET_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		if os.Getenv("LINNET_MUST_SHARED") == "1" {
			t.Fatalf("no reference files %s in %s", pattern, dir)
		}
		t.Skipf("no reference files %s in %s", pattern, dir)
	}
	return files
}

// levelNames returns the levels of this CPU, ref first; under the race detector only the best.
func levelNames() []string {
	var names []string
	for _, l := range kernels.Levels() {
		names = append(names, l.Name)
	}
	if raceEnabled {
		return names[len(names)-1:]
	}
	return names
}

// openModel opens a file that the test closes.
func openModel(t testing.TB, path string, opts ...Option) *Model {
	t.Helper()
	m, err := Open(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// allLogits returns the logits of ids[first:], row after row.
func allLogits(t testing.TB, s *Session, ids []int32, first int) []float32 {
	t.Helper()
	var all []float32
	for row, err := range s.Logits(context.Background(), ids, first) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, row...)
	}
	return all
}

func readIDs(t testing.TB, path string) []int32 {
	t.Helper()
	words := readWords(t, path)
	ids := make([]int32, len(words))
	for i, w := range words {
		ids[i] = int32(w)
	}
	return ids
}

func readFloats(t testing.TB, path string) []float32 {
	t.Helper()
	words := readWords(t, path)
	x := make([]float32, len(words))
	for i, w := range words {
		x[i] = math.Float32frombits(w)
	}
	return x
}

func readWords(t testing.TB, path string) []uint32 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil || len(b) == 0 || len(b)%4 != 0 {
		t.Fatalf("%s: %d bytes, %v", path, len(b), err)
	}
	var words []uint32
	for w := range slices.Chunk(b, 4) {
		words = append(words, binary.LittleEndian.Uint32(w))
	}
	return words
}

// baseName is the name of a file without folder and extension.
func baseName(path string) string {
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}
