package kernels

import (
	"encoding/binary"
	"math"

	"github.com/linnet-go/linnet/quant"
)

// An unpack function spreads units of one panel to what the product tiles read:
//
//	codes  [units·unit/32] blocks of 512 bytes, byte 64g + 4r + i = code of row r, k = 4g + i
//	scales [blocks] of s[16], or s[16] m[16], or s0[16] s1[16], or s0[16] s1[16] m0[16] m1[16] (layout.halves, layout.min)
type unpackFunc func(codes []byte, scales []float32, w []byte, units int)

// genericUnpack are the unpackers in Go, and the explanation of the panels' bytes.
var genericUnpack = [kinds]unpackFunc{
	KindQ4_0:   unpack64(KindQ4_0, func(c, w []byte, b int) { nibbles(c, w[64+256*b:]) }),
	KindQ4_1:   unpack64(KindQ4_1, func(c, w []byte, b int) { nibbles(c, w[128+256*b:]) }),
	KindQ5_0:   unpack64(KindQ5_0, func(c, w []byte, b int) { nibbles(c, w[64+256*b:]); plane1(c, w[576+64*b:], 4) }),
	KindQ5_1:   unpack64(KindQ5_1, func(c, w []byte, b int) { nibbles(c, w[128+256*b:]); plane1(c, w[640+64*b:], 4) }),
	KindQ8_0:   unpack64(KindQ8_0, func(c, w []byte, b int) { copy(c[:512], w[64+512*b:]) }),
	KindIQ4_NL: unpack64(KindIQ4_NL, func(c, w []byte, b int) { nibbles(c, w[64+256*b:]); lookup(c, &iq4Codes) }),
	KindMXFP4:  unpackMXFP4,
	KindQ2_K:   unpackQ2_K,
	KindQ3_K:   unpackQ3_K,
	KindQ4_K:   unpackK(2368, func(c, u []byte, b int) { nibbles(c, u[320+256*b:]) }),
	KindQ5_K:   unpackK(2880, func(c, u []byte, b int) { nibbles(c, u[320+256*b:]); plane1(c, u[2368+64*b:], 4) }),
	KindQ6_K:   unpackQ6_K,
	KindIQ4_XS: unpackIQ4_XS,
	KindInt8:   unpackInt8,
}

// iq4Codes are the values of IQ4_NL and IQ4_XS plus 128; mxfp4Codes are twice the E2M1 values plus 12.
var (
	iq4Codes   = [16]byte{1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241}
	mxfp4Codes = [16]byte{12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0}
)

func f16(w []byte) float32 { return quant.F16ToF32(binary.LittleEndian.Uint16(w)) }

// nibbles spreads the 256 bytes of a block of 4-bit codes: vector j holds group j in its low and group j + 4 in its high nibbles.
func nibbles(c, w []byte) {
	c, w = c[:512], w[:256]
	for i, x := range w {
		c[i] = x & 15
		c[256+i] = x >> 4
	}
}

// plane1 adds a plane of 64 bytes to the codes of a block: bit g of byte 4r + i belongs to group g and becomes bit at.
func plane1(c, w []byte, at int) {
	for g := range 8 {
		for i, x := range w[:64] {
			c[64*g+i] |= x >> g & 1 << at
		}
	}
}

// plane2 adds a plane of 128 bytes: bits 2(g mod 4) of vector g div 4 become bits at and at + 1.
func plane2(c, w []byte, at int) {
	for g := range 8 {
		for i, x := range w[64*(g/4) : 64*(g/4)+64] {
			c[64*g+i] |= x >> (2 * (g % 4)) & 3 << at
		}
	}
}

func lookup(c []byte, table *[16]byte) {
	for i, x := range c[:512] {
		c[i] = table[x]
	}
}

// unpack64 is the shape of the kinds with a unit of two blocks: f16 scales [2][16] first, then f16 minimums [2][16] if any, then codes.
func unpack64(k Kind, code func(c, unit []byte, b int)) unpackFunc {
	size, per := layouts[k].bytes, k.scales()
	return func(codes []byte, scales []float32, w []byte, units int) {
		for u := range units {
			unit := w[u*size : (u+1)*size]
			for b := range 2 {
				code(codes, unit, b)
				codes = codes[512:]
				for i := range per {
					scales[i] = f16(unit[32*b+64*(i/16)+2*(i%16):])
				}
				scales = scales[per:]
			}
		}
	}
}

