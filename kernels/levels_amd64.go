//go:build !purego

package kernels

import "github.com/linnet-go/linnet/asm/cpu"

// nativeLevels returns the levels of this CPU, each built on the one before it.
func nativeLevels() []*Level {
	var levels []*Level
	add := func(have bool, build func(*Level) *Level) {
		if have {
			base := *ref()
			if len(levels) > 0 {
				base = *levels[len(levels)-1]
			}
			levels = append(levels, build(&base))
		}
	}
	add(cpu.AVX2(), levelAVX2)
	add(cpu.AVXVNNI(), levelAVXVNNI)
	add(cpu.AVX512(), levelAVX512)
	add(cpu.AMX(), levelAMX)
	return levels
}
