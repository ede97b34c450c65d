package quant

import "encoding/binary"

// Q3_K: 256 values (d·s) · (q - 4), q in 0..7, s in -32..31 for each 16 values; 3.4375 bits a weight.
//
//	  0  32 bytes: byte l, bit k: bit 2 of q of value 32k + l
//	 32  64 bytes: byte 32h + l, bits 2k and up: bits 0-1 of q of value 128h + 32k + l
//	 96  12 bytes: the sub-scales, see ScalesQ3_K
//	108  f16 d
func dequantQ3_K(dst []float32, b []byte) {
	d := f16(b[108:])
	for i, sc := range ScalesQ3_K(b[96:108]) {
		s := d * float32(sc)
		high, low := b[16*(i%2):], b[32+32*(i/8)+16*(i%2):]
		for j := range 16 {
			q := low[j]>>(i%8/2*2)&3 | high[j]>>(i/2)&1<<2
			dst[16*i+j] = s * float32(int(q)-4)
		}
	}
}

// ScalesQ3_K unpacks the 12 bytes of a Q3_K block's sub-scales, one for each 16 values, -32..31. Stored is the sub-scale plus 32 in 6 bits:
//
//	0  8 bytes: low nibble: bits 0-3 of sub-scale i, high nibble: of sub-scale i + 8
//	8  4 bytes: byte i, bits 2k and up: bits 4-5 of sub-scale 4k + i
func ScalesQ3_K(b []byte) (s [16]int8) {
	low, high := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:12])
	for i := range s {
		s[i] = int8(low>>(8*(i%8)+4*(i/8))&15|uint64(high>>(8*(i%4)+2*(i/4))&3)<<4) - 32
	}
	return s
}
