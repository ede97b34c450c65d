package kernels

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exactFMA rounds x·y + z once, by arithmetic of any precision.
func exactFMA(x, y, z float32) float32 {
	b := func(v float32) *big.Float { return new(big.Float).SetPrec(2000).SetFloat64(float64(v)) }
	r := b(x)
	r.Mul(r, b(y)).Add(r, b(z))
	f, _ := r.Float32()
	return f
}

func TestFMA(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	number := func() float32 {
		switch r.IntN(4) {
		case 0: // few bits: sums that lie on midpoints
			return float32(r.IntN(16)-8) * float32(math.Ldexp(1, r.IntN(60)-30))
		case 1:
			return math.Float32frombits(r.Uint32()&0x007fffff | uint32(r.IntN(2))<<31) // subnormal
		case 2:
			return float32(1+r.IntN(3)) + float32(math.Ldexp(float64(r.IntN(7)-3), -23+r.IntN(3)))
		}
		return float32(r.NormFloat64()) * float32(math.Ldexp(1, r.IntN(100)-50))
	}
	odd := 0
	for range 2_000_000 {
		x, y, z := number(), number(), number()
		got, want := fma(x, y, z), exactFMA(x, y, z)
		if math.Float32bits(got) != math.Float32bits(want) && !(got == 0 && want == 0) {
			t.Fatalf("fma(%g, %g, %g) = %g, want %g", x, y, z, got, want)
		}
		if float32(float64(x)*float64(y)+float64(z)) != want {
			odd++ // where rounding twice is wrong: the cases that the test is for
		}
	}
	if odd == 0 {
		t.Error("no case tells a single rounding from two")
	}
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range [][4]float32{{inf, 1, 1, inf}, {3e38, 3e38, 0, inf}, {inf, 0, 1, nan}, {1, 1, nan, nan}, {3e38, 3e38, -inf, -inf}} {
		if got := fma(c[0], c[1], c[2]); got != c[3] && !(got != got && c[3] != c[3]) {
			t.Errorf("fma(%v) = %v, want %v", c[:3], got, c[3])
		}
	}
}

func TestExp(t *testing.T) {
	for x := float32(-90); x < 90; x += 0.00137 {
		got, want := float64(exp(x)), math.Exp(float64(x))
		switch {
		case x < expMin:
			want = 0
		case x > expMax:
			want = math.Exp(float64(float32(expMax)))
		}
		if math.Abs(got-want) > 1.3*0x1p-23*want {
			t.Fatalf("exp(%v) = %v, want %v: off by %.2f ulp", x, got, want, math.Abs(got-want)/want*0x1p23)
		}
	}
	if exp(0) != 1 || exp(float32(math.Inf(-1))) != 0 || !math.IsNaN(float64(exp(float32(math.NaN())))) {
		t.Errorf("exp(0), exp(-inf), exp(NaN) = %v, %v, %v", exp(0), exp(float32(math.Inf(-1))), exp(float32(math.NaN())))
	}
}

// TestActivations compares with float64.
func TestActivations(t *testing.T) {
	exact := map[Activation]func(x float64) float64{
		SiLU: func(x float64) float64 { return x / (1 + math.Exp(-x)) },
		GELU: func(x float64) float64 {
			return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
		},
		GELUErf: func(x float64) float64 { return 0.5 * x * math.Erfc(-x/math.Sqrt2) },
		ReLU2:   func(x float64) float64 { return math.Pow(max(x, 0), 2) },
	}
	for act, f := range exact {
		x := make([]float32, 16)
		for v := -12.0; v < 12; v += 0.01 {
			for i := range x {
				x[i] = float32(v + float64(i)/1700)
			}
			in := append([]float32(nil), x...)
			Levels()[0].Activate(act, x)
			for i := range x {
				want := f(float64(in[i]))
				if math.Abs(float64(x[i])-want) > 3e-7*max(math.Abs(float64(in[i])), want) {
					t.Fatalf("activation %d of %v = %v, want %v", act, in[i], x[i], want)
				}
			}
		}
	}
	for v := float32(-300); v < 300; v += 0.37 {
		x := make([]float32, 16)
		x[3] = v
		Levels()[0].SoftCap(x, 30)
		if want := 30 * math.Tanh(float64(v)/30); math.Abs(float64(x[3])-want) > 30*3e-7 {
			t.Fatalf("softcap of %v = %v, want %v", v, x[3], want)
		}
	}
}
