//go:build !purego

package kernels

func nativeLevels() []*Level { return nil }
