//go:build !purego

package kernels

import "github.com/linnet-go/linnet/asm/avx512"

// levelAVX512 has 512-bit vectors with products of four bytes (Ice Lake, Zen 4 and later). A tile takes two panels; the last one of an odd
// number is left to the level below.
func levelAVX512(l *Level) *Level {
	l.Name = "avx512"
	l.dot = [kinds]dotFunc{
		KindQ4_0:   avx512.DotQ4_0,
		KindQ4_1:   avx512.DotQ4_1,
		KindQ5_0:   avx512.DotQ5_0,
		KindQ5_1:   avx512.DotQ5_1,
		KindQ8_0:   avx512.DotQ8_0,
		KindIQ4_NL: avx512.DotIQ4_NL,
		KindMXFP4:  avx512.DotMXFP4,
		KindQ2_K:   avx512.DotQ2_K,
		KindQ3_K:   avx512.DotQ3_K,
		KindQ4_K:   avx512.DotQ4_K,
		KindQ5_K:   avx512.DotQ5_K,
		KindQ6_K:   avx512.DotQ6_K,
		KindIQ4_XS: avx512.DotIQ4_XS,
		KindInt8:   avx512.DotInt8,
	}
	l.pairUnpack = [kinds]unpackFunc{
		KindQ4_0:   avx512.UnpackQ4_0,
		KindQ4_1:   avx512.UnpackQ4_1,
		KindQ5_0:   avx512.UnpackQ5_0,
		KindQ5_1:   avx512.UnpackQ5_1,
		KindQ8_0:   avx512.UnpackQ8_0,
		KindIQ4_NL: avx512.UnpackIQ4_NL,
		KindMXFP4:  avx512.UnpackMXFP4,
		KindQ2_K:   avx512.UnpackQ2_K,
		KindQ3_K:   avx512.UnpackQ3_K,
		KindQ4_K:   avx512.UnpackQ4_K,
		KindQ5_K:   avx512.UnpackQ5_K,
		KindQ6_K:   avx512.UnpackQ6_K,
		KindIQ4_XS: avx512.UnpackIQ4_XS,
		KindInt8:   avx512.UnpackInt8,
	}
	l.pairTile = [kinds]tileFunc{
		KindQ4_0:   avx512.TileQ4_0,
		KindQ4_1:   avx512.TileQ4_1,
		KindQ5_0:   avx512.TileQ5_0,
		KindQ5_1:   avx512.TileQ5_1,
		KindQ8_0:   avx512.TileQ8_0,
		KindIQ4_NL: avx512.TileQ8_0,
		KindMXFP4:  avx512.TileMXFP4,
		KindQ2_K:   avx512.TileQ2_K,
		KindQ3_K:   avx512.TileQ3_K,
		KindQ4_K:   avx512.TileQ4_1,
		KindQ5_K:   avx512.TileQ5_1,
		KindQ6_K:   avx512.TileQ6_K,
		KindIQ4_XS: avx512.TileQ8_0,
		KindInt8:   avx512.TileInt8,
	}
	l.dotFloat = [kinds]dotFloatFunc{KindF32: avx512.DotF32, KindF16: avx512.DotF16, KindBF16: avx512.DotBF16}
	l.unpackFloat[KindF16], l.unpackFloat[KindBF16] = avx512.UnpackF16, avx512.UnpackBF16
	l.tileFloat, l.pairFloat = avx512.TileFloat, avx512.PairFloat
	rowsAVX512(l)
	return l
}

// rowsAVX512 sets the work on rows and attention.
func rowsAVX512(l *Level) {
	l.quantize, l.sum, l.sumSquares = avx512.Quantize, avx512.Sum, avx512.SumSquares
	l.scale, l.mul, l.add = avx512.Scale, avx512.Mul, avx512.Add
	l.swiGLU, l.geGLU, l.softCap = avx512.SwiGLU, avx512.GeGLU, avx512.SoftCap
	l.activate = [activations]func(x []float32){SiLU: avx512.SiLU, GELU: avx512.GELU, GELUErf: avx512.GELUErf, ReLU2: avx512.ReLU2}
	l.max, l.expSum = avx512.Max, avx512.ExpSum
	l.scores = [cacheTypes]scoresFunc{CacheF16: avx512.ScoresF16, CacheF32: avx512.ScoresF32, CacheQ8_0: avx512.ScoresQ8_0}
	l.values = [cacheTypes]valuesFunc{CacheF16: avx512.ValuesF16, CacheF32: avx512.ValuesF32, CacheQ8_0: avx512.ValuesQ8_0}
}
