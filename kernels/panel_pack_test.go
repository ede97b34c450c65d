package kernels

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/linnet-go/linnet/quant"
)

// packableTypes are the types that have panels.
var packableTypes = []quant.Type{
	quant.F32, quant.F16, quant.BF16, quant.Q4_0, quant.Q4_1, quant.Q5_0, quant.Q5_1, quant.Q8_0, quant.Q2_K, quant.Q3_K, quant.Q4_K, quant.Q5_K, quant.Q6_K,
	quant.IQ4_NL, quant.IQ4_XS, quant.IQ1_S, quant.IQ1_M, quant.IQ2_XXS, quant.IQ2_XS, quant.IQ2_S, quant.IQ3_XXS, quant.IQ3_S, quant.TQ1_0, quant.TQ2_0,
	quant.MXFP4, quant.NVFP4, quant.Q1_0, quant.Q2_0,
}

// scaleOffsets are the places of the f16 scales in a block. That of IQ1_M is spread over the top nibbles of four words; bit 14 is
// in byte 55.
var scaleOffsets = map[quant.Type][]int{
	quant.F16: {0}, quant.Q4_0: {0}, quant.Q4_1: {0, 2}, quant.Q5_0: {0}, quant.Q5_1: {0, 2}, quant.Q8_0: {0},
	quant.Q2_K: {80, 82}, quant.Q3_K: {108}, quant.Q4_K: {0, 2}, quant.Q5_K: {0, 2}, quant.Q6_K: {208}, quant.IQ4_NL: {0}, quant.IQ4_XS: {0},
	quant.IQ1_S: {0}, quant.IQ1_M: {54}, quant.IQ2_XXS: {0}, quant.IQ2_XS: {0}, quant.IQ2_S: {0}, quant.IQ3_XXS: {0}, quant.IQ3_S: {0},
	quant.TQ1_0: {52}, quant.TQ2_0: {64}, quant.Q1_0: {0}, quant.Q2_0: {0},
}

// randomBlocks returns random bytes for n values of type t with all scales and values finite.
func randomBlocks(rng *rand.Rand, t quant.Type, n int) []byte {
	b := make([]byte, t.RowBytes(n))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	info, _ := t.Info()
	for at := 0; at < len(b); at += info.Bytes {
		for _, o := range scaleOffsets[t] {
			if b[at+o+1]&0x7c == 0x7c {
				b[at+o+1] ^= 0x10
			}
		}
		switch t {
		case quant.F32:
			b[at+3] &^= 0x20
		case quant.BF16:
			b[at+1] &^= 0x20
		case quant.IQ1_M:
			b[at+55] &^= 0x40
		case quant.MXFP4:
			b[at] = min(b[at], 252)
		}
	}
	return b
}

// pack returns the panels of a matrix, from memory that was not zero, packed in two calls.
func pack(t *testing.T, typ quant.Type, src []byte, rows, cols int) (Kind, []byte) {
	t.Helper()
	k, ok := KindOf(typ)
	if !ok {
		t.Fatalf("%v has no panels", typ)
	}
	panels := (rows + 15) / 16
	dst := bytes.Repeat([]byte{0xa5}, panels*PanelBytes(k, cols))
	for _, part := range [][2]int{{panels / 2, panels}, {0, panels / 2}} {
		if err := PackPanels(k, typ, dst, src, rows, cols, part[0], part[1]); err != nil {
			t.Fatalf("%v [%d, %d]: %v", typ, rows, cols, err)
		}
	}
	return k, dst
}

// TestPackExact checks that a panel's values are those of the stored blocks, bit for bit, and the padding zeros. This includes the types in
// Int8 panels: scale · integer is formed in the same way by quant.
func TestPackExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, typ := range packableTypes {
		info, _ := typ.Info()
		k, _ := KindOf(typ)
		cols := map[int]bool{info.Values: true, 3 * info.Values: true}
		for units := range 3 {
			cols[max(info.Values, (units+1)*k.Unit()/info.Values*info.Values)] = true
		}
		if info.Values == 1 {
			cols[172], cols[65], cols[62] = true, true, true
		}
		for n := range cols {
			for _, rows := range []int{1, 15, 16, 17, 40} {
				checkExact(t, typ, randomBlocks(rng, typ, rows*n), rows, n)
			}
		}
	}
}

