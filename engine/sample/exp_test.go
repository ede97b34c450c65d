package sample

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"testing"
)

// ulps is the distance of two positive floats in units in the last place.
func ulps(a, b float64) int64 {
	d := int64(math.Float64bits(a)) - int64(math.Float64bits(b))
	return max(d, -d)
}

func TestExpIsNearMathExp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		x := -math.Exp(r.Float64()*16 - 9.5)                       // from -7e-5 to -665
		if got, want := exp(x), math.Exp(x); ulps(got, want) > 2 { // 1 of ours, 1 of theirs
			t.Fatalf("exp(%v) = %v, want %v: %d ulps apart", x, got, want, ulps(got, want))
		}
	}
}

func TestExpEdges(t *testing.T) {
	for _, c := range []struct{ x, want float64 }{
		{0, 1},
		{-5e-324, 1},
		{-0x1p-60, 1},
		{math.Nextafter(expFloor, -1000), 0},
		{-1e300, 0},
		{math.Inf(-1), 0},
	} {
		if got := exp(c.x); got != c.want {
			t.Errorf("exp(%v) = %v, want %v", c.x, got, c.want)
		}
	}
	if exp(expFloor) <= 0 {
		t.Error("exp(expFloor) is zero")
	}
}

// TestExpIsOneAnswer pins the bits: the sum below was made on amd64 and holds on every CPU.
func TestExpIsOneAnswer(t *testing.T) {
	const want = "68cf39586a89e263c5def257b03a375e3778057aa43cb80c169460c0658ab6a5"
	h := sha256.New()
	r := rand.New(rand.NewPCG(3, 4))
	for range 50_000 {
		x := -r.Float64() * 60
		h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(exp(x))))
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("SHA-256 of 50,000 exponentials = %s, want %s", got, want)
	}
}
