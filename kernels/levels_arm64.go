//go:build !purego

package kernels

import "github.com/linnet-go/linnet/asm/cpu"

// nativeLevels returns the levels of this CPU, each built on the one before it.
func nativeLevels() []*Level {
	levels := []*Level{levelNEON(ref())}
	add := func(have bool, build func(*Level) *Level) {
		if have {
			base := *levels[len(levels)-1]
			levels = append(levels, build(&base))
		}
	}
	add(cpu.DotProd(), levelDotProd)
	add(cpu.DotProd() && cpu.I8MM(), levelI8MM)
	return levels
}
