package loader

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
)

// resident returns the KiB of memory behind mappings of the file.
func resident(t *testing.T, path string) (kib int) {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip("no /proc/self/smaps here: ", err)
	}
	defer f.Close()
	inside := false
	for s := bufio.NewScanner(f); s.Scan(); {
		line := s.Text()
		var n int
		if first, _, _ := strings.Cut(line, " "); strings.Contains(first, "-") {
			inside = strings.HasSuffix(line, path)
		} else if _, err := fmt.Sscanf(line, "Rss: %d kB", &n); err == nil && inside {
			kib += n
		}
	}
	return kib
}

func TestReleaseAndClose(t *testing.T) {
	path := write(t, "", "m.gguf", tiny(t))
	m, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range m.Tensors() {
		if b, err := x.Bytes(); err != nil || sum(b) != sum(tensorBytes(i)) {
			t.Fatal(err)
		}
	}
	all := resident(t, path)
	for _, x := range m.Tensors() {
		x.Release()
	}
	// What stays are the pages of the head and those that two tensors share.
	left := resident(t, path)
	if all < 90 || left > 4*os.Getpagesize()>>10 {
		t.Errorf("%d KiB resident, %d after Release", all, left)
	}
	checkTensors(t, m, 3)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if n := resident(t, path); n != 0 {
		t.Errorf("%d KiB resident after Close", n)
	}
}
