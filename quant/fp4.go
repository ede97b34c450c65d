package quant

import "math"

// fp4Values are twice the values of the 4-bit floating-point codes E2M1.
var fp4Values = [16]int8{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}

// MXFP4: 32 values 2^(e-128) · T[q], T = fp4Values; 4.25 bits a weight. Source: OCP Microscaling Formats 1.0, with E8M0 scales, except
// that e = 255 is a scale like the others and no NaN.
//
//	0  u8 e
//	1  16 bytes: low nibbles q of values 0..15, high nibbles of values 16..31
func dequantMXFP4(dst []float32, b []byte) {
	e := uint32(b[0])
	s := math.Float32frombits((e - 1) << 23)
	if e < 2 { // subnormal: 2^-128, 2^-127
		s = math.Float32frombits(0x00200000 << e)
	}
	lookup4(dst, b[1:17], s, &fp4Values)
}

// NVFP4: 64 values (s/2) · T[q], T = fp4Values, with an E4M3 scale s for each 16 values; 4.5 bits a weight.
//
//	0  4 × s of values 16i..16i+15: unsigned, bit 7 unused, 4 bits of exponent with bias 7, 3 bits of fraction; 0x7f is 0
//	4  32 bytes: byte 8i + j: low nibble q of value 16i + j, high nibble of value 16i + 8 + j
func codesNVFP4(b []byte, i int) (s float32, q [16]int8) {
	for j, x := range b[4+8*i : 12+8*i] {
		q[j], q[j+8] = fp4Values[x&15], fp4Values[x>>4]
	}
	e, m := uint32(b[i]>>3&15), uint32(b[i]&7)
	switch {
	case b[i] == 0x7f:
		s = 0
	case e == 0:
		s = float32(m) * 0x1p-10
	default:
		s = math.Float32frombits((e+119)<<23 | m<<20) // from bias 7 to bias 127, and halved
	}
	return s, q
}
