package quant

import (
	"encoding/binary"
	"math/bits"
)

// IQ2_XXS: 256 values (d·(2s+1)/8) · (±grid), with 4 bits s for each 32 values, eight magnitudes at a time from a codebook of 256;
// 2.0625 bits a weight.
//
//	0  f16 d
//	2  8 × 8 bytes, for 32 values each: 4 bytes: grid indexes of 8 values each; u32: 4 × 7 bits of signs, from bit 28 s
func codesIQ2_XXS(b []byte, i int) (scale float32, q [16]int8) {
	group := b[2+i/2*8:][:8]
	signs := binary.LittleEndian.Uint32(group[4:])
	for n := range 2 {
		l := i%2*2 + n
		iq2Values(q[8*n:], iq2xxsGrid[group[l]], signs7(signs>>(7*l)))
	}
	return f16(b) * float32(2*(signs>>28)+1) * 0.125, q
}

// IQ2_XS: 256 values (d·(2s+1)/8) · (±grid), with 4 bits s for each 16 values, eight magnitudes at a time from a codebook of 512;
// 2.3125 bits a weight.
//
//	 0  f16 d
//	 2  32 × u16, for 8 values each: bits 0-8 grid index, bits 9-15 signs
//	66  8 bytes: low nibble s of values 32i..32i+15, high nibble of 32i+16..32i+31
func codesIQ2_XS(b []byte, i int) (scale float32, q [16]int8) {
	for n := range 2 {
		x := binary.LittleEndian.Uint16(b[2+4*i+2*n:])
		iq2Values(q[8*n:], iq2xsGrid[x&511], signs7(uint32(x>>9)))
	}
	return f16(b) * float32(2*(b[66+i/2]>>(i%2*4)&15)+1) * 0.125, q
}

// IQ2_S: 256 values (d·(2s+1)/8) · (±grid), with 4 bits s for each 16 values, eight magnitudes at a time from a codebook of 1024;
// 2.5625 bits a weight.
//
//	 0  f16 d
//	 2  32 bytes, for 8 values each: bits 0-7 of the grid index
//	34  32 bytes, for 8 values each: signs, bit j of value j
//	66  8 bytes, for 32 values each: 4 × bits 8-9 of the grid index
//	74  8 bytes: low nibble s of values 32i..32i+15, high nibble of 32i+16..32i+31
func codesIQ2_S(b []byte, i int) (scale float32, q [16]int8) {
	high := b[66+i/2] >> (i % 2 * 4)
	for n := range 2 {
		index := int(b[2+2*i+n]) | int(high>>(2*n)&3)<<8
		iq2Values(q[8*n:], iq2sGrid[index], b[34+2*i+n])
	}
	return f16(b) * float32(2*(b[74+i/2]>>(i%2*4)&15)+1) * 0.125, q
}

// iq2Values sets 8 codes from a codebook entry and their signs.
func iq2Values(q []int8, grid uint16, signs byte) {
	for j := range q[:8] {
		q[j] = negate(iq2Levels[grid&3], uint16(signs))
		grid, signs = grid>>2, signs>>1
	}
}

// signs7 completes the 7 stored signs of 8 values: the number of negative ones is even.
func signs7(x uint32) byte {
	x &= 127
	return byte(x | uint32(bits.OnesCount32(x)&1)<<7)
}

// negate returns -x if bit 0 of sign is set, else x.
func negate(x int8, sign uint16) int8 {
	m := -int8(sign & 1)
	return x ^ m - m
}
