package layer

import "math"

// Elementary functions for tables: the math package has other bits on other CPUs. Here every step is one IEEE operation, and the
// conversions forbid the compiler to fuse two of them. Errors are below 2 units in the last place.

// The constants in parts whose products with small integers are exact.
const (
	halfPi1 = 0x1.921fb54p+0 // π/2, 27 bits, the next 27, and the rest
	halfPi2 = 0x1.10b461p-30
	halfPi3 = 0x1.a62633145c06ep-58
	ln2Hi   = 0x1.62e42feep-1 // ln 2, 32 bits, and the rest
	ln2Lo   = 0x1.a39ef35793c76p-33
)

// sinCosMax bounds the argument of sinCos: beyond it the multiple of π/2 has more than the 26 bits that halfPi1 leaves room for.
const sinCosMax = 1 << 26

// sinCos returns sin x and cos x for |x| ≤ sinCosMax: x = n·π/2 + r, then Taylor series to r^17 and r^18, whose rests are below 2^-61.
func sinCos(x float64) (sin, cos float64) {
	n := math.Floor(float64(x*(2/math.Pi)) + 0.5)
	r := x - float64(n*halfPi1)
	r -= float64(n * halfPi2)
	r -= float64(n * halfPi3)
	z := float64(r * r)
	s := series(z, sinTerms[:])
	s = float64(float64(s*z)*r) + r
	c := series(z, cosTerms[:])
	c = float64(float64(z*z)*c) - float64(0.5*z) + 1
	switch int64(n) & 3 {
	case 0:
		return s, c
	case 1:
		return c, -s
	case 2:
		return -s, -c
	}
	return -c, s
}

// Coefficients, the highest first: of r^17 ... r^3 in sin r, and of r^18 ... r^4 in cos r.
var (
	sinTerms = [8]float64{
		1.0 / 355687428096000, -1.0 / 1307674368000, 1.0 / 6227020800, -1.0 / 39916800,
		1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6,
	}
	cosTerms = [8]float64{
		-1.0 / 6402373705728000, 1.0 / 20922789888000, -1.0 / 87178291200, 1.0 / 479001600,
		-1.0 / 3628800, 1.0 / 40320, -1.0 / 720, 1.0 / 24,
	}
	expTerms = [13]float64{
		1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
		1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1,
	}
	atanhTerms = [10]float64{1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3}
)

// series evaluates the polynomial with these coefficients, the highest first.
func series(x float64, terms []float64) float64 {
	p := 0.0
	for _, t := range terms {
		p = float64(p*x) + t
	}
	return p
}

// exp returns e^x for |x| < 700: x = n·ln 2 + r, then the Taylor series to r^13.
func exp(x float64) float64 {
	n := math.Floor(float64(x*math.Log2E) + 0.5)
	r := x - float64(n*ln2Hi)
	r -= float64(n * ln2Lo)
	return math.Ldexp(float64(series(r, expTerms[:])*r)+1, int(n))
}

// log returns ln x for a normal x > 0: x = m·2^n with √½ ≤ m < √2, and ln m = 2·atanh((m-1)/(m+1)).
func log(x float64) float64 {
	m, n := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, n = 2*m, n-1
	}
	s := (m - 1) / (m + 1)
	z := float64(s * s)
	p := float64(float64(2*s)*float64(z*series(z, atanhTerms[:]))) + 2*s
	return float64(float64(n)*ln2Hi) + (p + float64(float64(n)*ln2Lo))
}

// pow returns x^y for a normal x > 0.
func pow(x, y float64) float64 { return exp(float64(y * log(x))) }
