package quant

import (
	"encoding/binary"
	"math"
)

// Q8_0: 32 values d·q, q in -128..127; 8.5 bits a weight.
//
//	0  f16 d
//	2  32 × i8 q
func dequantQ8_0(dst []float32, b []byte) {
	d := f16(b)
	for j, q := range b[2:34] {
		dst[j] = d * float32(int8(q))
	}
}

// quantQ8_0 uses d = max|x| / 127 and rounds halves away from zero.
func quantQ8_0(b []byte, src []float32) {
	var top float32
	for _, x := range src {
		top = max(top, float32(math.Abs(float64(x))))
	}
	d, inv := scaleAndInverse(top / 127)
	binary.LittleEndian.PutUint16(b, d)
	for j, x := range src {
		b[2+j] = byte(int8(math.Round(float64(x * inv))))
	}
}
