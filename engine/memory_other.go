//go:build !linux && !darwin && !windows

package engine

// availableMemory returns 0: how much memory can be taken is not known.
func availableMemory() int64 { return 0 }
