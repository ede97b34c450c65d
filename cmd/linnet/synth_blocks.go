package main

import (
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"

	"github.com/linnet-go/linnet/quant"
)

// scaleSetter sets the scales of a block of random bytes from d, the bits of a normal f16 number, so that the block's values have a size that
// is proportional to d and no mean to speak of. The places of the scales are those of package quant.
type scaleSetter func(b []byte, d uint16)

var scaleSetters = map[quant.Type]scaleSetter{
	quant.F32: func(b []byte, d uint16) {
		x := binary.LittleEndian.Uint32(b)
		binary.LittleEndian.PutUint32(b, x&0x807fffff|uint32(exponent(d)+127-int(x>>23&3))<<23)
	},
	quant.F16: func(b []byte, d uint16) {
		x := binary.LittleEndian.Uint16(b)
		binary.LittleEndian.PutUint16(b, x&0x83ff|uint16(max(exponent(d)+15-int(x>>10&3), 1))<<10)
	},
	quant.BF16: func(b []byte, d uint16) {
		x := binary.LittleEndian.Uint16(b)
		binary.LittleEndian.PutUint16(b, x&0x807f|uint16(exponent(d)+127-int(x>>7&3))<<7)
	},

	quant.Q4_0: half(0), quant.Q5_0: half(0), quant.Q8_0: half(0), quant.Q1_0: half(0), quant.Q2_0: half(0),
	quant.IQ4_NL: half(0), quant.IQ4_XS: half(0), quant.IQ1_S: half(0),
	quant.IQ2_XXS: half(0), quant.IQ2_XS: half(0), quant.IQ2_S: half(0), quant.IQ3_XXS: half(0), quant.IQ3_S: half(0),
	quant.Q3_K: half(108), quant.Q6_K: half(208), quant.TQ1_0: half(52), quant.TQ2_0: half(64),

	quant.Q4_1: halves(0, 2, -7.5),
	quant.Q5_1: halves(0, 2, -15.5),
	quant.Q2_K: func(b []byte, d uint16) {
		for i, sm := range b[:16] {
			b[i] = sm & 15 * 0x11 // the sub-minimums are the sub-scales
		}
		halves(80, 82, 1.5)(b, d)
	},
	quant.Q4_K: func(b []byte, d uint16) { equalMinimums(b); halves(0, 2, 7.5)(b, d) },
	quant.Q5_K: func(b []byte, d uint16) { equalMinimums(b); halves(0, 2, 15.5)(b, d) },

	quant.IQ1_M: func(b []byte, d uint16) {
		for i := range 4 {
			b[49+2*i] = b[49+2*i]&15 | byte(d>>(4*i)&15)<<4
		}
	},
	quant.MXFP4: func(b []byte, d uint16) { b[0] = byte(exponent(d) + 128) },
	quant.NVFP4: func(b []byte, d uint16) {
		e := min(max(exponent(d)+7, 1), 14)
		for i := range 4 {
			b[i] = byte(e<<3) | b[i]&7
		}
	},
}

// exponent returns the power of two of a positive f16 number.
func exponent(d uint16) int { return int(d>>10) - 15 }

// half is a block with one f16 scale.
func half(at int) scaleSetter {
	return func(b []byte, d uint16) { binary.LittleEndian.PutUint16(b[at:], d) }
}

// halves is a block with an f16 scale and a minimum that is ratio times as large, which takes the mean of the codes off.
func halves(at, minAt int, ratio float32) scaleSetter {
	return func(b []byte, d uint16) {
		binary.LittleEndian.PutUint16(b[at:], d)
		binary.LittleEndian.PutUint16(b[minAt:], quant.F32ToF16(ratio*quant.F16ToF32(d)))
	}
}

// equalMinimums makes the sub-minimums of a Q4_K or Q5_K block the same as its sub-scales (quant.ScalesQ4_K).
func equalMinimums(b []byte) {
	copy(b[8:12], b[4:8])
	for i, x := range b[12:16] {
		b[12+i] = x & 15 * 0x11
	}
}

// one and leastHalf are the f16 numbers 1 and 2^-14, the least normal one.
const (
	one       = 0x3c00
	leastHalf = 0x0400
)

// randomWeights writes random blocks of one type.
type randomWeights struct {
	info   quant.Info
	set    scaleSetter
	base   uint16 // scales are from here to twice as much
	source *rand.ChaCha8
	buf    []byte // whole blocks
}

// newRandomWeights returns a writer of values of about the tensor's standard deviation, or the least larger one that normal scales can
// express. They follow from seed and the tensor's place in the file. buf holds what is written at a time.
func newRandomWeights(t *synthTensor, seed uint64, place int, buf []byte) *randomWeights {
	info, _ := t.typ.Info()
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	binary.LittleEndian.PutUint64(key[8:], uint64(place))
	w := &randomWeights{info: info, set: scaleSetters[t.typ], base: one, source: rand.NewChaCha8(key), buf: buf[:len(buf)/info.Bytes*info.Bytes]}
	sample := w.buf[:max(4096/info.Values, 1)*info.Bytes]
	w.fill(sample)
	values := make([]float32, len(sample)/info.Bytes*info.Values)
	info.Dequantize(values, sample)
	var sum float64
	for _, v := range values {
		sum += float64(v) * float64(v)
	}
	w.base = max(quant.F32ToF16(float32(t.deviation()/math.Sqrt(sum/float64(len(values))))), leastHalf)
	return w
}

// fill makes random blocks.
func (w *randomWeights) fill(b []byte) {
	_, _ = w.source.Read(b) // never fails
	for ; len(b) > 0; b = b[w.info.Bytes:] {
		w.set(b[:w.info.Bytes], w.base+binary.LittleEndian.Uint16(b)&0x3ff)
	}
}

// writeTo writes n values.
func (w *randomWeights) writeTo(out io.Writer, n int) error {
	for left := n / w.info.Values * w.info.Bytes; left > 0; {
		b := w.buf[:min(len(w.buf), left)]
		w.fill(b)
		if _, err := out.Write(b); err != nil {
			return err
		}
		left -= len(b)
	}
	return nil
}
