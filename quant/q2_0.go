package quant

// Q2_0: 64 values d · (q - 1), q in 0..3; 2.25 bits a weight.
//
//	0  f16 d
//	2  16 bytes: bits 2(j mod 4) and up of byte j/4: q of value j
func codesQ2_0(b []byte, i int) (s float32, q [16]int8) {
	for j := range q {
		q[j] = int8(b[2+4*i+j/4]>>(j%4*2)&3) - 1
	}
	return f16(b), q
}
