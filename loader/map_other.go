//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package loader

import (
	"errors"
	"os"
)

// mapFile has nothing to map with here: files are read.
func mapFile(*os.File, int64) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmapFile([]byte) error { return nil }

func dropPages(data []byte, off, n int64) {}
