// Package lint holds the rules of this repository that a compiler does not know, as tests: which package may import which, how long
// files and functions may be, where unsafe and assembly are allowed. It has no code; a message says how to mend what it found.
package lint

import (
	"errors"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/linnet-go/linnet"

// tree is the repository; paths in it have slashes and no dot in front.
var tree = os.DirFS("../../..")

// files returns every file of the repository but those of git and those that stand in .gitignore with a slash in front.
var files = sync.OnceValues(func() ([]string, error) {
	ignore, err := fs.ReadFile(tree, ".gitignore")
	if err != nil {
		return nil, err
	}
	skip := map[string]bool{".git": true}
	for line := range strings.Lines(string(ignore)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "/"); ok {
			skip[strings.TrimSuffix(name, "/")] = true
		}
	}
	var names []string
	err = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case skip[name] && d.IsDir():
			return fs.SkipDir
		case !skip[name] && !d.IsDir():
			names = append(names, name)
		}
		return nil
	})
	return names, err
})

// withSuffix returns the files whose names end so.
func withSuffix(t *testing.T, suffix string) []string {
	t.Helper()
	all, err := files()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, name := range all {
		if strings.HasSuffix(name, suffix) {
			names = append(names, name)
		}
	}
	return names
}

// source is a parsed Go file.
type source struct {
	name string
	fset *token.FileSet
	ast  *ast.File
}

func (s *source) lines(n ast.Node) int {
	return s.fset.Position(n.End()).Line - s.fset.Position(n.Pos()).Line + 1
}

// sources returns all Go files, whatever their build tags.
var sources = sync.OnceValues(func() ([]source, error) {
	all, err := files()
	if err != nil {
		return nil, err
	}
	var list []source
	for _, name := range all {
		if path.Ext(name) != ".go" {
			continue
		}
		b, err := fs.ReadFile(tree, name)
		if err != nil {
			return nil, err
		}
		s := source{name: name, fset: token.NewFileSet()}
		if s.ast, err = parser.ParseFile(s.fset, name, b, parser.ParseComments|parser.SkipObjectResolution); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
})

func parsed(t *testing.T) []source {
	t.Helper()
	list, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// folders returns the folders that hold Go files.
func folders(t *testing.T) []string {
	t.Helper()
	var dirs []string
	for _, s := range parsed(t) {
		if dir := path.Dir(s.name); len(dirs) == 0 || dirs[len(dirs)-1] != dir {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// packageIn reads the package in a folder as it is built for a system, a CPU and tags; nil where nothing of it is.
func packageIn(t *testing.T, dir, goos, goarch string, tags ...string) *build.Package {
	t.Helper()
	ctx := build.Default
	ctx.GOOS, ctx.GOARCH, ctx.BuildTags, ctx.CgoEnabled = goos, goarch, tags, false
	p, err := ctx.ImportDir("../../../"+dir, 0)
	if _, ok := errors.AsType[*build.NoGoError](err); ok {
		return nil
	}
	if err != nil {
		t.Fatalf("%s for %s/%s: %v", dir, goos, goarch, err)
	}
	return p
}
