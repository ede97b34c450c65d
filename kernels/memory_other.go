//go:build !unix && !windows

package kernels

import "unsafe"

// alloc takes heap memory and aligns it by hand: make promises only 8 bytes.
func alloc(n int) ([]byte, error) {
	b := make([]byte, n+63)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & 63)
	return b[skip : skip+n], nil
}

func free([]byte) {}
