package quant

import "encoding/binary"

// The values of the IQ1 types are a scale times t + 1/8 or t - 1/8, with t = -1, 0 or 1 and the same shift for 8 values. As
// codes they are 8t ± 1 with an eighth of the scale, which is exact.

// IQ1_S: 256 values d·(2s+1)/8 · (8t ± 1), with 3 bits s and a shift for each 32 values, eight t at a time from a codebook of 2048;
// 1.5625 bits a weight.
//
//	 0  f16 d
//	 2  32 bytes, for 8 values each: bits 0-7 of the grid index
//	34  8 × u16, for 32 values each: 4 × bits 8-10 of the grid index, bits 12-14 s, bit 15 shift down
func codesIQ1_S(b []byte, i int) (scale float32, q [16]int8) {
	h := binary.LittleEndian.Uint16(b[34+i/2*2:])
	for n := range 2 {
		index := int(b[2+2*i+n]) | int(h>>(3*(i%2*2+n))&7)<<8
		iq1Values(q[8*n:], index, h>>15 != 0)
	}
	return f16(b) * float32(h>>12&7*2+1) * 0.125, q
}

// IQ1_M: 256 values d·(2s+1)/8 · (8t ± 1), with 3 bits s for each 16 values and a shift for each 8, eight t at a time from a codebook
// of 2048; 1.75 bits a weight.
//
//	 0  32 bytes, for 8 values each: bits 0-7 of the grid index
//	32  16 bytes: nibbles, low ones first, for 8 values each: bits 8-10 of the grid index, bit 3 shift down
//	48  4 × u16, for 64 values each: 4 × 3 bits s; their bits 12-15, first ones lowest, are the f16 d
func codesIQ1_M(b []byte, i int) (scale float32, q [16]int8) {
	for n := range 2 {
		h := b[32+i] >> (4 * n)
		iq1Values(q[8*n:], int(b[2*i+n])|int(h&7)<<8, h&8 != 0)
	}
	x := binary.LittleEndian.Uint64(b[48:])
	d := F16ToF32(uint16(x>>12&0xf | x>>24&0xf0 | x>>36&0xf00 | x>>48&0xf000))
	return d * float32(x>>(i/4*16+i%4*3)&7*2+1) * 0.125, q
}

// iq1Values sets 8 codes from a codebook entry and their common shift.
func iq1Values(q []int8, index int, down bool) {
	shift := int8(1)
	if down {
		shift = -1
	}
	grid := iq1Grid[index]
	for j := range q[:8] {
		q[j] = (int8(grid&3)-1)*8 + shift
		grid >>= 2
	}
}
