package loader

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxNames is how many names of a folder are looked at for a proposal.
const maxNames = 2000

// missing returns the error for a path that does not exist, with the nearest name in its folder. err is what opening it said.
func missing(path string, err error) error {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	names, dirErr := listDir(dir)
	if dirErr != nil {
		return fmt.Errorf("%w (the folder %s cannot be read either)", err, filepath.Clean(dir))
	}
	if name := nearest(base, names); name != "" {
		return fmt.Errorf("%w; the nearest name there is %q", err, name)
	}
	return err
}

func listDir(path string) ([]string, error) {
	d, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(maxNames)
	if err == io.EOF {
		err = nil
	}
	return names, err
}

// listFS is listDir for a folder of fsys.
func listFS(fsys fs.FS, path string) ([]string, error) {
	entries, err := fs.ReadDir(fsys, path)
	names := make([]string, min(len(entries), maxNames))
	for i := range names {
		names[i] = entries[i].Name()
	}
	return names, err
}

// nearest returns the name with the fewest edits from what was meant, or nothing if even that shares less than half of its letters.
func nearest(meant string, names []string) string {
	best, least := "", max(len(meant)/2, 2)+1
	for _, name := range names {
		// Of two that are equally far the first in the alphabet, whatever the order of the folder.
		if n := edits(strings.ToLower(meant), strings.ToLower(name), least); n < least || n == least && best != "" && name < best {
			best, least = name, n
		}
	}
	return best
}

// edits returns the number of letters to insert, delete or replace to make b of a (Levenshtein's distance), or some number above
// limit if it is above limit.
func edits(a, b string, limit int) int {
	if max(len(a)-len(b), len(b)-len(a)) > limit {
		return limit + 1
	}
	// row[j] is the distance of a[:i] and b[:j].
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
