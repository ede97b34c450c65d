//go:build !purego

package kernels

import "github.com/linnet-go/linnet/asm/neon"

// levelNEON is the level of every arm64 CPU: vectors of 16 bytes, products of bytes to 16 bits. Unpacked codes are signed, without their offset.
func levelNEON(l *Level) *Level {
	l.Name = "neon"
	l.ownCodes = true
	l.dot = [kinds]dotFunc{
		KindQ4_0:   neon.DotQ4_0,
		KindQ4_1:   neon.DotQ4_1,
		KindQ5_0:   neon.DotQ5_0,
		KindQ5_1:   neon.DotQ5_1,
		KindQ8_0:   neon.DotQ8_0,
		KindIQ4_NL: neon.DotIQ4_NL,
		KindMXFP4:  neon.DotMXFP4,
		KindQ2_K:   neon.DotQ2_K,
		KindQ3_K:   neon.DotQ3_K,
		KindQ4_K:   neon.DotQ4_K,
		KindQ5_K:   neon.DotQ5_K,
		KindQ6_K:   neon.DotQ6_K,
		KindIQ4_XS: neon.DotIQ4_XS,
		KindInt8:   neon.DotInt8,
	}
	l.unpack = [kinds]unpackFunc{
		KindQ4_0:   neon.UnpackQ4_0,
		KindQ4_1:   neon.UnpackQ4_1,
		KindQ5_0:   neon.UnpackQ5_0,
		KindQ5_1:   neon.UnpackQ5_1,
		KindQ8_0:   neon.UnpackQ8_0,
		KindIQ4_NL: neon.UnpackIQ4_NL,
		KindMXFP4:  neon.UnpackMXFP4,
		KindQ2_K:   neon.UnpackQ2_K,
		KindQ3_K:   neon.UnpackQ3_K,
		KindQ4_K:   neon.UnpackQ4_K,
		KindQ5_K:   neon.UnpackQ5_K,
		KindQ6_K:   neon.UnpackQ6_K,
		KindIQ4_XS: neon.UnpackIQ4_XS,
		KindInt8:   neon.UnpackInt8,
	}
	l.tile = [kinds]tileFunc{
		KindQ4_0:   neon.TilePlain,
		KindQ4_1:   neon.TileMin,
		KindQ5_0:   neon.TilePlain,
		KindQ5_1:   neon.TileMin5,
		KindQ8_0:   neon.TilePlain8,
		KindIQ4_NL: neon.TilePlain8,
		KindMXFP4:  neon.TilePlain,
		KindQ2_K:   neon.TileHalvesMin,
		KindQ3_K:   neon.TileHalves,
		KindQ4_K:   neon.TileMin,
		KindQ5_K:   neon.TileMin5,
		KindQ6_K:   neon.TileHalves,
		KindIQ4_XS: neon.TilePlain8,
		KindInt8:   neon.TileHalves8,
	}
	neonRows(l)
	return l
}

// neonRows sets what works on f32 values.
func neonRows(l *Level) {
	l.dotFloat = [kinds]dotFloatFunc{KindF32: neon.DotF32, KindF16: neon.DotF16, KindBF16: neon.DotBF16}
	l.unpackFloat[KindF16], l.unpackFloat[KindBF16] = neon.UnpackF16, neon.UnpackBF16
	l.tileFloat = neon.TileFloat
	l.quantize, l.sum, l.sumSquares = neon.Quantize, neon.Sum, neon.SumSquares
	l.scale, l.mul, l.add = neon.Scale, neon.Mul, neon.Add
	l.swiGLU, l.geGLU, l.softCap = neon.SwiGLU, neon.GeGLU, neon.SoftCap
	l.activate = [activations]func(x []float32){SiLU: neon.SiLU, GELU: neon.GELU, GELUErf: neon.GELUErf, ReLU2: neon.ReLU2}
	l.max, l.expSum = neon.Max, neon.ExpSum
	l.scores = [cacheTypes]scoresFunc{CacheF16: neon.ScoresF16, CacheF32: neon.ScoresF32, CacheQ8_0: neon.ScoresQ8_0}
	l.values = [cacheTypes]valuesFunc{CacheF16: neon.ValuesF16, CacheF32: neon.ValuesF32, CacheQ8_0: neon.ValuesQ8_0}
}
