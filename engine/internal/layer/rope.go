package layer

import (
	"fmt"
	"math"
)

// Rope turns queries and keys by angles that grow with the position (Su et al. 2021): pair i at position p by p · freq[i].
type Rope struct {
	freq        []float64 // [dims/2] radians a position
	scale       float64   // of cos and sin
	interleaved bool

	cos, sin []float32 // [rows, dims/2] of the rows of the step
}

// RopeConfig describes the angles.
type RopeConfig struct {
	Dims        int       // values of a head that turn, even
	Interleaved bool      // pairs are (2i, 2i+1), otherwise (i, i + Dims/2)
	Base        float64   // freq[i] = Base^(-2i/Dims) before scaling
	Positions   int       // the angles are asked for positions below it
	Divisors    []float32 // [Dims/2] freq[i] is divided by them; nil: 1

	Scaling    string // "none", "linear", "longrope", "llama3" or "yarn"
	Factor     float64
	Original   float64 // positions the model was trained on before the context was stretched
	AttnFactor float64 // of cos and sin

	LowFreq, HighFreq float64 // llama3: waves that fit fewer than LowFreq times into Original are stretched, more than HighFreq times not
	BetaFast          float64 // yarn: the same as turns in Original, 32 and 1 in the paper
	BetaSlow          float64
	LogMultiplier     float64 // yarn: the factor of cos and sin is divided by 1 + LogMultiplier·0.1·ln Factor
	Unrounded         bool    // yarn: the bounds between which pairs are blended are not rounded to whole pairs
}

// NewRope returns the angles of a configuration. The error says which value is out of range.
func NewRope(c RopeConfig) (*Rope, error) {
	for _, v := range []struct {
		name  string
		value float64
	}{{"base", c.Base}, {"factor", c.Factor}, {"original context", c.Original}, {"attention factor", c.AttnFactor}} {
		if !(v.value > 0x1p-40 && v.value < 0x1p40) {
			return nil, fmt.Errorf("rope: %s %v: need a positive value", v.name, v.value)
		}
	}
	r := &Rope{freq: make([]float64, c.Dims/2), scale: c.AttnFactor, interleaved: c.Interleaved}
	for i := range r.freq {
		r.freq[i] = pow(c.Base, -2*float64(i)/float64(c.Dims))
	}
	switch c.Scaling {
	case "none", "longrope": // the divisors say it all
	case "linear":
		for i := range r.freq {
			r.freq[i] /= c.Factor
		}
	case "llama3":
		if !(c.HighFreq > c.LowFreq) {
			return nil, fmt.Errorf("rope: high frequency factor %v: need more than the low one, %v", c.HighFreq, c.LowFreq)
		}
		r.stretchLong(&c)
	case "yarn":
		if !(c.Base > 1 && c.BetaFast > 0 && c.BetaSlow > 0) {
			return nil, fmt.Errorf("rope: yarn with base %v, beta %v and %v: need a base above 1 and positive betas", c.Base, c.BetaFast, c.BetaSlow)
		}
		r.yarn(&c)
	default:
		return nil, fmt.Errorf("rope: scaling %q is not supported", c.Scaling)
	}
	for i, d := range c.Divisors {
		if !(d > 0x1p-40 && d < 0x1p40) {
			return nil, fmt.Errorf("rope: divisor %v of pair %d: need a positive value", d, i)
		}
		r.freq[i] /= float64(d)
	}
	for i, f := range r.freq {
		if a := f * float64(c.Positions); !(a < sinCosMax) {
			return nil, fmt.Errorf("rope: pair %d turns by %.3g over %d positions, at most %d is supported", i, a, c.Positions, sinCosMax)
		}
	}
	return r, nil
}

// stretchLong divides the frequency of long waves by the factor, keeps that of short ones, and goes from one to the other in between
// (Llama 3.1 model card).
func (r *Rope) stretchLong(c *RopeConfig) {
	for i, f := range r.freq {
		waves := float64(c.Original*f) / (2 * math.Pi) // that fit into the original context
		smooth := min(max((waves-c.LowFreq)/(c.HighFreq-c.LowFreq), 0), 1)
		r.freq[i] = blend(f/c.Factor, f, smooth)
	}
}

// yarn is the same in terms of the pair's index, and makes attention sharper for the stretched context (Peng et al. 2023, sections 3.2 and 3.4).
func (r *Rope) yarn(c *RopeConfig) {
	at := func(turns float64) float64 { // the pair that turns so often in the original context
		return float64(float64(c.Dims)*log(c.Original/float64(2*math.Pi*turns))) / float64(2*log(c.Base))
	}
	lo, hi := at(c.BetaFast), at(c.BetaSlow)
	if !c.Unrounded {
		lo, hi = math.Floor(lo), math.Ceil(hi)
	}
	lo, hi = max(lo, 0), min(hi, float64(c.Dims-1))
	for i, f := range r.freq {
		ramp := min(max((float64(i)-lo)/max(hi-lo, 0.001), 0), 1)
		r.freq[i] = blend(f, f/c.Factor, ramp)
	}
	sharper := float64(0.1 * log(c.Factor))
	r.scale = float64(r.scale*(1+sharper)) / (1 + float64(c.LogMultiplier*sharper))
}

// blend goes from a to b as t goes from 0 to 1.
func blend(a, b, t float64) float64 { return float64(a*(1-t)) + float64(b*t) }

// prepare computes the angles of the positions of a step.
func (r *Rope) prepare(positions []int32) {
	n := len(r.freq)
	if need := n * len(positions); len(r.cos) < need {
		r.cos, r.sin = make([]float32, need), make([]float32, need)
	}
	for t, p := range positions {
		for i, f := range r.freq {
			s, c := sinCos(float64(float64(p) * f))
			r.cos[t*n+i], r.sin[t*n+i] = float32(float64(c*r.scale)), float32(float64(s*r.scale))
		}
	}
}

// row returns cos and sin of row t of the step.
func (r *Rope) row(t int) (cos, sin []float32) {
	n := len(r.freq)
	return r.cos[t*n : (t+1)*n], r.sin[t*n : (t+1)*n]
}