// unpackK is the shape of Q4_K and Q5_K: f16 d[16], dmin[16], then sub-scales and sub-minimums of the 8 blocks as bytes.
func unpackK(size int, code func(c, unit []byte, b int)) unpackFunc {
	return func(codes []byte, scales []float32, w []byte, units int) {
		for u := range units {
			unit := w[u*size : (u+1)*size]
			for b := range 8 {
				code(codes, unit, b)
				codes = codes[512:]
				for r := range 16 {
					scales[r] = f16(unit[2*r:]) * float32(unit[64+16*b+r])
					scales[16+r] = -(f16(unit[32+2*r:]) * float32(unit[192+16*b+r]))
				}
				scales = scales[32:]
			}
		}
	}
}

func unpackMXFP4(codes []byte, scales []float32, w []byte, units int) {
	for u := range units {
		unit := w[1088*u : 1088*u+1088]
		for b := range 4 {
			nibbles(codes, unit[64+256*b:])
			lookup(codes, &mxfp4Codes)
			codes = codes[512:]
			for r := range 16 {
				scales[r] = e8m0(unit[16*b+r])
			}
			scales = scales[16:]
		}
	}
}

// e8m0 returns 2^(e-128): half of what the exponent byte says, because the codes are twice the E2M1 values.
func e8m0(e byte) float32 {
	if e < 2 {
		return math.Float32frombits(0x00200000 << e)
	}
	return math.Float32frombits(uint32(e-1) << 23)
}

func unpackQ2_K(codes []byte, scales []float32, w []byte, units int) {
	for u := range units {
		unit := w[1344*u : 1344*u+1344]
		for b := range 8 {
			clear(codes[:512])
			plane2(codes, unit[320+128*b:], 0)
			codes = codes[512:]
			for i := range 32 {
				sm := unit[64+32*b+i]
				scales[i] = f16(unit[2*(i%16):]) * float32(sm&15)
				scales[32+i] = -(f16(unit[32+2*(i%16):]) * float32(sm>>4))
			}
			scales = scales[64:]
		}
	}
}

func unpackQ3_K(codes []byte, scales []float32, w []byte, units int) {
	for u := range units {
		unit := w[1856*u : 1856*u+1856]
		for b := range 8 {
			clear(codes[:512])
			plane2(codes, unit[320+192*b:], 0)
			plane1(codes, unit[320+192*b+128:], 2)
			codes = codes[512:]
			subScales(scales, unit, unit[64+32*b:], 32)
			scales = scales[32:]
		}
	}
}

func unpackQ6_K(codes []byte, scales []float32, w []byte, units int) {
	for u := range units {
		unit := w[3392*u : 3392*u+3392]
		for b := range 8 {
			nibbles(codes, unit[320+384*b:])
			plane2(codes, unit[320+384*b+256:], 4)
			codes = codes[512:]
			subScales(scales, unit, unit[64+32*b:], 32)
			scales = scales[32:]
		}
	}
}

func unpackIQ4_XS(codes []byte, scales []float32, w []byte, units int) {
	for u := range units {
		unit := w[2240*u : 2240*u+2240]
		for b := range 8 {
			nibbles(codes, unit[192+256*b:])
			lookup(codes, &iq4Codes)
			codes = codes[512:]
			subScales(scales, unit, unit[64+16*b:], 16)
			scales = scales[16:]
		}
	}
}

// subScales forms s = d · sc for n signed sub-scales of one block; d[16] begins the unit.
func subScales(s []float32, unit, sc []byte, n int) {
	for i := range n {
		s[i] = f16(unit[2*(i%16):]) * float32(int8(sc[i]))
	}
}

func unpackInt8(codes []byte, scales []float32, w []byte, units int) {
	for u := range units {
		unit := w[1280*u : 1280*u+1280]
		copy(codes[1024*u:1024*u+1024], unit[256:])
		for i := range 64 {
			scales[64*u+i] = math.Float32frombits(binary.LittleEndian.Uint32(unit[4*i:]))
		}
	}
}
