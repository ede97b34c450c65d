package kernels

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/linnet-go/linnet/quant"
)

// PageSize is the number of positions a page of the KV cache holds.
const PageSize = 128

// CacheType is how keys and values are kept.
type CacheType uint8

const (
	CacheF16 CacheType = iota
	CacheF32
	CacheQ8_0 // blocks of 32 values of one position: f16 d, int8 codes
	cacheTypes
)

var cacheNames = [cacheTypes]string{"f16", "f32", "q8_0"}

func (t CacheType) String() string { return cacheNames[t] }

// ParseCacheType returns the type with the given name.
func ParseCacheType(name string) (CacheType, error) {
	for t, n := range cacheNames {
		if n == name {
			return CacheType(t), nil
		}
	}
	return 0, fmt.Errorf("kv type %q: want f16, f32 or q8_0", name)
}

// pad16 is a head's length in memory: queries, values and sums of a head are padded with zeros to whole vectors.
func pad16(headDim int) int { return (headDim + 15) &^ 15 }

// blocks32 is the number of Q8_0 scales that n values have.
func blocks32(n int) int { return (n + 31) / 32 }

// KeyBytes returns the bytes of a page of keys of one head: groups of 16 positions [8][headDim][16]; for Q8_0 the int8 codes in this order and
// then the scales [8][headDim/32][16]. A lane of a vector is a position, so scores need no horizontal sums.
func (t CacheType) KeyBytes(headDim int) int {
	switch t {
	case CacheF32:
		return 4 * PageSize * headDim
	case CacheF16:
		return 2 * PageSize * headDim
	}
	return PageSize * (headDim + 2*blocks32(headDim))
}

// ValueBytes returns the bytes of a page of values of one head: [128][pad16(headDim)]; for Q8_0 codes, then scales [128][pad16/32].
func (t CacheType) ValueBytes(headDim int) int {
	n := pad16(headDim)
	switch t {
	case CacheF32:
		return 4 * PageSize * n
	case CacheF16:
		return 2 * PageSize * n
	}
	return PageSize * (n + 2*blocks32(n))
}

// StoreKey writes the key x [headDim] of position pos (in the page) to a page.
func (t CacheType) StoreKey(page []byte, pos int, x []float32) {
	group, lane := pos/16, pos%16
	at := group*len(x)*16 + lane
	switch t {
	case CacheF32:
		for d, v := range x {
			binary.LittleEndian.PutUint32(page[4*(at+16*d):], math.Float32bits(v))
		}
	case CacheF16:
		for d, v := range x {
			binary.LittleEndian.PutUint16(page[2*(at+16*d):], quant.F32ToF16(v))
		}
	case CacheQ8_0:
		scales := page[PageSize*len(x)+32*group*blocks32(len(x))+2*lane:]
		for b := 0; b < len(x); b += 32 {
			xb := x[b:min(b+32, len(x))]
			d, inv := cacheScale(xb)
			binary.LittleEndian.PutUint16(scales[b:], d) // 32 bytes a block of 16 lanes
			for i, v := range xb {
				page[at+16*(b+i)] = byte(roundEven(float32(v * inv)))
			}
		}
	}
}

// StoreValue writes the value x [headDim] of position pos (in the page) to a page, padded with zeros.
func (t CacheType) StoreValue(page []byte, pos int, x []float32) {
	n := pad16(len(x))
	switch t {
	case CacheF32:
		row := page[4*pos*n : 4*(pos+1)*n]
		for d, v := range x {
			binary.LittleEndian.PutUint32(row[4*d:], math.Float32bits(v))
		}
		clear(row[4*len(x):])
	case CacheF16:
		row := page[2*pos*n : 2*(pos+1)*n]
		for d, v := range x {
			binary.LittleEndian.PutUint16(row[2*d:], quant.F32ToF16(v))
		}
		clear(row[2*len(x):])
	case CacheQ8_0:
		row, scales := page[pos*n:(pos+1)*n], page[PageSize*n+2*pos*blocks32(n):]
		for b := 0; b < len(x); b += 32 {
			xb := x[b:min(b+32, len(x))]
			d, inv := cacheScale(xb)
			binary.LittleEndian.PutUint16(scales[b/16:], d)
			for i, v := range xb {
				row[b+i] = byte(roundEven(float32(v * inv)))
			}
		}
		clear(row[len(x):])
	}
}

// cacheScale returns d = max|x|/127 as f16 bits, and 1/d of the rounded d, or 0 for a block that rounds to zeros.
func cacheScale(x []float32) (d uint16, inv float32) {
	var top uint32
	for _, v := range x {
		top = max(top, math.Float32bits(v)&0x7fffffff)
	}
	d = quant.F32ToF16(math.Float32frombits(top) / 127)
	if d == 0 {
		return 0, 0
	}
	return d, 1 / quant.F16ToF32(d)
}
