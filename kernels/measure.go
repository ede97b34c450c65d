package kernels

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
)

// What a machine can do at most, for comparison with what kernels do: see also cases.go.

// Read reads the words of b, a multiple of 64 bytes, in order and without prefetching by hand, and returns their exclusive or. Over memory
// that no cache holds its speed is the plain read bandwidth, whatever the level.
//
//go:noinline
func Read(b []byte) (x uint64) {
	for ; len(b) >= 64; b = b[64:] {
		w := b[:64]
		x ^= binary.LittleEndian.Uint64(w) ^ binary.LittleEndian.Uint64(w[8:]) ^
			binary.LittleEndian.Uint64(w[16:]) ^ binary.LittleEndian.Uint64(w[24:]) ^
			binary.LittleEndian.Uint64(w[32:]) ^ binary.LittleEndian.Uint64(w[40:]) ^
			binary.LittleEndian.Uint64(w[48:]) ^ binary.LittleEndian.Uint64(w[56:])
	}
	return x
}

// peak is a loop of multiply-adds on registers alone.
type peak struct {
	int8 func(x []byte, rounds int)
	f32  func(x []float32, rounds int)

	int8MACs, f32MACs int // of a round
}

// peakWork is about how many multiply-adds a call of PeakInt8 and PeakFloat does: some 10 to 100 µs on most levels.
const peakWork = 4 << 20

// genericPeak is the block product of the levels without assembly.
var genericPeak = peak{
	int8: func(x []byte, rounds int) {
		var n [2][16]int32
		var q [32]int8
		for i := range q {
			q[i] = int8(x[512+i])
		}
		for range rounds {
			dotBlock(&n, x, q[:])
		}
	},
	f32: func(x []float32, rounds int) {
		var y [16]float32
		for range rounds {
			genericTileFloat(y[:], 16, x[:64], 4, x[64:], 0, 1, true)
		}
	},
	int8MACs: 512,
	f32MACs:  64,
}

// peakData are random inputs: processors are slower on them than on zeros.
var peakData = sync.OnceValues(func() ([]byte, []float32) {
	r := rand.New(rand.NewPCG(1, 1))
	b, f := make([]byte, 4096), make([]float32, 128)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	for i := range f {
		f[i] = float32(r.Float32()) - 0.5
	}
	return b, f
})

// PeakInt8 multiplies and adds 8-bit integers as fast as the level's instructions can, in registers, tile registers where it has them, and
// returns the number of multiply-adds.
func (l *Level) PeakInt8() int {
	p := l.peak()
	x, _ := peakData()
	rounds := (peakWork + p.int8MACs - 1) / p.int8MACs
	p.int8(x, rounds)
	return rounds * p.int8MACs
}

// PeakFloat is PeakInt8 for f32 values, which products of F32, F16 and BF16 weights are made of.
func (l *Level) PeakFloat() int {
	p := l.peak()
	_, x := peakData()
	rounds := (peakWork/4 + p.f32MACs - 1) / p.f32MACs
	p.f32(x, rounds)
	return rounds * p.f32MACs
}

func (l *Level) peak() *peak {
	if p, ok := nativePeaks[l.Name]; ok {
		return &p
	}
	return &genericPeak
}
