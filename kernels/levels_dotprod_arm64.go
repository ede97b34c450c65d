//go:build !purego

package kernels

import "github.com/linnet-go/linnet/asm/dotprod"

// levelDotProd adds products of four bytes at once (Cortex-A55, A75, Neoverse N1, Apple A13 and later).
func levelDotProd(l *Level) *Level {
	l.Name = "dotprod"
	l.dot = [kinds]dotFunc{
		KindQ4_0:   dotprod.DotQ4_0,
		KindQ4_1:   dotprod.DotQ4_1,
		KindQ5_0:   dotprod.DotQ5_0,
		KindQ5_1:   dotprod.DotQ5_1,
		KindQ8_0:   dotprod.DotQ8_0,
		KindIQ4_NL: dotprod.DotIQ4_NL,
		KindMXFP4:  dotprod.DotMXFP4,
		KindQ2_K:   dotprod.DotQ2_K,
		KindQ3_K:   dotprod.DotQ3_K,
		KindQ4_K:   dotprod.DotQ4_K,
		KindQ5_K:   dotprod.DotQ5_K,
		KindQ6_K:   dotprod.DotQ6_K,
		KindIQ4_XS: dotprod.DotIQ4_XS,
		KindInt8:   dotprod.DotInt8,
	}
	l.tile = [kinds]tileFunc{
		KindQ4_0:   dotprod.TilePlain,
		KindQ4_1:   dotprod.TileMin,
		KindQ5_0:   dotprod.TilePlain,
		KindQ5_1:   dotprod.TileMin,
		KindQ8_0:   dotprod.TilePlain,
		KindIQ4_NL: dotprod.TilePlain,
		KindMXFP4:  dotprod.TilePlain,
		KindQ2_K:   dotprod.TileHalvesMin,
		KindQ3_K:   dotprod.TileHalves,
		KindQ4_K:   dotprod.TileMin,
		KindQ5_K:   dotprod.TileMin,
		KindQ6_K:   dotprod.TileHalves,
		KindIQ4_XS: dotprod.TilePlain,
		KindInt8:   dotprod.TileHalves,
	}
	return l
}
