package gguf

import (
	"bytes"
	"errors"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/linnet-go/linnet/quant"
)

// ones is n bytes of 1.
func ones(n int) []byte { return bytes.Repeat([]byte{1}, n) }

func TestRoundTrip(t *testing.T) {
	values := []struct {
		key        string
		put, value any // what is set and what is read
	}{
		{"general.architecture", "llama", "llama"},
		{"bool", true, true},
		{"u8", uint8(255), uint64(255)}, {"u16", uint16(65535), uint64(65535)}, {"u32", uint32(math.MaxUint32), uint64(math.MaxUint32)}, {"u64", uint64(math.MaxUint64), uint64(math.MaxUint64)},
		{"i8", int8(-128), int64(-128)}, {"i16", int16(-1), int64(-1)}, {"i32", int32(math.MinInt32), int64(math.MinInt32)}, {"i64", int64(math.MinInt64), int64(math.MinInt64)},
		{"f32", float32(0.1), float64(float32(0.1))}, {"f64", 0.1, 0.1}, {"inf", math.Inf(-1), math.Inf(-1)},
		{"bools", []bool{true, false}, []bool{true, false}},
		{"strings", []string{"", "ä", "x"}, []string{"", "ä", "x"}},
		{"u8s", []uint8{1, 255}, []uint64{1, 255}}, {"u16s", []uint16{1, 65535}, []uint64{1, 65535}}, {"u32s", []uint32{1}, []uint64{1}}, {"u64s", []uint64{1 << 63}, []uint64{1 << 63}},
		{"i8s", []int8{-1}, []int64{-1}}, {"i16s", []int16{-1}, []int64{-1}}, {"i32s", []int32{-1, 5}, []int64{-1, 5}}, {"i64s", []int64{-1}, []int64{-1}},
		{"f32s", []float32{0.1, 2}, []float32{0.1, 2}}, {"f64s", []float64{0.1}, []float64{0.1}},
		{"none", []string{}, []string{}},
		{"nested", []any{[]string{"a"}, []uint8{1}, []any{[]float32{2}}}, []any{[]string{"a"}, []uint64{1}, []any{[]float32{2}}}},
	}
	for _, align := range []uint32{0, 8, 4096} {
		var w Writer
		w.Set("bool", "to be replaced")
		for _, v := range values {
			w.Set(v.key, v.put)
		}
		if align != 0 {
			w.Set("general.alignment", align)
		}
		q := bytes.Repeat([]byte{1, 2, 3}, 36)
		w.Add(Source{Name: "a.weight", Type: quant.F32, Dims: []int{3}, Data: ones(12)})
		w.Add(Source{Name: "b.weight", Type: quant.Q4_0, Dims: []int{64, 3}, Write: func(out io.Writer) error {
			_, err := io.Copy(out, bytes.NewReader(q))
			return err
		}})
		w.Add(Source{Name: "c.weight", Type: quant.Q8_0, Dims: []int{32, 1, 1, 2}, Data: ones(68)})
		var out bytes.Buffer
		n, err := w.WriteTo(&out)
		if err != nil || n != int64(out.Len()) {
			t.Fatalf("alignment %d: %v, %d bytes counted of %d", align, err, n, out.Len())
		}
		f, err := both(t, out.Bytes())
		if err != nil {
			t.Fatalf("alignment %d: %v", align, err)
		}
		if f.Keys()[0] != "bool" || f.Keys()[1] != "general.architecture" {
			t.Errorf("order of keys: %q", f.Keys())
		}
		for _, v := range values {
			if got, _, _ := f.Value(v.key); !reflect.DeepEqual(got, v.value) {
				t.Errorf("key %q: got %#v, want %#v", v.key, got, v.value)
			}
		}
		for i, want := range [][]byte{ones(12), q, ones(68)} {
			x := f.Tensors[i]
			if got := out.Bytes()[x.Offset : x.Offset+x.Size]; !bytes.Equal(got, want) || x.Offset%max(int64(align), 32) != 0 && align != 8 {
				t.Errorf("alignment %d, tensor %q at %d: %x, want %x", align, x.Name, x.Offset, got, want)
			}
		}
	}
}

