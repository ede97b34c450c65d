package kernels

import (
	"fmt"

	"github.com/linnet-go/linnet/quant"
)

// A rowPacker puts values k0..k1-1 of a stored row, which lie in one unit and begin it, into that unit as its row r. The unit is zero
// before. It returns the k of a value, or of the block with a scale, that is not finite, else -1.
type rowPacker func(unit []byte, r int, row []byte, k0, k1 int) int

// packers are the ways from the stored blocks of a type to the panels of its kind.
var packers = map[quant.Type]rowPacker{
	quant.F32:    packF32,
	quant.F16:    packF16,
	quant.BF16:   packBF16,
	quant.Q4_0:   packBlocks(KindQ4_0, 18, 1, codes4),
	quant.Q4_1:   packBlocks(KindQ4_1, 20, 2, codes4),
	quant.Q5_0:   packBlocks(KindQ5_0, 22, 1, codes5),
	quant.Q5_1:   packBlocks(KindQ5_1, 24, 2, codes5),
	quant.Q8_0:   packBlocks(KindQ8_0, 34, 1, codes8),
	quant.IQ4_NL: packBlocks(KindIQ4_NL, 18, 1, codes4),
	quant.MXFP4:  packMXFP4,

	quant.Q2_K:   packSuper(KindQ2_K, super{size: 84, d: 80, dmin: true, subs: subsQ2_K, codes: codesQ2_K}),
	quant.Q3_K:   packSuper(KindQ3_K, super{size: 110, d: 108, subs: subsQ3_K, codes: codesQ3_K}),
	quant.Q4_K:   packSuper(KindQ4_K, super{size: 144, d: 0, dmin: true, subs: subsQ4_K, codes: codesQ4_K}),
	quant.Q5_K:   packSuper(KindQ5_K, super{size: 176, d: 0, dmin: true, subs: subsQ4_K, codes: codesQ5_K}),
	quant.Q6_K:   packSuper(KindQ6_K, super{size: 210, d: 208, subs: subsQ6_K, codes: codesQ6_K}),
	quant.IQ4_XS: packSuper(KindIQ4_XS, super{size: 136, d: 0, subs: subsIQ4_XS, codes: codesIQ4_XS}),

	quant.IQ1_S:   packInt8(quant.IQ1_S),
	quant.IQ1_M:   packInt8(quant.IQ1_M),
	quant.IQ2_XXS: packInt8(quant.IQ2_XXS),
	quant.IQ2_XS:  packInt8(quant.IQ2_XS),
	quant.IQ2_S:   packInt8(quant.IQ2_S),
	quant.IQ3_XXS: packInt8(quant.IQ3_XXS),
	quant.IQ3_S:   packInt8(quant.IQ3_S),
	quant.TQ1_0:   packInt8(quant.TQ1_0),
	quant.TQ2_0:   packInt8(quant.TQ2_0),
	quant.NVFP4:   packInt8(quant.NVFP4),
	quant.Q1_0:    packInt8(quant.Q1_0),
	quant.Q2_0:    packInt8(quant.Q2_0),
}

// PackPanels packs panels p0..p1-1 of a matrix [rows, cols] of type t, whose stored rows are src, to their places in dst, the panels of
// the whole matrix; k = KindOf(t). Rows and k beyond the matrix become zeros. Nothing is approximated. The error names row and block of
// a scale, or row and column of a value, that is not finite: the kernels rely on finite weights.
func PackPanels(k Kind, t quant.Type, dst, src []byte, rows, cols, p0, p1 int) error {
	size, rowBytes := PanelBytes(k, cols), t.RowBytes(cols)
	if want, ok := KindOf(t); !ok || k != want {
		panic(fmt.Sprintf("kernels: PackPanels: %v in panels of kind %v", t, k))
	}
	panels := (rows + 15) / 16
	if len(src) != rows*rowBytes || len(dst) != panels*size || p0 < 0 || p1 > panels {
		panic(fmt.Sprintf("kernels: PackPanels: %v [%d, %d], panels %d to %d, len(src) = %d, len(dst) = %d", t, rows, cols, p0, p1, len(src), len(dst)))
	}
	pack, unit, unitBytes := packers[t], layouts[k].unit, layouts[k].bytes
	for p := p0; p < p1; p++ {
		panel := dst[p*size : (p+1)*size]
		for k0 := 0; k0 < cols; k0 += unit {
			u := panel[:unitBytes:unitBytes]
			panel = panel[unitBytes:]
			clear(u)
			for r := range min(16, rows-16*p) {
				row := src[(16*p+r)*rowBytes:][:rowBytes]
				if bad := pack(u, r, row, k0, min(k0+unit, cols)); bad >= 0 {
					return notFinite(t, 16*p+r, bad)
				}
			}
		}
	}
	return nil
}

func notFinite(t quant.Type, row, k int) error {
	info, _ := t.Info()
	if info.Values == 1 {
		return fmt.Errorf("row %d, column %d: value is not finite", row, k)
	}
	return fmt.Errorf("row %d, block %d: scale is not finite", row, k/info.Values)
}
