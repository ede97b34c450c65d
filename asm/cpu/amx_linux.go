//go:build amd64

package cpu

import (
	"sync"
	"unsafe"

	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/unix"
)

// Linux gives tile registers to processes that ask: their state makes signal frames larger (Documentation/arch/x86/xstate.rst).
const (
	archGetXCompPerm = 0x1022
	archReqXCompPerm = 0x1023
	xTileData        = 18
)

// AMX says whether the amx level runs: tile registers with products of bytes, and the system's permission to use them, which the first call
// asks for. CPUID alone does not tell: without the permission the first tile instruction is a fault.
var AMX = sync.OnceValue(func() bool {
	if !AVX512() || !cpuid.CPU.Supports(cpuid.AMXTILE, cpuid.AMXINT8) {
		return false
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_ARCH_PRCTL, archReqXCompPerm, xTileData, 0); errno != 0 {
		return false
	}
	return tilePermission()
})

// tilePermission reads back whether tile data may be used.
func tilePermission() bool {
	var mask uint64
	_, _, errno := unix.RawSyscall(unix.SYS_ARCH_PRCTL, archGetXCompPerm, uintptr(unsafe.Pointer(&mask)), 0)
	return errno == 0 && mask&(1<<xTileData) != 0
}
