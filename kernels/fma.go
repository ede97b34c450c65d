package kernels

import "math"

// fma returns x·y + z rounded once to float32. math.FMA on float64 values and a conversion would round twice: the product of two
// float32 is exact in float64, so only the sum can be inexact, and a second rounding is wrong just where that sum lies next to
// a midpoint of two float32 (or below the normal range). There the sum is first rounded to odd, which makes the second rounding right.
func fma(x, y, z float32) float32 {
	p := float64(x) * float64(y)
	s := p + float64(z)
	b := math.Float64bits(s)
	if b&0x1fffffff != 0x10000000 && (b>>52)&0x7ff >= 897 {
		return float32(s) // normal in float32 (or not finite) and no midpoint
	}
	return fmaOdd(p, float64(z), s)
}

// fmaOdd finishes fma where s = p + z may have to be rounded to odd before it becomes a float32.
func fmaOdd(p, z, s float64) float32 {
	t := s - p
	e := (p - (s - t)) + (z - t) // s + e = p + z exactly (Knuth's two-sum)
	b := math.Float64bits(s)
	if e != 0 && b&1 == 0 && s == s {
		if (e > 0) == (s > 0) {
			b++
		} else {
			b--
		}
	}
	return float32(math.Float64frombits(b))
}

// tree adds 16 lanes, lane i and lane i + half.
func tree(v *[16]float32) float32 {
	for half := 8; half > 0; half /= 2 {
		for i := 0; i < half; i++ {
			v[i] += v[i+half]
		}
	}
	return v[0]
}
