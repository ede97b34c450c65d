package gguf

import (
	"errors"
	"fmt"
)

// What a caller can branch on with errors.Is. Any other *Error is a file that contradicts itself or the format.
var (
	ErrNotGGUF     = errors.New("not a GGUF file")
	ErrTruncated   = errors.New("truncated GGUF file")
	ErrUnsupported = errors.New("unsupported GGUF file") // a version, byte order or tensor type that is not read
)

// Error is what is wrong in a file, and where.
type Error struct {
	What    string // the thing at fault: `tensor "output.weight"`, `key "general.name"`, or "" for the file as a whole
	Problem string // what was needed and what was found
	Offset  int64  // bytes from the start of the file
	Err     error  // one of the sentinels above, an error of the reader, or nil
}

// Error returns one line: `gguf: tensor "x": Q4_K needs rows of a multiple of 256 values, got 130 (byte 0x1f40)`.
func (e *Error) Error() string {
	switch {
	case e.Err == ErrNotGGUF:
		return fmt.Sprintf("%v: %s", e.Err, e.Problem)
	case e.What == "":
		return fmt.Sprintf("gguf: %s (byte %#x)", e.Problem, e.Offset)
	}
	return fmt.Sprintf("gguf: %s: %s (byte %#x)", e.What, e.Problem, e.Offset)
}

// Unwrap returns the sentinel or the error of the reader.
func (e *Error) Unwrap() error { return e.Err }

// errorAt returns an Error without a sentinel.
func errorAt(off int64, what, format string, args ...any) *Error {
	return &Error{What: what, Problem: fmt.Sprintf(format, args...), Offset: off}
}

// within names the thing in which err happened, unless err names one already.
func within(what string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.What == "" {
		e.What = what
	}
	return err
}
