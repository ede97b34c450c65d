package kernels

import (
	"encoding/binary"
	"math"
	"sync"

	"github.com/linnet-go/linnet/quant"
)

// genericTile multiplies one unpacked panel slice with some tokens: y [tokens, stride] gets 16 values a token, continued from what y
// holds when more is set. codes and scales are what an unpackFunc of kind k wrote for blocks blocks; q [tokens, pad] and the block
// data d, ds, s (strides pad/32, pad/32, pad/16) begin at the slice's first k. It is section "class I8" of the package comment in Go.
func genericTile(k Kind) tileFunc {
	lay, per := layouts[k], k.scales()
	return func(y []float32, stride int, codes []byte, scales []float32, blocks int, q []int8, d, ds []float32, s []int16, pad, tokens int, more bool) {
		for t := range tokens {
			out := (*[16]float32)(y[t*stride:])
			if !more {
				*out = [16]float32{}
			}
			for b := range blocks {
				i := t*pad/32 + b
				var n [2][16]int32
				dotBlock(&n, codes[512*b:], q[32*i:])
				foldBlock(out, &n, scales[per*b:per*b+per], &lay, d[i], ds[i], s[2*i:])
			}
		}
	}
}

// dotBlock computes Σ code·q of the first and the second 16 k of a block for 16 rows.
func dotBlock(n *[2][16]int32, codes []byte, q []int8) {
	codes, q = codes[:512], q[:32]
	for g := range 8 {
		h := &n[g/4]
		q0, q1, q2, q3 := int32(q[4*g]), int32(q[4*g+1]), int32(q[4*g+2]), int32(q[4*g+3])
		c := codes[64*g : 64*g+64]
		for r := range h {
			h[r] += int32(c[4*r])*q0 + int32(c[4*r+1])*q1 + int32(c[4*r+2])*q2 + int32(c[4*r+3])*q3
		}
	}
}

// foldBlock adds one block's integer sums to the accumulators of 16 rows.
func foldBlock(acc *[16]float32, n *[2][16]int32, scales []float32, lay *layout, d, ds float32, s []int16) {
	s0, s1 := int32(s[0]), int32(s[1])
	off := int32(lay.offset)
	for r := range acc {
		a := acc[r]
		if !lay.halves {
			a = fma(float32(float32(n[0][r]+n[1][r]-off*(s0+s1))*scales[r]), d, a)
			if lay.min {
				a = fma(scales[16+r], ds, a)
			}
		} else {
			f := float32(n[0][r]-off*s0) * scales[r]
			a = fma(fma(float32(n[1][r]-off*s1), scales[16+r], f), d, a)
			if lay.min {
				g := float32(s0) * scales[32+r]
				a = fma(fma(float32(s1), scales[48+r], g), d, a)
			}
		}
		acc[r] = a
	}
}

// scratches is what the generic products of one token unpack to: a local array would be allocated at each call, since the functions that
// fill it are values.
var scratches = sync.Pool{New: func() any { return NewScratch() }}

// genericDot is the product of panels with one token: unpack a unit, add it, go on.
func genericDot(k Kind) dotFunc {
	tile, unpack := genericTile(k), genericUnpack[k]
	unit, size, per := layouts[k].unit, layouts[k].bytes, k.scales()
	return func(y []float32, w []byte, units int, q []int8, d, ds []float32, s []int16) {
		room := scratches.Get().(*Scratch)
		defer scratches.Put(room)
		codes, scales := room.codes, room.scales
		blocks := unit / 32
		for p := range len(y) / 16 {
			for u := range units {
				unpack(codes[:512*blocks], scales[:per*blocks], w[(p*units+u)*size:(p*units+u+1)*size], 1)
				b := u * blocks
				tile(y[16*p:], 16, codes, scales, blocks, q[32*b:], d[b:], ds[b:], s[2*b:], 0, 1, u > 0)
			}
		}
	}
}

// genericDotFloat is the product of panels of F32, F16 or BF16 weights with one token.
func genericDotFloat(k Kind) dotFloatFunc {
	unpack := genericUnpackFloat[k]
	size := layouts[k].bytes
	return func(y []float32, w []byte, units int, x []float32) {
		room := scratches.Get().(*Scratch)
		defer scratches.Put(room)
		wide := room.wide[0]
		for p := range len(y) / 16 {
			for u := range units {
				unpack(wide, w[(p*units+u)*size:(p*units+u+1)*size], 1)
				genericTileFloat(y[16*p:], 16, wide, 64, x[64*u:], 0, 1, u > 0)
			}
		}
	}
}

// chain is the order of k within a group of four: that of the pairs in F16 and BF16 panels.
var chain = [4]int{0, 2, 1, 3}

// genericTileFloat multiplies an unpacked panel slice w [n, 16] with some tokens x [tokens, pad].
func genericTileFloat(y []float32, stride int, w []float32, n int, x []float32, pad, tokens int, more bool) {
	for t := range tokens {
		out := (*[16]float32)(y[t*stride:])
		if !more {
			*out = [16]float32{}
		}
		for k := 0; k < n; k += 4 {
			for _, i := range chain {
				addScaled(out, (*[16]float32)(w[16*(k+i):]), x[t*pad+k+i])
			}
		}
	}
}

// unpackFloatFunc spreads units of a panel to dst [units·64, 16], k ascending.
type unpackFloatFunc func(dst []float32, w []byte, units int)

var genericUnpackFloat = [kinds]unpackFloatFunc{
	KindF32: func(dst []float32, w []byte, units int) {
		for i := range dst[:1024*units] {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(w[4*i:]))
		}
	},
	KindF16: func(dst []float32, w []byte, units int) {
		for p := range 32 * units { // pair p = 2g + e: 16 values of k = 4g + e, then 16 of k + 2
			k := p/2*4 + p%2
			for r := range 16 {
				dst[16*k+r] = f16(w[64*p+2*r:])
				dst[16*(k+2)+r] = f16(w[64*p+32+2*r:])
			}
		}
	},
	KindBF16: func(dst []float32, w []byte, units int) {
		for p := range 32 * units { // pair p: double word r holds k = 4g + e in its low half, k + 2 in its high half
			k := p/2*4 + p%2
			for r := range 16 {
				dst[16*k+r] = quant.BF16ToF32(binary.LittleEndian.Uint16(w[64*p+4*r:]))
				dst[16*(k+2)+r] = quant.BF16ToF32(binary.LittleEndian.Uint16(w[64*p+4*r+2:]))
			}
		}
	},
}
