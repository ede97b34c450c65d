package engine

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

var globalMemoryStatus = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

// availableMemory returns the bytes of physical memory that can be taken without swapping, or 0 if that is not known.
func availableMemory() int64 {
	var s struct { // MEMORYSTATUSEX
		length, load                                      uint32
		totalPhysical, availablePhysical                  uint64
		totalPage, availablePage                          uint64
		totalVirtual, availableVirtual, availableExtended uint64
	}
	s.length = uint32(unsafe.Sizeof(s))
	if ok, _, _ := globalMemoryStatus.Call(uintptr(unsafe.Pointer(&s))); ok == 0 {
		return 0
	}
	return int64(s.availablePhysical)
}
