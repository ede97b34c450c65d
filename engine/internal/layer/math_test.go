package layer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"
	"math/rand/v2"
	"testing"
)

// mathCases are our functions with those of the math package and the range of their argument in use.
var mathCases = []struct {
	name      string
	got, want func(float64) float64
	arg       func(r *rand.Rand) float64
	tolerance float64 // absolute for sin and cos, whose tables hold values of size 1; relative for the others
	sum       string  // SHA-256 of 20,000 values: the same bits on every CPU
}{
	{"sin", func(x float64) float64 { s, _ := sinCos(x); return s }, math.Sin, angle, 2.5e-16, "72be8e288117abc11942529daefde7f8f9ed3e3ce80da03b6e8f8d5844a6cd73"},
	{"cos", func(x float64) float64 { _, c := sinCos(x); return c }, math.Cos, angle, 2.5e-16, "b05435f05fe3a7063a42a79ceccba21103aa81eac2f6ef3681619ba0b0025895"},
	{"exp", exp, math.Exp, func(r *rand.Rand) float64 { return float64(r.Float64()*1200) - 600 }, 5e-16, "83dd4884b79d4cbfb1ef35140b68a00fbef186d61f882ec81b0de426c6e4e5fb"},
	{"log", log, math.Log, func(r *rand.Rand) float64 { return math.Ldexp(1+r.Float64(), r.IntN(200)-100) }, 5e-16, "d00f6e0e24e77b85cf16bc829fd1e52fc12f0ed7ff7cdc1be2c4b4033e6b3487"},
}

// angle is spread over all magnitudes up to sinCosMax, with multiples of π/2 and their neighbours among them.
func angle(r *rand.Rand) float64 {
	x := math.Ldexp(r.Float64()-0.5, r.IntN(40)-12)
	if r.IntN(4) == 0 {
		x = math.Floor(x) * (math.Pi / 2)
	}
	return x
}

func TestMath(t *testing.T) {
	for _, c := range mathCases {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			h := sha256.New()
			worst := 0.0
			for range 20000 {
				x := c.arg(r)
				got, want := c.got(x), c.want(x)
				addBits(h, got)
				e := math.Abs(got - want)
				if c.name == "exp" || c.name == "log" {
					e /= max(math.Abs(want), 0x1p-10)
				}
				worst = max(worst, e)
				if e > c.tolerance {
					t.Fatalf("%s(%v) = %v, want %v: error %.3g", c.name, x, got, want, e)
				}
			}
			if got := hex.EncodeToString(h.Sum(nil)); got != c.sum {
				t.Errorf("sum of the values %s, want %s", got, c.sum)
			}
			t.Logf("largest error %.3g", worst)
		})
	}
}

func addBits(h hash.Hash, x float64) {
	h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(x)))
}
