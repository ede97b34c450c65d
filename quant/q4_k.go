package quant

import "encoding/binary"

// Q4_K: 256 values (d·s)·q - dmin·m, q in 0..15, s and m in 0..63 for each 32 values; 4.5 bits a weight.
//
//	 0  f16 d
//	 2  f16 dmin
//	 4  12 bytes: sub-scales s and sub-minimums m, see ScalesQ4_K
//	16  128 bytes: byte 32h + l: low nibble q of value 64h + l, high nibble of value 64h + 32 + l
func dequantQ4_K(dst []float32, b []byte) {
	d, dmin := f16(b), f16(b[2:])
	scales, mins := ScalesQ4_K(b[4:16])
	for i := range 8 {
		s, m := d*float32(scales[i]), dmin*float32(mins[i])
		for j, q := range b[16+i/2*32:][:32] {
			dst[32*i+j] = float32(s*float32(q>>(i%2*4)&15)) - m
		}
	}
}

// Q5_K: 256 values (d·s)·q - dmin·m, q in 0..31, s and m in 0..63 for each 32 values; 5.5 bits a weight.
//
//	 0  f16 d
//	 2  f16 dmin
//	 4  12 bytes: sub-scales s and sub-minimums m, see ScalesQ4_K
//	16  32 bytes: byte l, bit k: bit 4 of q of value 32k + l
//	48  128 bytes: byte 32h + l: low nibble bits 0-3 of q of value 64h + l, high nibble of value 64h + 32 + l
func dequantQ5_K(dst []float32, b []byte) {
	d, dmin := f16(b), f16(b[2:])
	scales, mins := ScalesQ4_K(b[4:16])
	high := b[16:48]
	for i := range 8 {
		s, m := d*float32(scales[i]), dmin*float32(mins[i])
		for j, q := range b[48+i/2*32:][:32] {
			dst[32*i+j] = float32(s*float32(q>>(i%2*4)&15|high[j]>>i&1<<4)) - m
		}
	}
}

// ScalesQ4_K unpacks the 12 bytes of the sub-scales and sub-minimums of a Q4_K or Q5_K block, one of each for each 32 values, 0..63:
//
//	0  4 bytes: bits 0-5 sub-scale i, bits 6-7: bits 4-5 of sub-scale i + 4
//	4  4 bytes: bits 0-5 sub-minimum i, bits 6-7: bits 4-5 of sub-minimum i + 4
//	8  4 bytes: low nibble bits 0-3 of sub-scale i + 4, high nibble of sub-minimum i + 4
func ScalesQ4_K(b []byte) (scales, mins [8]byte) {
	s, m, both := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:12])
	binary.LittleEndian.PutUint32(scales[:], s&0x3f3f3f3f)
	binary.LittleEndian.PutUint32(scales[4:], both&0x0f0f0f0f|s>>2&0x30303030)
	binary.LittleEndian.PutUint32(mins[:], m&0x3f3f3f3f)
	binary.LittleEndian.PutUint32(mins[4:], both>>4&0x0f0f0f0f|m>>2&0x30303030)
	return scales, mins
}
