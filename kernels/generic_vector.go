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

// genericSwiGLU computes y = silu(gate) · up.
func genericSwiGLU(y, gate, up []float32) {
	for i, g := range gate {
		y[i] = silu(g) * up[i]
	}
}

// genericGeGLU computes y = gelu(gate) · up.
func genericGeGLU(y, gate, up []float32) {
	for i, g := range gate {
		y[i] = gelu(g) * up[i]
	}
}

// inPlace applies an activation to every value.
func inPlace(act func(float32) float32) func(x []float32) {
	return func(x []float32) {
		for i, v := range x {
			x[i] = act(v)
		}
	}
}

// silu is x/(1 + exp(-x)).
func silu(x float32) float32 { return x / (1 + exp(-x)) }

// gelu is x/(1 + exp(-2z)), z = √(2/π)·(x + 0.044715·x³): the tanh form.
func gelu(x float32) float32 { return x / (1 + exp(x*fma(x*x, geluA, geluB))) }

const (
	geluB = -1.5957691216057308 // -2·√(2/π)
	geluA = geluB * 0.044715
)

// geluErf is x·Φ(x) = max(x, 0) - |x|/2·erfc(|x|/√2). erfc(z) = exp(-z²)·erfcx(z), and erfcx is t times a polynomial in t = 1/(1 + z/2) that
// interpolates it to 6e-8.
func geluErf(x float32) float32 {
	abs := math.Float32frombits(math.Float32bits(x) & 0x7fffffff)
	t := 1 / fma(abs, erfT, 1)
	p := erfQ[8]
	for i := 7; i >= 0; i-- {
		p = fma(p, t, erfQ[i])
	}
	z := exp(float32(x*-0.5) * x)
	h := float32(float32(float32(p*t)*z) * float32(abs*0.5))
	return max(x, 0) - h
}

const erfT = 0.35355339059327373 // 1/(2·√2)

var erfQ = [9]float32{0.2820826768875122, 0.2824450433254242, 0.24257288873195648, 0.20485365390777588, -0.03184175863862038, 0.28569769859313965, -0.49386364221572876, 0.28776830434799194, -0.059714920818805695}

// relu2 is max(x, 0)².
func relu2(x float32) float32 {
	x = max(x, 0)
	return x * x
}

// genericSoftCap computes x = c·tanh(x·inv), tanh(z) = 1 - 2/(exp(2z) + 1).
func genericSoftCap(x []float32, inv, c float32) {
	for i, v := range x {
		z := float32(v * inv)
		x[i] = (1 - 2/(exp(z+z)+1)) * c
	}
}

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
