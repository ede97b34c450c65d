//go:build (!amd64 && !arm64) || purego

package kernels

var nativePeaks map[string]peak
