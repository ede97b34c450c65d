package gen

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var generate = flag.Bool("generate", false, "write the generated files instead of comparing them")

// TestFresh compares every generated file with what is checked in, and finds files that nothing generates any more.
func TestFresh(t *testing.T) {
	want := Files()
	for name, text := range want {
		path := filepath.Join("..", filepath.FromSlash(name))
		if *generate {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		have, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("%v: run go test ./asm/gen -generate", err)
		} else if string(have) != text {
			t.Errorf("asm/%s is stale: run go test ./asm/gen -generate", name)
		}
	}
	for _, lv := range allLevels() {
		pkg, _, _ := lv.id()
		paths, err := filepath.Glob(filepath.Join("..", pkg, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			name := pkg + "/" + filepath.Base(path)
			if _, ok := want[name]; ok {
				continue
			}
			if !*generate {
				t.Errorf("asm/%s is not generated: remove it", name)
			} else if err := os.Remove(path); err != nil {
				t.Error(err)
			}
		}
	}
}
