package kernels

import "math"

// fma returns x·y + z rounded once to float32. math.FMA on float64 values and a conversion would round twice: the product of two
// float32 is exact in float64, so only the sum can be inexact, and a second rounding is wrong just where that sum lies next to
// a midpoint of two float32 (or below the normal range). There the sum is first rounded to odd, which makes the second rounding right.
func fma(x, y, z float32) float32 {
	if s := float64(x)*float64(y) + float64(z); rounds(s) {
		return float32(s)
	}
	return fmaOdd(x, y, z)
}

// rounds says that s, a sum rounded to float64, becomes the right float32: it is normal there (or not finite) and no midpoint.
func rounds(s float64) bool {
	b := math.Float64bits(s)
	return b<<35 != 1<<63 && b<<1 >= 897<<53
}

// fmaOdd is fma where the sum may have to be rounded to odd before it becomes a float32.
func fmaOdd(x, y, z float32) float32 {
	p, c := float64(x)*float64(y), float64(z)
	s := p + c
	t := s - p
	e := (p - (s - t)) + (c - t) // s + e = p + c exactly (Knuth's two-sum)
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

// addScaled computes y = fma(x, c, y) for 16 lanes.
func addScaled(y, x *[16]float32, c float32) {
	w := float64(c)
	for i, v := range x {
		if s := w*float64(v) + float64(y[i]); rounds(s) {
			y[i] = float32(s)
		} else {
			y[i] = fmaOdd(c, v, y[i])
		}
	}
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
