//go:build unix

package kernels

import (
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// guarded returns n values of T that end right before a page that can't be touched (atEnd) or begin right after one: a kernel that
// reads or writes outside its slices crashes.
func guarded[T any](t testing.TB, n int, atEnd bool) []T {
	t.Helper()
	var zero T
	size, page := n*int(unsafe.Sizeof(zero)), os.Getpagesize()
	room := (size + page - 1) / page * page
	b, err := unix.Mmap(-1, 0, room+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(b) })
	for _, edge := range [][]byte{b[:page], b[page+room:]} {
		if err := unix.Mprotect(edge, unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	if n == 0 {
		return nil
	}
	at := page
	if atEnd {
		at += room - size
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[at])), n)
}
