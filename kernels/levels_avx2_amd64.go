//go:build !purego

package kernels

import "github.com/linnet-go/linnet/asm/avx2"

// levelAVX2 is the level of CPUs since 2013 (Intel) and 2015 (AMD): 256-bit vectors, products of bytes in pairs.
func levelAVX2(l *Level) *Level {
	l.Name = "avx2"
	l.dot = [kinds]dotFunc{
		KindQ4_0:   avx2.DotQ4_0,
		KindQ4_1:   avx2.DotQ4_1,
		KindQ5_0:   avx2.DotQ5_0,
		KindQ5_1:   avx2.DotQ5_1,
		KindQ8_0:   avx2.DotQ8_0,
		KindIQ4_NL: avx2.DotIQ4_NL,
		KindMXFP4:  avx2.DotMXFP4,
		KindQ2_K:   avx2.DotQ2_K,
		KindQ3_K:   avx2.DotQ3_K,
		KindQ4_K:   avx2.DotQ4_K,
		KindQ5_K:   avx2.DotQ5_K,
		KindQ6_K:   avx2.DotQ6_K,
		KindIQ4_XS: avx2.DotIQ4_XS,
		KindInt8:   avx2.DotInt8,
	}
	l.unpack = [kinds]unpackFunc{
		KindQ4_0:   avx2.UnpackQ4_0,
		KindQ4_1:   avx2.UnpackQ4_1,
		KindQ5_0:   avx2.UnpackQ5_0,
		KindQ5_1:   avx2.UnpackQ5_1,
		KindQ8_0:   avx2.UnpackQ8_0,
		KindIQ4_NL: avx2.UnpackIQ4_NL,
		KindMXFP4:  avx2.UnpackMXFP4,
		KindQ2_K:   avx2.UnpackQ2_K,
		KindQ3_K:   avx2.UnpackQ3_K,
		KindQ4_K:   avx2.UnpackQ4_K,
		KindQ5_K:   avx2.UnpackQ5_K,
		KindQ6_K:   avx2.UnpackQ6_K,
		KindIQ4_XS: avx2.UnpackIQ4_XS,
		KindInt8:   avx2.UnpackInt8,
	}
	l.tile = [kinds]tileFunc{
		KindQ4_0:   avx2.TileQ4_0,
		KindQ4_1:   avx2.TileQ4_1,
		KindQ5_0:   avx2.TileQ5_0,
		KindQ5_1:   avx2.TileQ5_1,
		KindQ8_0:   avx2.TileQ8_0,
		KindIQ4_NL: avx2.TileQ8_0,
		KindMXFP4:  avx2.TileMXFP4,
		KindQ2_K:   avx2.TileQ2_K,
		KindQ3_K:   avx2.TileQ3_K,
		KindQ4_K:   avx2.TileQ4_1,
		KindQ5_K:   avx2.TileQ5_1,
		KindQ6_K:   avx2.TileQ6_K,
		KindIQ4_XS: avx2.TileQ8_0,
		KindInt8:   avx2.TileInt8,
	}
	l.dotFloat = [kinds]dotFloatFunc{KindF32: avx2.DotF32, KindF16: avx2.DotF16, KindBF16: avx2.DotBF16}
	l.unpackFloat[KindF16], l.unpackFloat[KindBF16] = avx2.UnpackF16, avx2.UnpackBF16
	l.tileFloat = avx2.TileFloat
	rowsAVX2(l)
	return l
}

// rowsAVX2 sets the work on rows and attention.
func rowsAVX2(l *Level) {
	l.quantize, l.sum, l.sumSquares = avx2.Quantize, avx2.Sum, avx2.SumSquares
	l.scale, l.mul, l.add = avx2.Scale, avx2.Mul, avx2.Add
	l.swiGLU, l.geGLU, l.softCap = avx2.SwiGLU, avx2.GeGLU, avx2.SoftCap
	l.activate = [activations]func(x []float32){SiLU: avx2.SiLU, GELU: avx2.GELU, GELUErf: avx2.GELUErf, ReLU2: avx2.ReLU2}
	l.max, l.expSum = avx2.Max, avx2.ExpSum
	l.scores = [cacheTypes]scoresFunc{CacheF16: avx2.ScoresF16, CacheF32: avx2.ScoresF32, CacheQ8_0: avx2.ScoresQ8_0}
	l.values = [cacheTypes]valuesFunc{CacheF16: avx2.ValuesF16, CacheF32: avx2.ValuesF32, CacheQ8_0: avx2.ValuesQ8_0}
}
