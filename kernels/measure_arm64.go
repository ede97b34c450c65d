//go:build !purego

package kernels

import (
	"github.com/linnet-go/linnet/asm/dotprod"
	"github.com/linnet-go/linnet/asm/i8mm"
	"github.com/linnet-go/linnet/asm/neon"
)

// nativePeaks are the loops of the levels. A round has 24 instructions.
var nativePeaks = map[string]peak{
	"neon":    {neon.PeakInt8, neon.PeakFloat, 24 * 8, 24 * 4},
	"dotprod": {dotprod.PeakInt8, neon.PeakFloat, 24 * 16, 24 * 4},
	"i8mm":    {i8mm.PeakInt8, neon.PeakFloat, 24 * 32, 24 * 4},
}
