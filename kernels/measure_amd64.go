//go:build !purego

package kernels

import (
	"github.com/linnet-go/linnet/asm/amx"
	"github.com/linnet-go/linnet/asm/avx2"
	"github.com/linnet-go/linnet/asm/avx512"
	"github.com/linnet-go/linnet/asm/avxvnni"
)

// nativePeaks are the loops of the levels. A round has 12 instructions on whole registers, or 4 products of tiles of 16 rows of 64 bytes.
var nativePeaks = map[string]peak{
	"avx2":    {avx2.PeakInt8, avx2.PeakFloat, 12 * 32, 12 * 8},
	"avxvnni": {avxvnni.PeakInt8, avx2.PeakFloat, 12 * 32, 12 * 8},
	"avx512":  {avx512.PeakInt8, avx512.PeakFloat, 12 * 64, 12 * 16},
	"amx":     {amx.PeakInt8, avx512.PeakFloat, 4 * 16 * 16 * 64, 12 * 16},
}
