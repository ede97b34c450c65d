//go:build !purego

package kernels

import "github.com/linnet-go/linnet/asm/avxvnni"

// levelAVXVNNI adds products of four bytes at once in 256-bit vectors (Alder Lake and later).
func levelAVXVNNI(l *Level) *Level {
	l.Name = "avxvnni"
	l.dot = [kinds]dotFunc{
		KindQ4_0:   avxvnni.DotQ4_0,
		KindQ4_1:   avxvnni.DotQ4_1,
		KindQ5_0:   avxvnni.DotQ5_0,
		KindQ5_1:   avxvnni.DotQ5_1,
		KindQ8_0:   avxvnni.DotQ8_0,
		KindIQ4_NL: avxvnni.DotIQ4_NL,
		KindMXFP4:  avxvnni.DotMXFP4,
		KindQ2_K:   avxvnni.DotQ2_K,
		KindQ3_K:   avxvnni.DotQ3_K,
		KindQ4_K:   avxvnni.DotQ4_K,
		KindQ5_K:   avxvnni.DotQ5_K,
		KindQ6_K:   avxvnni.DotQ6_K,
		KindIQ4_XS: avxvnni.DotIQ4_XS,
		KindInt8:   avxvnni.DotInt8,
	}
	l.tile = [kinds]tileFunc{
		KindQ4_0:   avxvnni.TileQ4_0,
		KindQ4_1:   avxvnni.TileQ4_1,
		KindQ5_0:   avxvnni.TileQ5_0,
		KindQ5_1:   avxvnni.TileQ5_1,
		KindQ8_0:   avxvnni.TileQ8_0,
		KindIQ4_NL: avxvnni.TileQ8_0,
		KindMXFP4:  avxvnni.TileMXFP4,
		KindQ2_K:   avxvnni.TileQ2_K,
		KindQ3_K:   avxvnni.TileQ3_K,
		KindQ4_K:   avxvnni.TileQ4_1,
		KindQ5_K:   avxvnni.TileQ5_1,
		KindQ6_K:   avxvnni.TileQ6_K,
		KindIQ4_XS: avxvnni.TileQ8_0,
		KindInt8:   avxvnni.TileInt8,
	}
	return l
}
