package loader

import (
	"fmt"
	"io"
	"unsafe"

	"github.com/linnet-go/linnet/loader/gguf"
	"github.com/linnet-go/linnet/loader/safetensors"
)

// source is the bytes of one file.
type source interface {
	parse() (*gguf.File, error)
	parseSafetensors() (*safetensors.File, error)
	size() int64
	// bytes returns n bytes at off, which lie inside the file.
	bytes(off, n int64) ([]byte, error)
	// release says that these bytes will not be read again soon.
	release(off, n int64)
	// contains returns the offset in the file of an address; ok is false if the address is not that of a mapped byte of it.
	contains(addr uintptr) (off int64, ok bool)
	close() error
}

// memory is a file in memory, mapped or not.
type memory struct {
	data   []byte
	mapped bool
}

func (s *memory) parse() (*gguf.File, error)                   { return gguf.ParseBytes(s.data) }
func (s *memory) parseSafetensors() (*safetensors.File, error) { return safetensors.ParseBytes(s.data) }
func (s *memory) size() int64                                  { return int64(len(s.data)) }
func (s *memory) bytes(off, n int64) ([]byte, error)           { return s.data[off : off+n : off+n], nil }

func (s *memory) release(off, n int64) {
	if s.mapped {
		dropPages(s.data, off, n)
	}
}

func (s *memory) contains(addr uintptr) (int64, bool) {
	off := addr - uintptr(unsafe.Pointer(unsafe.SliceData(s.data)))
	return int64(off), s.mapped && off < uintptr(len(s.data))
}

func (s *memory) close() error {
	if !s.mapped {
		return nil
	}
	return unmapFile(s.data)
}

// readerAt is a file that is read at each use.
type readerAt struct {
	r      io.ReaderAt
	n      int64
	closer io.Closer
}

func (s *readerAt) parse() (*gguf.File, error)                   { return gguf.Parse(s.r, s.n) }
func (s *readerAt) parseSafetensors() (*safetensors.File, error) { return safetensors.Parse(s.r, s.n) }
func (s *readerAt) size() int64                                  { return s.n }
func (s *readerAt) release(off, n int64)                         {}
func (s *readerAt) contains(uintptr) (int64, bool)               { return 0, false }
func (s *readerAt) close() error                                 { return s.closer.Close() }

func (s *readerAt) bytes(off, n int64) ([]byte, error) {
	b := make([]byte, n)
	if got, err := s.r.ReadAt(b, off); int64(got) < n {
		return nil, fmt.Errorf("needs %d bytes at %#x, got %d: %w", n, off, got, err)
	}
	return b, nil
}
