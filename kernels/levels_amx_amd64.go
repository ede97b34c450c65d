//go:build !purego

package kernels

import "github.com/linnet-go/linnet/asm/amx"

// levelAMX multiplies tiles of 16 tokens in tile registers (Sapphire Rapids and later); what is left over, Q2_K, and all other work is
// that of avx512.
func levelAMX(l *Level) *Level {
	l.Name = "amx"
	l.tilesUnpack = [kinds]unpackFunc{
		KindQ4_0:   amx.UnpackQ4_0,
		KindQ4_1:   amx.UnpackQ4_1,
		KindQ5_0:   amx.UnpackQ5_0,
		KindQ5_1:   amx.UnpackQ5_1,
		KindQ8_0:   amx.UnpackQ8_0,
		KindIQ4_NL: amx.UnpackIQ4_NL,
		KindMXFP4:  amx.UnpackMXFP4,
		KindQ3_K:   amx.UnpackQ3_K,
		KindQ4_K:   amx.UnpackQ4_K,
		KindQ5_K:   amx.UnpackQ5_K,
		KindQ6_K:   amx.UnpackQ6_K,
		KindIQ4_XS: amx.UnpackIQ4_XS,
		KindInt8:   amx.UnpackInt8,
	}
	l.tiles = [kinds]tilesFunc{
		KindQ4_0:   amx.TilePlain,
		KindQ4_1:   amx.TileMin,
		KindQ5_0:   amx.TilePlain,
		KindQ5_1:   amx.TileMin,
		KindQ8_0:   amx.TilePlain,
		KindIQ4_NL: amx.TilePlain,
		KindMXFP4:  amx.TilePlain,
		KindQ3_K:   amx.TileHalves,
		KindQ4_K:   amx.TileMin,
		KindQ5_K:   amx.TileMin,
		KindQ6_K:   amx.TileHalves,
		KindIQ4_XS: amx.TilePlain,
		KindInt8:   amx.TileHalves,
	}
	return l
}
