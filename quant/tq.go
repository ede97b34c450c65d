package quant

// TQ1_0: 256 ternary values d · (t - 1), t in 0..2; 1.6875 bits a weight. A byte holds five ternary digits as a fraction b/256,
// rounded up: digit n is the integer part of 3 · frac(b · 3^n / 256).
//
//	 0  32 bytes: digit n of byte m: t of value 32n + m
//	32  16 bytes: digit n of byte m: t of value 160 + 16n + m
//	48  4 bytes: digit n < 4 of byte m: t of value 240 + 4n + m
//	52  f16 d
func codesTQ1_0(b []byte, i int) (s float32, q [16]int8) {
	for j := range q {
		switch {
		case i < 10:
			q[j] = trit(b[i%2*16+j], i/2)
		case i < 15:
			q[j] = trit(b[32+j], i-10)
		default:
			q[j] = trit(b[48+j%4], j/4)
		}
	}
	return f16(b[52:]), q
}

// trit returns digit n of a byte of TQ1_0, minus 1.
func trit(b byte, n int) int8 {
	frac := b * [5]byte{1, 3, 9, 27, 81}[n] // modulo 256
	return int8(uint16(frac)*3>>8) - 1
}

// TQ2_0: 256 values d · (q - 1), q in 0..3; 2.0625 bits a weight.
//
//	 0  64 bytes: byte 32h + l, bits 2k and up: q of value 128h + 32k + l
//	64  f16 d
func codesTQ2_0(b []byte, i int) (s float32, q [16]int8) {
	shift := i % 8 / 2 * 2
	for j, x := range b[32*(i/8)+16*(i%2):][:16] {
		q[j] = int8(x>>(shift&7)&3) - 1
	}
	return f16(b[64:]), q
}
