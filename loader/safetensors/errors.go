package safetensors

import (
	"errors"
	"fmt"
)

// What a caller can branch on with errors.Is. Any other *Error is a file that contradicts itself or the format.
var (
	ErrNotSafetensors = errors.New("not a safetensors file")
	ErrTruncated      = errors.New("truncated safetensors file")
	ErrUnsupported    = errors.New("unsupported safetensors file") // a dtype that is not read
)

// Error is what is wrong in a file, and where.
type Error struct {
	What    string // the thing at fault: `tensor "lm_head.weight"`, `key "rope_scaling.factor"`, or "" for the file as a whole
	Problem string // what was needed and what was found
	Offset  int64  // bytes from the start of the file
	Err     error  // one of the sentinels above, an error of the reader, or nil
}

// Error returns one line: `safetensors: tensor "x": F32 of [2 3] takes 24 bytes, data_offsets hold 20 (byte 0x1f40)`.
func (e *Error) Error() string {
	switch {
	case e.Err == ErrNotSafetensors:
		return fmt.Sprintf("%v: %s", e.Err, e.Problem)
	case e.What == "":
		return fmt.Sprintf("safetensors: %s (byte %#x)", e.Problem, e.Offset)
	}
	return fmt.Sprintf("safetensors: %s: %s (byte %#x)", e.What, e.Problem, e.Offset)
}

// Unwrap returns the sentinel or the error of the reader.
func (e *Error) Unwrap() error { return e.Err }

// within names the thing in which err happened, unless err names one already.
func within(what string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.What == "" {
		e.What = what
	}
	return err
}
