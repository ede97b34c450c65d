package engine

import "golang.org/x/sys/unix"

// availableMemory returns the bytes of memory of the machine: this system compresses and drops pages rather than running out.
func availableMemory() int64 {
	n, _ := unix.SysctlUint64("hw.memsize") // 0 if it is not known
	return int64(n)
}
