package quant

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestQuantize checks that every value comes back within half a step of its block and the rounding of the scale to half precision.
func TestQuantize(t *testing.T) {
	cases := []struct {
		typ   Type
		steps float64 // codes from zero to the largest magnitude
		side  float64 // steps that the largest value of the other sign may be cut by
	}{
		{Q8_0, 127, 0},
		{Q4_0, 8, 1},
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range cases {
		info := types[c.typ]
		for _, size := range []float32{0, 1e-30, 1e-7, 1e-3, 1, 3e4} {
			src := make([]float32, 40*info.Values)
			for i := range src {
				src[i] = size * float32(rng.NormFloat64())
			}
			b := make([]byte, c.typ.RowBytes(len(src)))
			got := make([]float32, len(src))
			info.Quantize(b, src)
			info.Dequantize(got, b)
			for i := range src {
				block := src[i/info.Values*info.Values:][:info.Values]
				var top float64
				for _, x := range block {
					top = max(top, math.Abs(float64(x)))
				}
				step := top / c.steps
				// A scale is off by 2^-12 of itself, or by 2^-25 where it is subnormal, at each step.
				bound := step*(0.5+c.side/2)*1.000001 + c.steps*max(step*0x1p-11, 0x1p-25)
				if diff := math.Abs(float64(got[i]) - float64(src[i])); diff > bound {
					t.Fatalf("%v: value %d: %g comes back as %g, bound %g", c.typ, i, src[i], got[i], bound)
				}
			}
		}
	}
}

// TestQuantizeExact checks that values which the type can hold come back.
func TestQuantizeExact(t *testing.T) {
	for _, typ := range []Type{F32, F16, BF16, Q8_0, Q4_0} {
		info := types[typ]
		src := make([]float32, 64)
		for i := range src {
			src[i] = 0.25 * float32(i%16-8) // whole multiples of a scale of Q4_0
			if typ == Q8_0 {
				src[i] = 0.25 * float32(i*127/63-127+127*(i/32))
			}
		}
		b := make([]byte, typ.RowBytes(len(src)))
		got := make([]float32, len(src))
		info.Quantize(b, src)
		info.Dequantize(got, b)
		for i := range src {
			if got[i] != src[i] {
				t.Errorf("%v: value %d: %v comes back as %v", typ, i, src[i], got[i])
			}
		}
	}
}

func TestString(t *testing.T) {
	for typ, want := range map[Type]string{Q4_K: "Q4_K", NVFP4: "NVFP4", 4: "type 4", 1 << 31: "type 2147483648"} {
		if got := typ.String(); got != want {
			t.Errorf("Type(%d).String() = %q, want %q", uint32(typ), got, want)
		}
		if _, ok := typ.Info(); ok != (want == types[typ].Name) {
			t.Errorf("Type(%d).Info() says %v", uint32(typ), ok)
		}
	}
}

func TestWrongLength(t *testing.T) {
	cases := map[string]func(){
		"quant: RowBytes: 33 values of Q4_0":                           func() { Q4_0.RowBytes(33) },
		"quant: RowBytes: 1 values of type 4":                          func() { Type(4).RowBytes(1) },
		"quant: Q4_0: 32 values in 17 bytes, blocks have 32 in 18":     func() { types[Q4_0].Dequantize(make([]float32, 32), make([]byte, 17)) },
		"quant: Q6_K: 255 values in 210 bytes, blocks have 256 in 210": func() { types[Q6_K].Dequantize(make([]float32, 255), make([]byte, 210)) },
		"quant: TQ1_0: 512 values in 54 bytes, blocks have 256 in 54":  func() { types[TQ1_0].Dequantize(make([]float32, 512), make([]byte, 54)) },
		"quant: F16: 2 values in 3 bytes, blocks have 1 in 2":          func() { types[F16].Dequantize(make([]float32, 2), make([]byte, 3)) },
		"quant: Q8_0: 32 values in 35 bytes, blocks have 32 in 34":     func() { types[Q8_0].Quantize(make([]byte, 35), make([]float32, 32)) },
		"quant: F32: 9 values in 32 bytes, blocks have 1 in 4":         func() { types[F32].Quantize(make([]byte, 32), make([]float32, 9)) },
	}
	for want, f := range cases {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != want {
					t.Errorf("panic %q, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

// TestCodes checks that codes stay in the range that their doc promises, whatever the bytes.
func TestCodes(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for typ, info := range types {
		if info.Codes == nil {
			continue
		}
		b := make([]byte, info.Bytes)
		for range 500 {
			for i := range b {
				b[i] = byte(rng.Uint32())
			}
			for i := range info.Values / 16 {
				if _, q := info.Codes(b, i); min16(q) < -127 {
					t.Fatalf("%v: codes %v of values %d to %d", typ, q, 16*i, 16*i+15)
				}
			}
		}
	}
}

func min16(q [16]int8) int8 {
	least := q[0]
	for _, c := range q {
		least = min(least, c)
	}
	return least
}

func TestNoAllocations(t *testing.T) {
	dst := make([]float32, 512)
	for typ, info := range types {
		src := make([]byte, typ.RowBytes(len(dst)))
		if n := testing.AllocsPerRun(10, func() { info.Dequantize(dst, src) }); n != 0 {
			t.Errorf("%v: Dequantize allocates %v times", typ, n)
		}
	}
}

// FuzzDequantize checks that no bytes make a decoder panic, and that a block's values do not depend on its neighbours.
func FuzzDequantize(f *testing.F) {
	f.Add(make([]byte, 210))
	f.Add([]byte("\xff\xff\xff\x7f\x00\x7c\x00\xfc"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for typ, info := range types {
			n := len(data) / info.Bytes
			whole := dequantize(typ, data[:n*info.Bytes])
			if n > 1 {
				last := dequantize(typ, data[(n-1)*info.Bytes:n*info.Bytes])
				if string(last) != string(whole[len(whole)-len(last):]) {
					t.Errorf("%v: the last of %d blocks has other values alone", typ, n)
				}
			}
		}
	})
}
