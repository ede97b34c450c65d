//go:build !amd64 || purego

package kernels

var nativePeaks map[string]peak
