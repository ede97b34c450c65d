package quant

import "encoding/binary"

// IQ3_XXS: 256 values (d·(2s+1)/4) · (±grid), with 4 bits s for each 32 values, four magnitudes at a time from a codebook of 256;
// 3.0625 bits a weight.
//
//	 0  f16 d
//	 2  64 bytes: grid indexes of 4 values each
//	66  8 × u32, for 32 values each: 4 × 7 bits of signs of 8 values, from bit 28 s
func codesIQ3_XXS(b []byte, i int) (scale float32, q [16]int8) {
	signs := binary.LittleEndian.Uint32(b[66+i/2*4:])
	signs16 := uint16(signs7(signs>>(i%2*14))) | uint16(signs7(signs>>(i%2*14+7)))<<8
	for n := range 4 {
		grid := iq3xxsGrid[b[2+4*i+n]]
		for j := range 4 {
			q[4*n+j] = negate(iq3Levels[grid>>(3*j)&7], signs16)
			signs16 >>= 1
		}
	}
	return f16(b) * float32(2*(signs>>28)+1) * 0.25, q
}

// IQ3_S: 256 values (d·(2s+1)) · (±grid), with 4 bits s for each 32 values, four magnitudes at a time from a codebook of 512;
// 3.4375 bits a weight.
//
//	  0  f16 d
//	  2  64 bytes, for 4 values each: bits 0-7 of the grid index
//	 66  8 bytes, for 32 values each: 8 × bit 8 of the grid index
//	 74  32 bytes, for 8 values each: signs, bit j of value j
//	106  4 bytes: low nibble s of values 64i..64i+31, high nibble of 64i+32..64i+63
func codesIQ3_S(b []byte, i int) (scale float32, q [16]int8) {
	high := b[66+i/2] >> (i % 2 * 4)
	signs := binary.LittleEndian.Uint16(b[74+2*i:])
	for n := range 4 {
		grid := iq3sGrid[int(b[2+4*i+n])|int(high>>n&1)<<8]
		for j := range 4 {
			q[4*n+j] = negate(int8(grid>>(3*j)&7)*2+1, signs)
			signs >>= 1
		}
	}
	return f16(b) * float32(2*(b[106+i/4]>>(i/2%2*4)&15)+1), q
}
