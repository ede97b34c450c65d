//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package loader

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps the size bytes of f for reading. The mapping outlives f. It gives no advice on the way it will be read: read through
// once from a cold cache, MADV_SEQUENTIAL and MADV_WILLNEED were no faster than the default, and MADV_RANDOM took 20 × as long.
func mapFile(f *os.File, size int64) ([]byte, error) {
	if int64(int(size)) != size {
		return nil, errors.ErrUnsupported // more than this address space
	}
	return unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
}

func unmapFile(data []byte) error { return unix.Munmap(data) }

// dropPages gives back the memory behind n bytes at off of a mapping; they are read from the file again when touched.
func dropPages(data []byte, off, n int64) {
	start, end := pagesWithin(off, n, int64(os.Getpagesize()))
	if start < end {
		// Advice only: where the system does not take it the pages stay until it needs them, and nothing is lost.
		_ = unix.Madvise(data[start:end], unix.MADV_DONTNEED)
	}
}
