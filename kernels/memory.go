package kernels

import (
	"fmt"
	"unsafe"
)

// align rounds n up to whole huge pages for large blocks, so that the system can back them with 2 MB pages.
func align(n int) int {
	if n >= hugePage {
		return (n + hugePage - 1) &^ (hugePage - 1)
	}
	return n
}

const hugePage = 2 << 20

// Alloc returns n zero bytes outside the Go heap where the system has such memory, aligned to 64 bytes. Free gives them back.
func Alloc(n int) ([]byte, error) {
	b, err := alloc(n)
	if err != nil {
		return nil, fmt.Errorf("%d bytes of memory: %w", n, err)
	}
	return b, nil
}

// Free gives back what Alloc returned; nothing may use it any more.
func Free(b []byte) { free(b) }

// floats is a view of aligned memory as f32.
func floats(b []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}
