package kernels

import (
	"fmt"
	"math"
)

// RMSNorm computes y = x / sqrt(mean(x²) + eps) · w over the first n values; y, x and w have the same length, a multiple of 16, with zeros
// from n on (Zhang and Sennrich 2019). y may be x. It returns the mean square, which is not finite when an x is not.
func (l *Level) RMSNorm(y, x, w []float32, n int, eps float32) float32 {
	checkRows("RMSNorm", len(x), len(y), len(w))
	mean := l.sumSquares(x) / float32(n)
	l.scale(y, x, w, 1/sqrt(mean+eps))
	return mean
}

// LayerNorm computes y = (x - mean) / sqrt(var + eps) · w over the first n values, without the bias; lengths and padding as in RMSNorm
// (Ba, Kiros and Hinton 2016). It returns the variance.
func (l *Level) LayerNorm(y, x, w []float32, n int, eps float32) float32 {
	checkRows("LayerNorm", len(x), len(y), len(w))
	mean := l.sum(x) / float32(n)
	for i := range n {
		y[i] = x[i] - mean
	}
	clear(y[n:])
	v := l.sumSquares(y) / float32(n)
	l.scale(y, y, w, 1/sqrt(v+eps))
	return v
}

// Add computes y = y + x; the lengths are equal and a multiple of 16.
func (l *Level) Add(y, x []float32) {
	checkRows("Add", len(x), len(y))
	l.add(y, x)
}

// Mul computes x = x · c; the length is a multiple of 16.
func (l *Level) Mul(x []float32, c float32) {
	checkRows("Mul", len(x))
	l.mul(x, c)
}

// SwiGLU computes y = silu(gate) · up, silu(g) = g/(1 + e^-g) (Shazeer 2020). y may be gate or up; lengths as in Add.
func (l *Level) SwiGLU(y, gate, up []float32) {
	checkRows("SwiGLU", len(gate), len(y), len(up))
	l.swiGLU(y, gate, up)
}

// GeGLU computes y = gelu(gate) · up with the tanh form of GELU (Hendrycks and Gimpel 2016). y may be gate or up; lengths as in Add.
func (l *Level) GeGLU(y, gate, up []float32) {
	checkRows("GeGLU", len(gate), len(y), len(up))
	l.geGLU(y, gate, up)
}

// ClampedSwiGLU computes y = g·σ(1.702·g)·(u + 1) with g = min(gate, 7) and u = up cut to ±7 (OpenAI 2025). y may be gate or up; the
// lengths are equal.
func ClampedSwiGLU(y, gate, up []float32) {
	for i, g := range gate {
		g = min(g, 7)
		u := min(max(up[i], -7), 7)
		y[i] = g / (1 + exp(float32(g*-1.702))) * (u + 1)
	}
}

// Activation is a function of each value of a feed-forward net's hidden layer.
type Activation uint8

const (
	SiLU    Activation = iota // x/(1 + e^-x)
	GELU                      // x·Φ(x) in the tanh form
	GELUErf                   // x·Φ(x)
	ReLU2                     // max(x, 0)²
	activations
)

// Activate computes x = act(x); the length is a multiple of 16.
func (l *Level) Activate(act Activation, x []float32) {
	checkRows("Activate", len(x))
	l.activate[act](x)
}

// SoftCap computes x = c·tanh(x/c), which keeps scores or logits below c (Gemma Team 2024); the length is a multiple of 16.
func (l *Level) SoftCap(x []float32, c float32) {
	checkRows("SoftCap", len(x))
	l.softCap(x, 1/c, c)
}

func checkRows(op string, n int, others ...int) {
	if n%16 != 0 {
		panic(fmt.Sprintf("kernels: %s: length %d, want a multiple of 16", op, n))
	}
	for _, o := range others {
		if o != n {
			panic(fmt.Sprintf("kernels: %s: lengths %d and %d, want equal ones", op, n, o))
		}
	}
}

// sqrt rounds once: the square root in float64 of a float32 is never near a midpoint of two float32.
func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }
