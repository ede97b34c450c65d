package kernels

import "math"

// The f32 work on rows. len(x) is a multiple of 16: rows are padded with zeros, which change no sum.

func genericSum(x []float32) float32 {
	var v [16]float32
	for i := 0; i < len(x); i += 16 {
		for l := range v {
			v[l] += x[i+l]
		}
	}
	return tree(&v)
}

func genericSumSquares(x []float32) float32 {
	var v [16]float32
	for i := 0; i < len(x); i += 16 {
		for l := range v {
			v[l] = fma(x[i+l], x[i+l], v[l])
		}
	}
	return tree(&v)
}

// genericScale computes y = (x·c)·w.
func genericScale(y, x, w []float32, c float32) {
	for i, v := range x {
		y[i] = float32(v*c) * w[i]
	}
}

// genericMul computes x = x·c.
func genericMul(x []float32, c float32) {
	for i := range x {
		x[i] *= c
	}
}

// genericAdd computes y = y + x.
func genericAdd(y, x []float32) {
	for i, v := range x {
		y[i] += v
	}
}

// genericSwiGLU computes y = gate/(1 + exp(-gate)) · up.
func genericSwiGLU(y, gate, up []float32) {
	for i, g := range gate {
		y[i] = g / (1 + exp(-g)) * up[i]
	}
}

// genericGeGLU computes y = gate/(1 + exp(-2z)) · up, z = √(2/π)·(gate + 0.044715·gate³): the tanh form of GELU.
func genericGeGLU(y, gate, up []float32) {
	for i, g := range gate {
		y[i] = g / (1 + exp(g*fma(g*g, geluA, geluB))) * up[i]
	}
}

const (
	geluB = -1.5957691216057308 // -2·√(2/π)
	geluA = geluB * 0.044715
)

// Constants of exp: ln 2 in two parts, and a polynomial that interpolates (e^r - 1 - r)/r² at Chebyshev nodes of |r| ≤ ln 2 / 2.
const (
	expMax   = 88.3762626647949  // 127.5·ln 2: above it exp stays at about 2.4e38
	expMin   = -87.3365447505531 // -126·ln 2: below it exp is 0
	expLog2E = 1.44269504088896341
	expHi    = 0.693359375
	expLo    = -2.12194440e-4
	expMagic = 0x1.8p23
	exp2     = 0.5
	exp3     = 0.16666576266288757
	exp4     = 0.04166655242443085
	exp5     = 0.00836323294788599
	exp6     = 0.0013926250394433737
)

// exp returns e^x to about 1 ulp: x = n·ln 2 + r, e^x = 2^n · e^r. Results that would be subnormal are 0; NaN stays NaN.
func exp(x float32) float32 {
	if x < expMin {
		return 0
	}
	if x > expMax {
		x = expMax
	}
	t := fma(x, expLog2E, expMagic)
	n := t - expMagic
	r := fma(n, -expLo, fma(n, -expHi, x))
	p := fma(exp6, r, exp5)
	p = fma(p, r, exp4)
	p = fma(p, r, exp3)
	p = fma(p, r, exp2)
	p = fma(p, r, 1)
	p = fma(p, r, 1)
	return p * math.Float32frombits(math.Float32bits(t)<<23+0x3f800000)
}

func genericMax(x []float32) float32 {
	m := x[0]
	for _, v := range x {
		if v > m {
			m = v
		}
	}
	return m
}

// genericExpSum computes x = exp(x - m) and adds the results to 16 lanes.
func genericExpSum(x []float32, m float32, lanes *[16]float32) {
	for i := range x {
		x[i] = exp(x[i] - m)
		lanes[i%16] += x[i]
	}
}
