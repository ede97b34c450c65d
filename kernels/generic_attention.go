package kernels

import (
	"encoding/binary"
	"math"
)

// A keyReader reads dim d of the key of position 16·group + lane.
type keyReader func(k []byte, headDim, group, d, lane int) float32

var keyReaders = [cacheTypes]keyReader{
	CacheF16: func(k []byte, headDim, group, d, lane int) float32 { return f16(k[2*((group*headDim+d)*16+lane):]) },
	CacheF32: func(k []byte, headDim, group, d, lane int) float32 {
		return math.Float32frombits(binary.LittleEndian.Uint32(k[4*((group*headDim+d)*16+lane):]))
	},
	CacheQ8_0: func(k []byte, headDim, group, d, lane int) float32 {
		s := f16(k[PageSize*headDim+32*(group*blocks32(headDim)+d/32)+2*lane:])
		return s * float32(int8(k[(group*headDim+d)*16+lane]))
	},
}

// genericScores computes s [queries, 128] = q [queries, pad16] · keys for the first groups groups of 16 positions: a chain over the dims.
func genericScores(t CacheType) scoresFunc {
	read := keyReaders[t]
	return func(s, q []float32, k []byte, headDim, queries, groups int) {
		for i := range queries {
			row, out := q[i*pad16(headDim):], s[i*PageSize:]
			for g := range groups {
				for lane := range 16 {
					var acc float32
					for d := range headDim {
						acc = fma(row[d], read(k, headDim, g, d, lane), acc)
					}
					out[16*g+lane] = acc
				}
			}
		}
	}
}

type valueReader func(v []byte, pad, pos, d int) float32

var valueReaders = [cacheTypes]valueReader{
	CacheF16: func(v []byte, pad, pos, d int) float32 { return f16(v[2*(pos*pad+d):]) },
	CacheF32: func(v []byte, pad, pos, d int) float32 {
		return math.Float32frombits(binary.LittleEndian.Uint32(v[4*(pos*pad+d):]))
	},
	CacheQ8_0: func(v []byte, pad, pos, d int) float32 {
		return f16(v[PageSize*pad+2*(pos*blocks32(pad)+d/32):]) * float32(int8(v[pos*pad+d]))
	},
}

// genericValues adds e [queries, 128] · values of the first positions positions to acc [queries, pad16]: a chain over the positions.
func genericValues(t CacheType) valuesFunc {
	read := valueReaders[t]
	return func(acc, e []float32, v []byte, headDim, queries, positions int) {
		pad := pad16(headDim)
		for i := range queries {
			out := acc[i*pad : (i+1)*pad]
			for p, w := range e[i*PageSize : i*PageSize+positions] {
				for d := range out {
					out[d] = fma(w, read(v, pad, p, d), out[d])
				}
			}
		}
	}
}
