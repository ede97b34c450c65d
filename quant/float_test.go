package quant

import (
	"math"
	"testing"
)

// TestF32ToF16 tries, for all neighbours a < b of half precision, a itself, the midpoint and what lies just below and above it.
func TestF32ToF16(t *testing.T) {
	check := func(f float32, want uint16) {
		t.Helper()
		if got := F32ToF16(f); got != want {
			t.Fatalf("F32ToF16(%v) = %04x, want %04x", f, got, want)
		}
		if got := F32ToF16(-f); got != want|0x8000 {
			t.Fatalf("F32ToF16(%v) = %04x, want %04x", -f, got, want|0x8000)
		}
	}
	for h := uint16(0); h < 0x7c00; h++ {
		a, b := F16ToF32(h), F16ToF32(h+1)
		if h == 0x7bff {
			b = 65536
		}
		mid := (a + b) / 2
		check(a, h)
		check(math.Nextafter32(mid, 0), h)
		check(mid, h+h&1)
		check(math.Nextafter32(mid, b), h+1)
	}
	check(math.MaxFloat32, 0x7c00)
	check(float32(math.Inf(1)), 0x7c00)
	check(math.SmallestNonzeroFloat32, 0)
}

func TestF32ToBF16(t *testing.T) {
	for h := uint16(0); h < 0x7f80; h++ {
		a := BF16ToF32(h)
		mid := math.Float32frombits(uint32(h)<<16 | 0x8000)
		for _, c := range []struct {
			f    float32
			want uint16
		}{{a, h}, {math.Nextafter32(mid, 0), h}, {mid, h + h&1}, {math.Float32frombits(uint32(h)<<16 | 0x8001), h + 1}} {
			if got := F32ToBF16(c.f); got != c.want {
				t.Fatalf("F32ToBF16(%v) = %04x, want %04x", c.f, got, c.want)
			}
			if got := F32ToBF16(-c.f); got != c.want|0x8000 {
				t.Fatalf("F32ToBF16(%v) = %04x, want %04x", -c.f, got, c.want|0x8000)
			}
		}
	}
}

// TestF16ToF32 compares with the definition: (-1)^s · 2^(e-25) · (1024 + m), or 2^-24 · m without exponent.
func TestF16ToF32(t *testing.T) {
	for h := range 1 << 16 {
		e, m := h>>10&31, h&1023
		want := math.Ldexp(float64(1024+m), e-25)
		switch {
		case e == 0:
			want = math.Ldexp(float64(m), -24)
		case e == 31 && m == 0:
			want = math.Inf(1)
		case e == 31:
			want = math.NaN()
		}
		if h&0x8000 != 0 {
			want = math.Copysign(want, -1)
		}
		got := float64(F16ToF32(uint16(h)))
		if got != want && !(got != got && want != want) || math.Signbit(got) != (h&0x8000 != 0) {
			t.Fatalf("F16ToF32(%04x) = %v, want %v", h, got, want)
		}
	}
}

func TestNaN(t *testing.T) {
	const f16Quiet, bf16Quiet = 0x0200, 0x0040
	for _, bits := range []uint32{0x7f800001, 0x7fc00000, 0xffa00000, 0xffffffff, 0x7fbfffff} {
		f := math.Float32frombits(bits)
		if h := F32ToF16(f); h&0x7c00 != 0x7c00 || h&f16Quiet == 0 || h>>15 != uint16(bits>>31) {
			t.Errorf("F32ToF16(NaN %08x) = %04x", bits, h)
		}
		if h := F32ToBF16(f); h&0x7f80 != 0x7f80 || h&bf16Quiet == 0 || h>>15 != uint16(bits>>31) {
			t.Errorf("F32ToBF16(NaN %08x) = %04x", bits, h)
		}
	}
	for h := uint16(0x7c01); h < 0x8000; h++ {
		if got := F32ToF16(F16ToF32(h)); got != h|f16Quiet {
			t.Fatalf("NaN %04x comes back as %04x", h, got)
		}
	}
}
