package quant

// Q4_1: 32 values d·q + m, q in 0..15; 5 bits a weight.
//
//	0  f16 d
//	2  f16 m
//	4  16 bytes: low nibbles q of values 0..15, high nibbles of values 16..31
func dequantQ4_1(dst []float32, b []byte) {
	d, m := f16(b), f16(b[2:])
	for j, q := range b[4:20] {
		dst[j] = float32(d*float32(q&15)) + m
		dst[j+16] = float32(d*float32(q>>4)) + m
	}
}