func checkExact(t *testing.T, typ quant.Type, src []byte, rows, cols int) {
	t.Helper()
	before := bytes.Clone(src)
	k, panels := pack(t, typ, src, rows, cols)
	if !bytes.Equal(src, before) {
		t.Fatalf("%v [%d, %d]: the source was changed", typ, rows, cols)
	}
	info, _ := typ.Info()
	padded := (cols + k.Unit() - 1) / k.Unit() * k.Unit()
	want, got := make([]float32, cols), make([]float32, 16*padded)
	size := PanelBytes(k, cols)
	for r := range len(panels) / size * 16 {
		if r%16 == 0 {
			UnpackPanel(k, got, panels[r/16*size:(r/16+1)*size], padded)
		}
		row := got[r%16*padded:][:padded]
		if r < rows {
			info.Dequantize(want, src[r*typ.RowBytes(cols):][:typ.RowBytes(cols)])
			for i, w := range want {
				if math.Float32bits(row[i]) != math.Float32bits(w) {
					t.Fatalf("%v [%d, %d]: row %d, column %d: got %v, want %v", typ, rows, cols, r, i, row[i], w)
				}
			}
			row = row[cols:]
		}
		for i, v := range row {
			if v != 0 {
				t.Fatalf("%v [%d, %d]: row %d: padding %d is %v", typ, rows, cols, r, i, v)
			}
		}
	}
}

// TestPackNotFinite puts a scale or value that is not finite into one place and expects an error that names it.
func TestPackNotFinite(t *testing.T) {
	const rows = 20
	rng := rand.New(rand.NewPCG(2, 2))
	for _, typ := range packableTypes {
		info, _ := typ.Info()
		n := max(2*info.Values, 68)
		n = n / info.Values * info.Values
		last := n/info.Values - 1
		src := randomBlocks(rng, typ, rows*n)
		b := src[17*typ.RowBytes(n)+last*info.Bytes:]
		want := fmt.Sprintf("row 17, block %d: scale is not finite", last)
		offsets := scaleOffsets[typ]
		if info.Values == 1 {
			want = fmt.Sprintf("row 17, column %d: value is not finite", last)
		}
		set := func(o int) { binary.LittleEndian.PutUint16(b[o:], 0xfc00) }
		switch typ {
		case quant.F32:
			offsets, set = []int{0}, func(int) { binary.LittleEndian.PutUint32(b, 0x7fc00000) }
		case quant.BF16:
			offsets, set = []int{0}, func(int) { binary.LittleEndian.PutUint16(b, 0xff80) }
		case quant.MXFP4:
			offsets, set = []int{0}, func(int) { b[0] = 253 }
		case quant.IQ1_M:
			set = func(int) { b[53], b[55] = b[53]|0xf0, b[55]|0xf0 } // bits 8 to 15 of d
		}
		k, _ := KindOf(typ)
		for _, o := range offsets {
			good := bytes.Clone(b[:info.Bytes])
			set(o)
			dst := make([]byte, 2*PanelBytes(k, n))
			err := PackPanels(k, typ, dst, src, rows, n, 0, 2)
			if err == nil || err.Error() != want {
				t.Errorf("%v, byte %d: error %v, want %s", typ, o, err, want)
			}
			if err := PackPanels(k, typ, dst, src, rows, n, 0, 1); err != nil {
				t.Errorf("%v, byte %d: another panel: %v", typ, o, err)
			}
			copy(b, good)
		}
	}
	// Scales of NVFP4 have no code that is not finite.
	if err := PackPanels(KindInt8, quant.NVFP4, make([]byte, 1280), bytes.Repeat([]byte{0xff}, 36), 1, 64, 0, 1); err != nil {
		t.Error(err)
	}
}

func TestPackWrongUse(t *testing.T) {
	dst, src := make([]byte, 576), make([]byte, 36)
	cases := map[string]func(){
		"kernels: PackPanels: Q4_0 in panels of kind IQ4_NL": func() {
			PackPanels(KindIQ4_NL, quant.Q4_0, dst, src, 1, 64, 0, 1)
		},
		"kernels: PackPanels: Q4_0 [1, 64], panels 0 to 2, len(src) = 36, len(dst) = 576": func() {
			PackPanels(KindQ4_0, quant.Q4_0, dst, src, 1, 64, 0, 2)
		},
		"kernels: PackPanels: Q4_0 [2, 64], panels 0 to 1, len(src) = 36, len(dst) = 576": func() {
			PackPanels(KindQ4_0, quant.Q4_0, dst, src, 2, 64, 0, 1)
		},
		"kernels: PackPanels: Q4_0 [1, 64], panels 0 to 1, len(src) = 36, len(dst) = 575": func() {
			PackPanels(KindQ4_0, quant.Q4_0, dst[:575], src, 1, 64, 0, 1)
		},
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

func BenchmarkPack(b *testing.B) {
	const rows, cols = 256, 2048
	rng := rand.New(rand.NewPCG(3, 3))
	for _, typ := range packableTypes {
		src := randomBlocks(rng, typ, rows*cols)
		k, _ := KindOf(typ)
		dst := make([]byte, rows/16*PanelBytes(k, cols))
		b.Run(typ.String(), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				if err := PackPanels(k, typ, dst, src, rows, cols, 0, rows/16); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
