package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/linnet-go/linnet/quant"
)

// notWeights are the types of the format that are in no quant.Type, by number: those it has retired, those that only exist in
// memory, and numbers that are no weights.
var notWeights = map[quant.Type]string{
	4: "Q4_2, retired from the format", 5: "Q4_3, retired from the format", 9: "Q8_1, which no file stores", 15: "Q8_K, which no file stores",
	24: "I8, no weight type", 25: "I16, no weight type", 26: "I32, no weight type", 27: "I64, no weight type", 28: "F64, no weight type",
	31: "Q4_0_4_4, retired from the format", 32: "Q4_0_4_8, retired from the format", 33: "Q4_0_8_8, retired from the format",
	36: "IQ4_NL_4_4, retired from the format", 37: "IQ4_NL_4_8, retired from the format", 38: "IQ4_NL_8_8, retired from the format",
}

// parseTensors reads n tensor descriptions; offsets stay relative to the data section.
func (f *File) parseTensors(r *reader, n uint64) error {
	seen := make(map[string]struct{}, n)
	f.Tensors = make([]Tensor, 0, n)
	for i := range n {
		at := r.off
		b, err := r.str("name")
		if err != nil {
			return within(fmt.Sprintf("tensor %d of %d", i+1, n), err)
		}
		problem := checkName(b, maxName)
		if problem == "" && strings.ContainsAny(string(b), `/\`) || string(b) == ".." {
			problem = fmt.Sprintf("has a name that is a path: %q", b)
		}
		if problem != "" {
			return errorAt(at, fmt.Sprintf("tensor %d of %d", i+1, n), "%s", problem)
		}
		t := Tensor{Name: string(b), info: at}
		if _, ok := seen[t.Name]; ok {
			return errorAt(at, t.what(), "stands there twice")
		}
		seen[t.Name] = struct{}{}
		if err := t.parse(r); err != nil {
			return within(t.what(), err)
		}
		f.Tensors = append(f.Tensors, t)
	}
	return nil
}

func (t *Tensor) what() string { return fmt.Sprintf("tensor %q", t.Name) }

// parse reads what follows the name.
func (t *Tensor) parse(r *reader) error {
	at := r.off
	n, err := r.u32("the number of dimensions")
	if err != nil {
		return err
	}
	if n < 1 || n > maxDims {
		return errorAt(at, "", "needs 1 to %d dimensions, got %d", maxDims, n)
	}
	at = r.off
	b, err := r.next(uint64(n)*8+12, "dimensions, type and offset")
	if err != nil {
		return err
	}
	dims := make([]uint64, n)
	for i := range dims {
		dims[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	t.Type = quant.Type(binary.LittleEndian.Uint32(b[8*n:]))
	offset := binary.LittleEndian.Uint64(b[8*n+4:])
	if offset > math.MaxInt64 {
		return errorAt(at+int64(8*n)+4, "", "its offset %d is too large", offset)
	}
	t.Offset = int64(offset)
	if err := t.shape(dims, at); err != nil {
		return err
	}
	return nil
}

// shape sets dimensions and size, which it checks against the block of the type. at is where the dimensions stand.
func (t *Tensor) shape(dims []uint64, at int64) *Error {
	info, ok := t.Type.Info()
	if !ok {
		name, ok := notWeights[t.Type]
		if !ok {
			name = "not known"
		}
		return &Error{Problem: fmt.Sprintf("type %d (%s) is not read", uint32(t.Type), name), Offset: at + int64(8*len(dims)), Err: ErrUnsupported}
	}
	values := uint64(1)
	for i, d := range dims {
		if d == 0 || d > math.MaxInt64 {
			return errorAt(at+int64(8*i), "", "dimension %d needs to be at least 1 and below 2^63, got %d", i, d)
		}
		hi, lo := bits.Mul64(values, d)
		if hi != 0 {
			return errorAt(at, "", "its dimensions %v multiply to more than 2^64 values", dims)
		}
		values = lo
	}
	if dims[0]%uint64(info.Values) != 0 {
		return errorAt(at, "", "%s needs rows of a multiple of %d values, got %d", info.Name, info.Values, dims[0])
	}
	hi, size := bits.Mul64(values/uint64(info.Values), uint64(info.Bytes))
	if hi != 0 || max(values, size) > math.MaxInt {
		return errorAt(at, "", "its dimensions %v make it larger than an address", dims)
	}
	for _, d := range dims {
		t.Dims = append(t.Dims, int(d))
	}
	t.Size = int64(size)
	return nil
}

// place moves the offsets of all tensors to the start of the file, once the head has been read and the data section is known.
// It checks that each lies inside the file, aligned, and that none overlap.
func (f *File) place(r *reader) error {
	f.DataOffset = (r.off + f.Align - 1) &^ (f.Align - 1)
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if t.Offset%f.Align != 0 {
			return errorAt(t.info, t.what(), "its offset needs to be a multiple of %d, got %d", f.Align, t.Offset)
		}
		// The difference cannot wrap, as the sum of the three could.
		if room := r.size - f.DataOffset; t.Offset > room || t.Size > room-t.Offset {
			return &Error{What: t.what(), Problem: fmt.Sprintf("needs %d bytes at offset %d of the data section, which has %d", t.Size, t.Offset, max(room, 0)), Offset: t.info, Err: ErrTruncated}
		}
		t.Offset += f.DataOffset
	}
	return checkOverlap(f.Tensors)
}

func checkOverlap(tensors []Tensor) error {
	order := make([]int32, len(tensors))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return int(min(max(tensors[a].Offset-tensors[b].Offset, -1), 1))
	})
	for i := 1; i < len(order); i++ {
		a, b := &tensors[order[i-1]], &tensors[order[i]]
		if a.Offset+a.Size > b.Offset {
			return errorAt(b.info, b.what(), "its bytes from %#x overlap those of %q from %#x to %#x", b.Offset, a.Name, a.Offset, a.Offset+a.Size)
		}
	}
	return nil
}
