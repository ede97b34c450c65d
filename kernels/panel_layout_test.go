package kernels

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// codeAt says where kernels must look for the code of row r and k = 32n + 4g + i of a unit: the layouts once more, weight by weight.
var codeAt = map[Kind]func(u []byte, n, g, r, i int) byte{
	KindQ4_0:   nibbleAt(64, 256),
	KindIQ4_NL: nibbleAt(64, 256),
	KindMXFP4:  nibbleAt(64, 256),
	KindQ4_1:   nibbleAt(128, 256),
	KindQ4_K:   nibbleAt(320, 256),
	KindIQ4_XS: nibbleAt(192, 256),
	KindQ5_0:   joined(nibbleAt(64, 256), bitAt(576, 64), 4),
	KindQ5_1:   joined(nibbleAt(128, 256), bitAt(640, 64), 4),
	KindQ5_K:   joined(nibbleAt(320, 256), bitAt(2368, 64), 4),
	KindQ6_K:   joined(nibbleAt(320, 384), pairAt(576, 384), 4),
	KindQ2_K:   pairAt(320, 128),
	KindQ3_K:   joined(pairAt(320, 192), bitAt(448, 192), 2),
	KindQ8_0:   byteAt(64),
	KindInt8:   byteAt(256),
}

type codeFunc = func(u []byte, n, g, r, i int) byte

func byteAt(at int) codeFunc {
	return func(u []byte, n, g, r, i int) byte { return u[at+512*n+64*g+4*r+i] }
}

func nibbleAt(at, step int) codeFunc {
	return func(u []byte, n, g, r, i int) byte { return u[at+step*n+64*(g%4)+4*r+i] >> (g / 4 * 4) & 15 }
}

func pairAt(at, step int) codeFunc {
	return func(u []byte, n, g, r, i int) byte { return u[at+step*n+64*(g/4)+4*r+i] >> (g % 4 * 2) & 3 }
}

func bitAt(at, step int) codeFunc {
	return func(u []byte, n, g, r, i int) byte { return u[at+step*n+4*r+i] >> g & 1 }
}

func joined(low, high codeFunc, at int) codeFunc {
	return func(u []byte, n, g, r, i int) byte { return low(u, n, g, r, i) | high(u, n, g, r, i)<<at }
}

// TestLayoutCodes packs random codes and looks for them where the layout says.
func TestLayoutCodes(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for k := range kinds {
		if k.Float() {
			continue
		}
		bits := 0
		for _, p := range planes[k] {
			bits += p.bits
		}
		unit := make([]byte, k.UnitBytes())
		want := map[[3]int]byte{} // by block, row, k
		for n := range k.Unit() / 32 {
			for r := range 16 {
				var q words
				for j := range 32 {
					code := byte(rng.Uint32()) & (1<<bits - 1)
					q[j/4] |= uint32(code) << (j % 4 * 8)
					want[[3]int{n, r, j}] = code
				}
				planes[k].put(unit, r, n, q)
			}
		}
		for at, w := range want {
			n, r, j := at[0], at[1], at[2]
			if got := codeAt[k](unit, n, j/4, r, j%4); got != w {
				t.Fatalf("%v: block %d, row %d, k %d: code %d, want %d", k, n, r, j, got, w)
			}
		}
		// The codes end the unit, so that nothing follows them and nothing is left between.
		used := 0
		for _, p := range planes[k] {
			used += 64 * p.bits * k.Unit() / 32
		}
		if planes[k][0].at+used != k.UnitBytes() {
			t.Errorf("%v: codes take %d bytes from %d on, units have %d", k, used, planes[k][0].at, k.UnitBytes())
		}
		if k.UnitBytes()%64 != 0 {
			t.Errorf("%v: a unit of %d bytes is no whole number of lines", k, k.UnitBytes())
		}
	}
}

// TestLayoutFloats checks the places of the 16-bit kinds: of pair p = 2g + e, k = 4g + e and k + 2.
func TestLayoutFloats(t *testing.T) {
	cases := []struct {
		kind Kind
		pack rowPacker
		at   func(p, half, r int) int
	}{
		{KindF16, packF16, func(p, half, r int) int { return 64*p + 32*half + 2*r }},
		{KindBF16, packBF16, func(p, half, r int) int { return 64*p + 4*r + 2*half }},
	}
	row := make([]byte, 128)
	for k := range 64 {
		binary.LittleEndian.PutUint16(row[2*k:], uint16(k+1))
	}
	for _, c := range cases {
		for r := range 16 {
			unit := make([]byte, c.kind.UnitBytes())
			c.pack(unit, r, row, 0, 64)
			for k := range 64 {
				g, e, half := k/4, k%2, k%4/2
				if got := binary.LittleEndian.Uint16(unit[c.at(2*g+e, half, r):]); got != uint16(k+1) {
					t.Fatalf("%v: row %d, k %d: got %d, want %d", c.kind, r, k, got, k+1)
				}
			}
		}
	}
}
