package kernels

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

func alloc(n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	p, err := windows.VirtualAlloc(0, uintptr(align(n)), windows.MEM_COMMIT|windows.MEM_RESERVE, windows.PAGE_READWRITE)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&p)), align(n))[:n], nil
}

func free(b []byte) {
	if cap(b) > 0 {
		_ = windows.VirtualFree(uintptr(unsafe.Pointer(unsafe.SliceData(b))), 0, windows.MEM_RELEASE)
	}
}
