//go:build !purego

package kernels

import "github.com/linnet-go/linnet/asm/i8mm"

// levelI8MM multiplies 2 rows with 2 tokens at once (Cortex-A510, A710, Neoverse V1 and N2, Apple A15 and later). Q2_K stays with the level below.
func levelI8MM(l *Level) *Level {
	l.Name = "i8mm"
	l.dot[KindQ8_0], l.dot[KindInt8] = i8mm.DotQ8_0, i8mm.DotInt8
	q2Unpack, q2Tile := l.unpack[KindQ2_K], l.tile[KindQ2_K]
	l.unpack = [kinds]unpackFunc{
		KindQ4_0:   i8mm.UnpackQ4_0,
		KindQ4_1:   i8mm.UnpackQ4_1,
		KindQ5_0:   i8mm.UnpackQ5_0,
		KindQ5_1:   i8mm.UnpackQ5_1,
		KindQ8_0:   i8mm.UnpackQ8_0,
		KindIQ4_NL: i8mm.UnpackIQ4_NL,
		KindMXFP4:  i8mm.UnpackMXFP4,
		KindQ3_K:   i8mm.UnpackQ3_K,
		KindQ4_K:   i8mm.UnpackQ4_K,
		KindQ5_K:   i8mm.UnpackQ5_K,
		KindQ6_K:   i8mm.UnpackQ6_K,
		KindIQ4_XS: i8mm.UnpackIQ4_XS,
		KindInt8:   i8mm.UnpackInt8,
	}
	l.tile = [kinds]tileFunc{
		KindQ4_0:   i8mm.TilePlain,
		KindQ4_1:   i8mm.TileMin,
		KindQ5_0:   i8mm.TilePlain,
		KindQ5_1:   i8mm.TileMin,
		KindQ8_0:   i8mm.TilePlain,
		KindIQ4_NL: i8mm.TilePlain,
		KindMXFP4:  i8mm.TilePlain,
		KindQ3_K:   i8mm.TileHalves,
		KindQ4_K:   i8mm.TileMin,
		KindQ5_K:   i8mm.TileMin,
		KindQ6_K:   i8mm.TileHalves,
		KindIQ4_XS: i8mm.TilePlain,
		KindInt8:   i8mm.TileHalves,
	}
	l.unpack[KindQ2_K], l.tile[KindQ2_K] = q2Unpack, q2Tile
	return l
}
