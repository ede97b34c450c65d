package lint

import (
	"bytes"
	"go/ast"
	"io/fs"
	"strings"
	"testing"
)

const (
	maxFile     = 500  // lines of a hand-written Go file
	maxFunction = 60   // lines, from func to the closing brace
	maxAssembly = 1500 // lines of a generated .s file
	maxAsm      = 3e6  // bytes of the folder asm
	maxTree     = 30e6 // bytes of the repository
)

func TestGoSizes(t *testing.T) {
	for _, s := range parsed(t) {
		if n := s.fset.File(s.ast.FileStart).LineCount(); n > maxFile && !ast.IsGenerated(s.ast) {
			t.Errorf("%s has %d lines, may have %d: split it by what its parts are for", s.name, n, maxFile)
		}
		for f := range ast.Preorder(s.ast) {
			name := "a function literal"
			switch f := f.(type) {
			case *ast.FuncDecl:
				name = f.Name.Name
			case *ast.FuncLit:
			default:
				continue
			}
			if n := s.lines(f); n > maxFunction {
				t.Errorf("%s: %s has %d lines, may have %d: give its steps names", s.fset.Position(f.Pos()), name, n, maxFunction)
			}
		}
	}
}

func TestAssemblySizes(t *testing.T) {
	for _, name := range withSuffix(t, ".s") {
		b, err := fs.ReadFile(tree, name)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(b, []byte("\n")); n > maxAssembly {
			t.Errorf("%s has %d lines, may have %d: let asm/gen split it by operation and type", name, n, maxAssembly)
		}
	}
}

func TestTreeSize(t *testing.T) {
	var asm, all int64
	for _, name := range withSuffix(t, "") {
		info, err := fs.Stat(tree, name)
		if err != nil {
			t.Fatal(err)
		}
		all += info.Size()
		if strings.HasPrefix(name, "asm/") {
			asm += info.Size()
		}
	}
	if asm > maxAsm {
		t.Errorf("asm has %d bytes, may have %.0f: unroll less, or share kernels between types", asm, maxAsm)
	}
	if all > maxTree {
		t.Errorf("the repository has %d bytes, may have %.0f: shrink its testdata", all, maxTree)
	}
}
