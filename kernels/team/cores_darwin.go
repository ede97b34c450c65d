package team

import "golang.org/x/sys/unix"

// fastCores returns the number of performance cores.
func fastCores() int {
	if n, err := unix.SysctlUint32("hw.perflevel0.physicalcpu"); err == nil {
		return int(n)
	}
	n, _ := unix.SysctlUint32("hw.physicalcpu")
	return int(n)
}
