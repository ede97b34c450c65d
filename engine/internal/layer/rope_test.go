package layer

import (
	"math"
	"strings"
	"testing"
)

// plain is a configuration without scaling.
func plain() RopeConfig {
	return RopeConfig{
		Dims: 8, Base: 10000, Positions: 1000, Scaling: "linear", Factor: 1, Original: 1000, AttnFactor: 1,
		LowFreq: 1, HighFreq: 4, BetaFast: 32, BetaSlow: 1,
	}
}

// TestRopeFrequencies compares the frequencies with values worked out from the definitions by other means.
func TestRopeFrequencies(t *testing.T) {
	for _, c := range []struct {
		name  string
		set   func(*RopeConfig)
		want  []float64 // radians a position
		scale float64
	}{
		{"plain", func(c *RopeConfig) {}, []float64{1, 0.1, 0.01, 0.001}, 1},
		{"none ignores the factor", func(c *RopeConfig) { c.Scaling, c.Factor = "none", 4 }, []float64{1, 0.1, 0.01, 0.001}, 1},
		{"linear", func(c *RopeConfig) { c.Factor = 4 }, []float64{0.25, 0.025, 0.0025, 0.00025}, 1},
		{"divisors", func(c *RopeConfig) { c.Divisors = []float32{1, 2, 4, 8} }, []float64{1, 0.05, 0.0025, 0.000125}, 1},
		{"attention factor", func(c *RopeConfig) { c.AttnFactor = 1.5 }, []float64{1, 0.1, 0.01, 0.001}, 1.5},
		// Waves in 1000 positions: 159, 15.9, 1.59, 0.159. The third is 0.19718 of the way from 1 to 4.
		{"llama3", func(c *RopeConfig) { c.Scaling, c.Factor = "llama3", 8 }, []float64{1, 0.1, 0.01*(1-0.19718)/8 + 0.01*0.19718, 0.001 / 8}, 1},
		// Pairs that turn 32 times and once in 1000 positions: 0.697 and 2.20, so the ramp goes from 0 to 3.
		{"yarn", func(c *RopeConfig) { c.Scaling, c.Factor = "yarn", 8 },
			[]float64{1, 0.1 * (2.0/3 + 1.0/3/8), 0.01 * (1.0/3 + 2.0/3/8), 0.001 / 8}, 1 + 0.1*math.Log(8)},
	} {
		config := plain()
		c.set(&config)
		r, err := NewRope(config)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, want := range c.want {
			if got := r.freq[i]; math.Abs(got/want-1) > 2e-5 {
				t.Errorf("%s: pair %d turns by %v, want %v", c.name, i, got, want)
			}
		}
		if math.Abs(r.scale-c.scale) > 1e-12 {
			t.Errorf("%s: scale %v, want %v", c.name, r.scale, c.scale)
		}
	}
}

func TestRopeAngles(t *testing.T) {
	config := plain()
	config.AttnFactor = 2
	r, err := NewRope(config)
	if err != nil {
		t.Fatal(err)
	}
	positions := []int32{0, 1, 999, 7}
	r.prepare(positions)
	for row, p := range positions {
		cos, sin := r.row(row)
		for i, f := range []float64{1, 0.1, 0.01, 0.001} {
			s, c := math.Sincos(float64(p) * f)
			if math.Abs(float64(cos[i])-2*c) > 2e-7 || math.Abs(float64(sin[i])-2*s) > 2e-7 {
				t.Errorf("position %d, pair %d: cos %v and sin %v, want %v and %v", p, i, cos[i], sin[i], 2*c, 2*s)
			}
		}
	}
}

func TestRopeErrors(t *testing.T) {
	for _, c := range []struct {
		set  func(*RopeConfig)
		want string
	}{
		{func(c *RopeConfig) { c.Base = 0 }, "base 0"},
		{func(c *RopeConfig) { c.Base = math.Inf(1) }, "base +Inf"},
		{func(c *RopeConfig) { c.Factor = -1 }, "factor -1"},
		{func(c *RopeConfig) { c.Original = 0 }, "original context 0"},
		{func(c *RopeConfig) { c.AttnFactor = math.NaN() }, "attention factor NaN"},
		{func(c *RopeConfig) { c.Scaling = "magic" }, `scaling "magic"`},
		{func(c *RopeConfig) { c.Scaling, c.LowFreq = "llama3", 4 }, "high frequency factor 4"},
		{func(c *RopeConfig) { c.Scaling, c.Base = "yarn", 1 }, "base 1"},
		{func(c *RopeConfig) { c.Divisors = []float32{1, 0, 1, 1} }, "divisor 0 of pair 1"},
		{func(c *RopeConfig) { c.Positions = 1 << 30 }, "pair 0 turns"},
	} {
		config := plain()
		c.set(&config)
		if _, err := NewRope(config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one about %q", err, c.want)
		}
	}
}
