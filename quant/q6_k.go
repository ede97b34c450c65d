package quant

// Q6_K: 256 values (d·s) · (q - 32), q in 0..63, s in -128..127 for each 16 values; 6.5625 bits a weight.
//
//	  0  128 bytes: byte 64h + l: low nibble bits 0-3 of q of value 128h + l, high nibble of value 128h + 64 + l
//	128  64 bytes: byte 32h + l, bits 2k and up: bits 4-5 of q of value 128h + 32k + l
//	192  16 × i8 s of values 16i..16i+15
//	208  f16 d
func dequantQ6_K(dst []float32, b []byte) {
	d := f16(b[208:])
	for i, sc := range b[192:208] {
		s := d * float32(int8(sc))
		h, k := i/8, i%8/2 // 16 values at 128h + 32k + 16(i mod 2)
		low, high := b[64*h+k%2*32+i%2*16:], b[128+32*h+i%2*16:]
		for j := range 16 {
			q := low[j]>>(k/2*4)&15 | high[j]>>(2*k)&3<<4
			dst[16*i+j] = s * float32(int(q)-32)
		}
	}
}
