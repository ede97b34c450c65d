package loader

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// mapFile maps the size bytes of f for reading. The mapping outlives f.
func mapFile(f *os.File, size int64) ([]byte, error) {
	if int64(int(size)) != size {
		return nil, errors.ErrUnsupported // more than this address space
	}
	h, err := windows.CreateFileMapping(windows.Handle(f.Fd()), nil, windows.PAGE_READONLY, uint32(size>>32), uint32(size), nil)
	if err != nil {
		return nil, err
	}
	addr, err := windows.MapViewOfFile(h, windows.FILE_MAP_READ, 0, 0, uintptr(size))
	// The view keeps the mapping alive.
	if closeErr := windows.CloseHandle(h); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	// The address is read out of the variable because it is no Go pointer that go vet could follow.
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&addr)), size), nil
}

func unmapFile(data []byte) error {
	return windows.UnmapViewOfFile(uintptr(unsafe.Pointer(unsafe.SliceData(data))))
}

// dropPages gives back the memory behind n bytes at off of a mapping; they are read from the file again when touched.
func dropPages(data []byte, off, n int64) {
	start, end := pagesWithin(off, n, int64(os.Getpagesize()))
	if start < end {
		// Unlocking pages that are not locked takes them out of the working set, and returns an error that says they were not.
		_ = windows.VirtualUnlock(uintptr(unsafe.Pointer(&data[start])), uintptr(end-start))
	}
}
