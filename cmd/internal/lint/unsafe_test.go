package lint

import (
	"path"
	"slices"
	"strings"
	"testing"
)

// unsafeFiles are where unsafe may be imported: patterns of path.Match. The rest of the code is checked by the compiler alone.
var unsafeFiles = []string{
	"asm/*/*.go",
	"kernels/*.go",
	"loader/map_*.go", "loader/source.go", // mapped files and the addresses of faults in them
	"engine/memory_windows.go", // a system call that takes a pointer
}

// pureArchs are CPUs with and without assembly of ours.
var pureArchs = []string{"386", "amd64", "arm", "arm64", "loong64", "mips", "mips64le", "ppc64", "ppc64le", "riscv64", "s390x", "wasm"}

func TestUnsafe(t *testing.T) {
	for _, s := range parsed(t) {
		for _, i := range s.ast.Imports {
			switch i.Path.Value {
			case `"unsafe"`:
				if !slices.ContainsFunc(unsafeFiles, func(pattern string) bool { ok, _ := path.Match(pattern, s.name); return ok }) {
					t.Errorf("%s imports unsafe: only %s may", s.name, strings.Join(unsafeFiles, ", "))
				}
			case `"C"`:
				t.Errorf("%s imports C: linnet builds without cgo", s.name)
			}
		}
	}
}

// TestPurego finds assembly that the tag purego does not switch off, and assembly that no tag and no CPU switches on.
func TestPurego(t *testing.T) {
	for _, dir := range folders(t) {
		for _, arch := range pureArchs {
			if p := packageIn(t, dir, "linux", arch, "purego"); p != nil && len(p.SFiles) > 0 {
				t.Errorf("%s builds %s on %s with the tag purego: its first line must be //go:build !purego", dir, strings.Join(p.SFiles, ", "), arch)
			}
		}
	}
	built := map[string]bool{}
	for _, dir := range folders(t) {
		for _, arch := range pureArchs {
			if p := packageIn(t, dir, "linux", arch); p != nil {
				for _, name := range p.SFiles {
					built[path.Join(dir, name)] = true
				}
			}
		}
	}
	for _, name := range withSuffix(t, ".s") {
		if !built[name] {
			t.Errorf("%s is built nowhere: name its CPU at the end (_amd64.s), beside a Go file that is built there, too", name)
		}
	}
}
