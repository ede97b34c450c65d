package kernels

import (
	"encoding/binary"
	"math"
)

// load reads 16 numbers that lie side by side in a page: element is the place of the first, and scales are where Q8_0 has the f16 scale of
// each lane (step 2) or of all of them (step 0).
func (t CacheType) load(x *[16]float32, page []byte, element, scales, step int) {
	switch t {
	case CacheF16:
		b := page[2*element : 2*element+32]
		for i := range x {
			x[i] = f16(b[2*i:])
		}
	case CacheF32:
		b := page[4*element : 4*element+64]
		for i := range x {
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
	case CacheQ8_0:
		b := page[element : element+16]
		for i := range x {
			x[i] = f16(page[scales+step*i:]) * float32(int8(b[i]))
		}
	}
}

// loadKeys reads dim d of the keys of 16 positions.
func (t CacheType) loadKeys(x *[16]float32, k []byte, headDim, group, d int) {
	t.load(x, k, (group*headDim+d)*16, PageSize*headDim+32*(group*blocks32(headDim)+d/32), 2)
}

// loadValues reads dims d to d+15 of the value of a position; pad is pad16 of the head's dims.
func (t CacheType) loadValues(x *[16]float32, v []byte, pad, pos, d int) {
	t.load(x, v, pos*pad+d, PageSize*pad+2*(pos*blocks32(pad)+d/32), 0)
}

// genericScores computes s [queries, 128] = q [queries, pad16] · keys for the first groups groups of 16 positions: a chain over the dims.
func genericScores(t CacheType) scoresFunc {
	return func(s, q []float32, k []byte, headDim, queries, groups int) {
		pad := pad16(headDim)
		var x [16]float32
		for g := range groups {
			for i := range queries {
				clear(s[i*PageSize+16*g : i*PageSize+16*g+16])
			}
			for d := range headDim {
				t.loadKeys(&x, k, headDim, g, d)
				for i := range queries {
					addScaled((*[16]float32)(s[i*PageSize+16*g:]), &x, q[i*pad+d])
				}
			}
		}
	}
}

// genericValues adds e [queries, 128] · values of the first positions positions to acc [queries, pad16]: a chain over the positions.
func genericValues(t CacheType) valuesFunc {
	return func(acc, e []float32, v []byte, headDim, queries, positions int) {
		pad := pad16(headDim)
		var x [16]float32
		for p := range positions {
			for d := 0; d < pad; d += 16 {
				t.loadValues(&x, v, pad, p, d)
				for i := range queries {
					addScaled((*[16]float32)(acc[i*pad+d:]), &x, e[i*PageSize+p])
				}
			}
		}
	}
}
