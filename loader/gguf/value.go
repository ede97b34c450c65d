package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Keys returns the metadata keys in file order.
func (f *File) Keys() []string {
	keys := make([]string, len(f.pairs))
	for i := range f.pairs {
		keys[i] = f.pairs[i].key
	}
	return keys
}

// Value returns the value of a metadata key; ok is false if the file has no such key. Values are widened to a type each:
//
//	u8 u16 u32 u64   uint64        an array of them   []uint64
//	i8 i16 i32 i64   int64                            []int64
//	f32 f64          float64                          []float32 or []float64
//	bool             bool                             []bool
//	string           string                           []string (all of which share one backing string)
//	                               an array of arrays []any, of the slices above
//
// An array is read and decoded at each call. The error, an *Error, is that of the source, or says that the file was rewritten after Parse.
func (f *File) Value(key string) (v any, ok bool, err error) {
	i, ok := f.index[key]
	if !ok {
		return nil, false, nil
	}
	p := &f.pairs[i]
	if v, err = f.value(p); err != nil {
		return nil, true, within(fmt.Sprintf("key %q", p.key), err)
	}
	return v, true, nil
}

func (f *File) value(p *pair) (any, error) {
	d, err := f.decoder(p.off, p.end)
	if err != nil {
		return nil, err
	}
	var v any
	switch p.kind {
	case kindString:
		v = d.text()
	case kindArray:
		v = d.elements(p.elem, uint64(p.n), 1)
	default:
		v = d.scalar(p.kind)
	}
	if d.short || len(d.b) != 0 {
		return nil, errorAt(p.off, "", "the value changed since the file was opened")
	}
	return v, nil
}

// decoder reads values from bytes that Parse has stepped over once. The file may have been rewritten since: bytes that no longer fit
// set short and give zeros.
type decoder struct {
	b     []byte
	all   string // a copy of b from the first list of strings on, of which b is the end, once there was one
	short bool
}

func (f *File) decoder(off, end int64) (*decoder, error) {
	if f.src == nil {
		return &decoder{b: f.mem[off:end]}, nil
	}
	b := make([]byte, end-off)
	return &decoder{b: b}, readFull(f.src, b, off)
}

// take returns the next n bytes; if there are fewer it returns nil, sets short and drops the rest, so that decoding ends soon.
func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.b, d.short = nil, true
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}

// bits returns the next number of kind k, its bits in the low end of the result.
func (d *decoder) bits(k kind) uint64 {
	b := d.take(kinds[k].bytes)
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	case 8:
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// signed extends the sign of a number of the given bytes.
func signed(bits, bytes uint64) int64 {
	shift := 64 - 8*bytes
	return int64(bits<<shift) >> shift
}

func (d *decoder) text() string {
	return string(d.take(d.bits(kindU64)))
}

func (d *decoder) scalar(k kind) any {
	bits := d.bits(k)
	switch k {
	case kindI8, kindI16, kindI32, kindI64:
		return signed(bits, kinds[k].bytes)
	case kindF32:
		return float64(math.Float32frombits(uint32(bits)))
	case kindF64:
		return math.Float64frombits(bits)
	case kindBool:
		return bits != 0
	}
	return bits
}

// elements returns the n elements of an array at the given depth.
func (d *decoder) elements(elem kind, n uint64, depth int) any {
	// The bytes bound what is made below: after a rewrite of the file n may say anything.
	if n > uint64(len(d.b))/kinds[elem].bytes {
		d.b, d.short = nil, true
		return nil
	}
	bytes := kinds[elem].bytes
	switch elem {
	case kindI8, kindI16, kindI32, kindI64:
		return list(n, func() int64 { return signed(d.bits(elem), bytes) })
	case kindF32:
		return list(n, func() float32 { return math.Float32frombits(uint32(d.bits(elem))) })
	case kindF64:
		return list(n, func() float64 { return math.Float64frombits(d.bits(elem)) })
	case kindBool:
		return list(n, func() bool { return d.bits(elem) != 0 })
	case kindString:
		return d.texts(n)
	case kindArray:
		return list(n, func() any { return d.array(depth + 1) })
	}
	return list(n, func() uint64 { return d.bits(elem) })
}

// array returns an array inside another.
func (d *decoder) array(depth int) any {
	elem, n := kind(d.bits(kindU32)), d.bits(kindU64)
	if !elem.known() || depth > maxDepth {
		d.b, d.short = nil, true
		return nil
	}
	return d.elements(elem, n, depth)
}

// texts returns n strings. A vocabulary has 10^5 of them: they are cut from one copy of their bytes, lengths included, instead of
// being allocated one by one.
func (d *decoder) texts(n uint64) []string {
	if d.all == "" {
		d.all = string(d.b)
	}
	return list(n, func() string {
		length := d.bits(kindU64)
		at := uint64(len(d.all) - len(d.b))
		if d.take(length); d.short {
			return ""
		}
		return d.all[at : at+length]
	})
}

func list[T any](n uint64, next func() T) []T {
	s := make([]T, n)
	for i := range s {
		s[i] = next()
	}
	return s
}
