package loader

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// ErrFault says that a mapped file could not be read while in use: it was cut shorter, or its disk or network failed.
var ErrFault = errors.New("the file was cut short or could not be read while in use")

// Guard calls f, and turns a fault at a mapped byte of the model (SIGBUS, which would end the program) into an error that wraps
// ErrFault and names file and tensor. It guards the calling goroutine only, so each goroutine that reads views of tensors for the first
// time calls it by itself. Any other panic of f goes on.
func (m *Model) Guard(f func() error) error { return guard(m.parts, f) }

func guard(parts []*part, f func() error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(before)
		r := recover()
		if r == nil {
			return
		}
		if fault, ok := r.(interface{ Addr() uintptr }); ok {
			for _, p := range parts {
				if off, ok := p.source.contains(fault.Addr()); ok {
					err = p.fault(off)
					return
				}
			}
		}
		panic(r)
	}()
	return f()
}

// fault returns the error for byte off of the file, which could not be read.
func (p *part) fault(off int64) error {
	if p.File != nil {
		for i := range p.Tensors {
			if t := &p.Tensors[i]; t.Offset <= off && off < t.Offset+t.Size {
				return fmt.Errorf("%s: tensor %q: %w (byte %#x)", p.name, t.Name, ErrFault, off)
			}
		}
	}
	return fmt.Errorf("%s: %w (byte %#x)", p.name, ErrFault, off)
}

// pagesWithin returns the part of n bytes at off that is whole pages of the given size: bytes of a neighbour stay untouched.
func pagesWithin(off, n, page int64) (start, end int64) {
	start = (off + page - 1) &^ (page - 1)
	end = (off + n) &^ (page - 1)
	return start, max(start, end)
}