func TestWriterErrors(t *testing.T) {
	good := Source{Name: "w", Type: quant.F32, Dims: []int{3}, Data: ones(12)}
	with := func(change func(*Source)) []Source {
		s := good
		change(&s)
		return []Source{s}
	}
	for _, c := range []struct {
		name    string
		key     string
		value   any
		tensors []Source
		want    string
	}{
		{"int", "k", 1, nil, `gguf: key "k": int names no type of the format`},
		{"nil", "k", nil, nil, "<nil> names no type"},
		{"map", "k", map[string]int{}, nil, "names no type"},
		{"scalar in []any", "k", []any{uint8(1)}, nil, "element 0 is uint8, and []any holds arrays only"},
		{"int in []any", "k", []any{[]int{1}}, nil, "element 0: []int names no type"},
		{"empty key", "", true, nil, "is empty"},
		{"not UTF-8", "k", "\xff", nil, "not valid UTF-8"},
		{"alignment", "general.alignment", uint32(13), nil, "power of two"},
		{"alignment type", "general.alignment", uint64(32), nil, "needs a u32, got u64"},
		{"twice", "k", true, []Source{good, good}, `tensor "w": stands there twice`},
		{"no name", "k", true, with(func(s *Source) { s.Name = "" }), "is empty"},
		{"no dims", "k", true, with(func(s *Source) { s.Dims = nil }), `tensor "w": needs 1 to 4 dimensions, got 0`},
		{"5 dims", "k", true, with(func(s *Source) { s.Dims = []int{3, 1, 1, 1, 1} }), "got 5"},
		{"negative", "k", true, with(func(s *Source) { s.Dims = []int{-3} }), "needs to be at least 1"},
		{"type", "k", true, with(func(s *Source) { s.Type = 99 }), "type 99"},
		{"block", "k", true, with(func(s *Source) { s.Type = quant.Q4_K }), `gguf: tensor "w": Q4_K needs rows of a multiple of 256 values, got 3`},
		{"short", "k", true, with(func(s *Source) { s.Data = ones(11) }), "F32 of [3] takes 12 bytes, got 11"},
		{"nothing", "k", true, with(func(s *Source) { s.Data = nil }), "neither bytes nor a function"},
	} {
		var w Writer
		w.Set(c.key, c.value)
		for _, s := range c.tensors {
			w.Add(s)
		}
		var out bytes.Buffer
		if n, err := w.WriteTo(&out); err == nil || !strings.Contains(err.Error(), c.want) || n != 0 || out.Len() != 0 {
			t.Errorf("%s: %d bytes, %v, want %s", c.name, n, err, c.want)
		}
	}
}

// full is a disk that takes n bytes.
type full struct{ n int }

func (f *full) Write(b []byte) (int, error) {
	if len(b) > f.n {
		return 0, errBroken
	}
	f.n -= len(b)
	return len(b), nil
}

func TestWriterStream(t *testing.T) {
	stream := func(write func(io.Writer) error) Writer {
		var w Writer
		w.Add(Source{Name: "w", Type: quant.F32, Dims: []int{1 << 20}, Write: write})
		return w
	}
	enough := func(out io.Writer) error { _, err := out.Write(ones(4 << 20)); return err }
	for _, c := range []struct {
		name  string
		write func(io.Writer) error
		room  int
		want  string
	}{
		{"too few", func(out io.Writer) error { _, err := out.Write(ones(9)); return err }, 8 << 20, `gguf: tensor "w": F32 of [1048576] takes 4194304 bytes, 9 were written`},
		{"fails", func(io.Writer) error { return errBroken }, 8 << 20, `tensor "w": disk on fire`},
		{"disk full", enough, 100, "disk on fire"},
		{"disk full at the end", enough, 4 << 20, "disk on fire"},
	} {
		w := stream(c.write)
		if _, err := w.WriteTo(&full{c.room}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := (&Writer{}).WriteTo(&full{10}); !errors.Is(err, errBroken) {
		t.Errorf("empty file on a full disk: %v", err)
	}
}
