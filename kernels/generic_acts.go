package kernels

import "math"

// tiny is the smallest block maximum that is told from zero: below it 127/max would overflow.
const tiny = 0x1p-120

// genericQuantize rounds blocks of 32 values to 8 bits. The maximum is taken over the bits of |x| as integers, where an infinity or NaN is
// greatest: D then is not finite either, and so is every sum that the block enters.
func genericQuantize(q []int8, d, ds []float32, s []int16, x []float32) {
	for b := range d {
		xb, qb := x[32*b:32*b+32], q[32*b:32*b+32]
		var top uint32
		for _, v := range xb {
			top = max(top, math.Float32bits(v)&0x7fffffff)
		}
		m := math.Float32frombits(top)
		var inv float32
		if !(m < tiny) {
			inv = 127 / m
		} else {
			m = 0
		}
		var sum [2]int32
		for i, v := range xb {
			r := roundEven(float32(v * inv))
			qb[i] = int8(r)
			sum[i/16] += r
		}
		d[b] = m / 127
		ds[b] = d[b] * float32(sum[0]+sum[1])
		s[2*b], s[2*b+1] = int16(sum[0]), int16(sum[1])
	}
}

// roundEven rounds |v| < 2^22 to the nearest integer, halves to the even one: adding 1.5·2^23 leaves no fraction bits. Of larger values
// and NaN, which only blocks without a finite D have, it returns something in the range of int8.
func roundEven(v float32) int32 {
	const magic = 0x1.8p23
	return int32(int8(math.Float32bits(v+magic) - math.Float32bits(magic)))
}
