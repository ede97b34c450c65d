package quant

// Q1_0: 128 values d or -d; 1.125 bits a weight.
//
//	0  f16 d
//	2  16 bytes: bit j mod 8 of byte j/8 set: value j is d, else -d
func codesQ1_0(b []byte, i int) (s float32, q [16]int8) {
	for j := range q {
		q[j] = int8(b[2+2*i+j/8]>>(j%8)&1)*2 - 1
	}
	return f16(b), q
}
