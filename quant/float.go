package quant

import (
	"encoding/binary"
	"math"
)

// F16ToF32 returns the value of an IEEE half-precision number: sign, 5 bits of exponent with bias 15, 10 bits of fraction.
// A NaN keeps its payload and becomes quiet, as hardware conversions do.
func F16ToF32(h uint16) float32 {
	sign, mag := uint32(h&0x8000)<<16, uint32(h&0x7fff)
	switch {
	case mag > 0x7c00:
		return math.Float32frombits(sign | 0x7fc00000 | mag<<13)
	case mag == 0x7c00:
		return math.Float32frombits(sign | 0x7f800000)
	case mag >= 0x0400:
		return math.Float32frombits(sign | (mag<<13 + 112<<23)) // from bias 15 to bias 127
	}
	return math.Float32frombits(sign | math.Float32bits(float32(mag)*0x1p-24)) // subnormal, or zero
}

// F32ToF16 rounds f to half precision, to nearest and halves to even; from 65520 on the result is infinite. A NaN keeps the upper bits
// of its payload and becomes quiet.
func F32ToF16(f float32) uint16 {
	b := math.Float32bits(f)
	sign, mag := uint16(b>>16)&0x8000, b&0x7fffffff
	switch {
	case mag > 0x7f800000:
		return sign | 0x7e00 | uint16(mag>>13)&0x1ff
	case mag >= 0x477ff000: // 65520, half way from the largest number to the next that there would be
		return sign | 0x7c00
	case mag < 0x38800000: // below 2^-14: in this sum the last bit of the fraction weighs 2^-24, so the addition rounds
		return sign | uint16(math.Float32bits(math.Float32frombits(mag)+0.5)-math.Float32bits(0.5))
	}
	return sign | uint16((mag-112<<23+0xfff+mag>>13&1)>>13)
}

// BF16ToF32 returns the value of a bfloat16 number: the upper half of a float32.
func BF16ToF32(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// F32ToBF16 rounds f to bfloat16, to nearest and halves to even. A NaN keeps the upper bits of its payload and becomes quiet.
func F32ToBF16(f float32) uint16 {
	b := math.Float32bits(f)
	if b&0x7fffffff > 0x7f800000 {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// f16 reads a half-precision scale from the beginning of b.
func f16(b []byte) float32 { return F16ToF32(binary.LittleEndian.Uint16(b)) }

func dequantF32(dst []float32, src []byte) {
	checkLen("F32", 1, 4, len(dst), len(src))
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
}

func quantF32(dst []byte, src []float32) {
	checkLen("F32", 1, 4, len(src), len(dst))
	for i, f := range src {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(f))
	}
}

func dequantF16(dst []float32, src []byte) {
	checkLen("F16", 1, 2, len(dst), len(src))
	for i := range dst {
		dst[i] = f16(src[2*i:])
	}
}

func quantF16(dst []byte, src []float32) {
	checkLen("F16", 1, 2, len(src), len(dst))
	for i, f := range src {
		binary.LittleEndian.PutUint16(dst[2*i:], F32ToF16(f))
	}
}

func dequantBF16(dst []float32, src []byte) {
	checkLen("BF16", 1, 2, len(dst), len(src))
	for i := range dst {
		dst[i] = BF16ToF32(binary.LittleEndian.Uint16(src[2*i:]))
	}
}

func quantBF16(dst []byte, src []float32) {
	checkLen("BF16", 1, 2, len(src), len(dst))
	for i, f := range src {
		binary.LittleEndian.PutUint16(dst[2*i:], F32ToBF16(f))
	}
}
