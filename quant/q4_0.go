package quant

import (
	"encoding/binary"
	"math"
)

// Q4_0: 32 values d · (q - 8), q in 0..15; 4.5 bits a weight.
//
//	0  f16 d
//	2  16 bytes: low nibbles q of values 0..15, high nibbles of values 16..31
func dequantQ4_0(dst []float32, b []byte) {
	d := f16(b)
	for j, q := range b[2:18] {
		dst[j] = d * float32(int(q&15)-8)
		dst[j+16] = d * float32(int(q>>4)-8)
	}
}

// quantQ4_0 lets the value of the largest magnitude become -8 d: the side with one code more.
func quantQ4_0(b []byte, src []float32) {
	var top float32
	for _, x := range src {
		if math.Abs(float64(x)) > math.Abs(float64(top)) {
			top = x
		}
	}
	d, inv := scaleAndInverse(top / -8)
	binary.LittleEndian.PutUint16(b, d)
	for j := range 16 {
		b[2+j] = nibble(float32(src[j]*inv)) | nibble(float32(src[j+16]*inv))<<4
	}
}

// nibble rounds x in -8..8 to a code: half way cases go up, and 8, which has no code, becomes 7.
func nibble(x float32) byte { return min(15, byte(x+8.5)) }

// scaleAndInverse returns d rounded to half precision, and 1/d: of the exact d, as the format's usual rule has it, or 0 where
// d is rounded to zero and no code matters.
func scaleAndInverse(d float32) (h uint16, inv float32) {
	h = F32ToF16(d)
	if h&0x7fff == 0 {
		return h, 0
	}
	return h, 1 / d
}
