package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// windowBytes is what is read at once from a file that is not in memory.
const windowBytes = 64 << 10

// reader walks through the head of a file. It hands out views of a window of the file, which for a file in memory is all of it.
type reader struct {
	src    io.ReaderAt // nil when the file is in memory
	size   int64       // bytes of the file
	off    int64       // of the next byte; never beyond size
	window []byte
	base   int64 // offset in the file of window[0]
}

// left returns the bytes that follow.
func (r *reader) left() uint64 { return uint64(r.size - r.off) }

// need returns an error unless n more bytes follow.
func (r *reader) need(n uint64, thing string) error {
	if n <= r.left() {
		return nil
	}
	return &Error{Problem: fmt.Sprintf("%s needs %d bytes, %d are left", thing, n, r.left()), Offset: r.off, Err: ErrTruncated}
}

// next returns the next n bytes, valid until the next call, and moves past them.
func (r *reader) next(n uint64, thing string) ([]byte, error) {
	if err := r.need(n, thing); err != nil {
		return nil, err
	}
	if r.off < r.base || uint64(r.off-r.base)+n > uint64(len(r.window)) {
		if err := r.fill(n); err != nil {
			return nil, err
		}
	}
	at := r.off - r.base
	r.off += int64(n)
	return r.window[at : at+int64(n) : at+int64(n)], nil
}

// fill moves the window to the next byte, and makes it at least n bytes long, which need found to be there.
func (r *reader) fill(n uint64) error {
	want := min(max(n, windowBytes), r.left())
	if uint64(cap(r.window)) < want {
		r.window = make([]byte, want)
	}
	r.window, r.base = r.window[:want], r.off
	return readFull(r.src, r.window, r.off)
}

// skip moves past n bytes.
func (r *reader) skip(n uint64, thing string) error {
	if err := r.need(n, thing); err != nil {
		return err
	}
	r.off += int64(n)
	return nil
}

func (r *reader) u32(thing string) (uint32, error) {
	b, err := r.next(4, thing)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

func (r *reader) u64(thing string) (uint64, error) {
	b, err := r.next(8, thing)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// str returns the bytes of the string that follows, valid until the next call.
func (r *reader) str(thing string) ([]byte, error) {
	n, err := r.u64(thing)
	if err != nil {
		return nil, err
	}
	return r.next(n, thing)
}

// readFull reads len(b) bytes at off, all of which the file was said to have.
func readFull(src io.ReaderAt, b []byte, off int64) error {
	n, err := src.ReadAt(b, off)
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Problem: fmt.Sprintf("the file ends %d bytes before its stated size allows", len(b)-n), Offset: off + int64(n), Err: ErrTruncated}
	}
	return &Error{Problem: err.Error(), Offset: off, Err: err}
}
