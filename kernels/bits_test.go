package kernels

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/bits.txt from this run")

// record collects the SHA-256 of results by operation. Its inputs are made of integers alone, so that they are the same on every CPU.
type record struct {
	r     *rand.Rand
	lines strings.Builder
}

func (b *record) floats(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(b.r.IntN(1<<20)-1<<19) / (1 << 16)
	}
	return x
}

func (b *record) add(name string, results ...any) {
	h := sha256.New()
	for _, r := range results {
		if err := binary.Write(h, binary.LittleEndian, r); err != nil {
			panic(err)
		}
	}
	fmt.Fprintf(&b.lines, "%s %s\n", name, hex.EncodeToString(h.Sum(nil)[:16]))
}

// TestBits: every level on every CPU and under every emulator gives the results in testdata/bits.txt, bit for bit. The compiler may fuse
// x·y + z on some CPUs; where the reference must not let it, this test shows.
func TestBits(t *testing.T) {
	for _, l := range Levels() {
		got := bitsOf(l)
		if *update && l.Name == "ref" {
			if err := os.WriteFile("testdata/bits.txt", []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile("testdata/bits.txt")
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(want), "\n")
		for i, line := range strings.Split(got, "\n") {
			if i >= len(lines) || line != lines[i] {
				t.Errorf("%s: %s, want %s", l.Name, line, lines[min(i, len(lines)-1)])
				break
			}
		}
	}
}

func bitsOf(l *Level) string {
	b := &record{r: rand.New(rand.NewPCG(9, 9))}
	for k := range kinds {
		m := &Matrix{Kind: k, Rows: 32, Cols: 512, panelBytes: PanelBytes(k, 512)}
		m.data = make([]byte, 2*m.panelBytes)
		b.fill(k, m.data)
		for _, tokens := range []int{1, 7, 37} {
			x, y := NewActs(tokens, 512), make([]float32, tokens*32)
			for t := range tokens {
				copy(x.Row(t), b.floats(512))
			}
			x.Quantize(l, 0, tokens)
			m.Mul(l, y, 32, x, 0, 2, NewScratch())
			b.add(fmt.Sprintf("mul %v %d", k, tokens), y, x.Q[:512], x.D[:16], x.DS[:16], x.S[:32])
		}
	}
	x, w := b.floats(512), b.floats(512)
	y := make([]float32, 512)
	each := func(name string, f func()) {
		copy(y, w)
		f()
		b.add(name, y)
	}
	each("rmsnorm", func() { l.RMSNorm(y, x, w, 500, 1e-5) })
	each("layernorm", func() { l.LayerNorm(y, x, w, 500, 1e-5) })
	each("add", func() { l.Add(y, x) })
	each("swiglu", func() { l.SwiGLU(y, x, w) })
	each("geglu", func() { l.GeGLU(y, x, w) })
	each("mul", func() { l.Mul(y, 1.5) })
	each("clamped swiglu", func() { ClampedSwiGLU(y, x, w) })
	each("layer of silu", func() { l.Activate(SiLU, y) })
	each("layer of gelu", func() { l.Activate(GELU, y) })
	each("layer of gelu erf", func() { l.Activate(GELUErf, y) })
	each("layer of relu2", func() { l.Activate(ReLU2, y) })
	each("softcap", func() { l.SoftCap(y, 3) })
	each("rope split", func() { Rope(y, x[:100], x[100:200], false) })
	each("rope interleaved", func() { Rope(y, x[:100], x[100:200], true) })
	for t := range cacheTypes {
		b.add("attention "+t.String(), b.attention(l, t))
	}
	return b.lines.String()
}

// attention runs two queries over two slices.
func (b *record) attention(l *Level, t CacheType) []float32 {
	const dim, pages = 40, 9
	keys, vals := make([][]byte, pages), make([][]byte, pages)
	for p := range pages {
		keys[p], vals[p] = make([]byte, t.KeyBytes(dim)), make([]byte, t.ValueBytes(dim))
		for i := range PageSize {
			t.StoreKey(keys[p], i, b.floats(dim))
			t.StoreValue(vals[p], i, b.floats(dim))
		}
	}
	return attend(l, t, dim, b.floats(2*dim), []int32{0, 200}, []int32{1100, 1077}, keys, vals, false)
}

// fill writes panels whose scales are small multiples of powers of two and whose other bytes are random.
func (b *record) fill(k Kind, w []byte) {
	for i := range w {
		w[i] = byte(b.r.Uint32())
	}
	size := layouts[k].bytes
	for u := 0; u < len(w); u += size {
		unit := w[u : u+size]
		head := map[Kind]int{KindQ4_1: 128, KindQ5_1: 128, KindF16: size, KindBF16: size, KindMXFP4: 0, KindF32: 0, KindInt8: 0}
		n, ok := head[k]
		if !ok {
			n = 64
		}
		for i := 1; i < n; i += 2 { // f16 between 2^-6 and 2^-3; as BF16 about 2^-60
			unit[i] = unit[i]&0x83 | 0x24 + byte(b.r.IntN(3))<<2
		}
		switch k {
		case KindMXFP4:
			for i := range 64 {
				unit[i] = 120 + unit[i]%8
			}
		case KindF32, KindInt8:
			for i := 0; i < size && (k == KindF32 || i < 256); i += 4 {
				copy(unit[i:], binary.LittleEndian.AppendUint32(nil, 0x3c000000+b.r.Uint32()>>7&^0x8000001f))
			}
		}
		if k == KindInt8 {
			for i := 256; i < size; i++ {
				unit[i] = max(unit[i], 1)
			}
		}
	}
}
