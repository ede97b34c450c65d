package quant

// Q2_K: 256 values (d·s)·q - dmin·m, q in 0..3, s and m in 0..15 for each 16 values; 2.625 bits a weight.
//
//	 0  16 bytes: low nibble s, high nibble m of values 16i..16i+15
//	16  64 bytes: byte 32h + l, bits 2k and up: q of value 128h + 32k + l
//	80  f16 d
//	82  f16 dmin
func dequantQ2_K(dst []float32, b []byte) {
	d, dmin := f16(b[80:]), f16(b[82:])
	for i, sm := range b[:16] {
		s, m := d*float32(sm&15), dmin*float32(sm>>4)
		q := b[16+32*(i/8)+16*(i%2):]
		for j := range 16 {
			dst[16*i+j] = float32(s*float32(q[j]>>(i%8/2*2)&3)) - m
		}
	}
}
