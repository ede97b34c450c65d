package gguf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linnet-go/linnet/quant"
)

// equal compares values, a NaN being equal to itself.
func equal(a, b any) bool {
	return reflect.DeepEqual(a, b) || fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b)
}

func TestParseSmall(t *testing.T) {
	for version := range uint32(2) {
		b := small()
		binary.LittleEndian.PutUint32(b[4:], 2+version)
		f, err := both(t, b)
		if err != nil {
			t.Fatal(err)
		}
		if f.Version != 2+version || f.Align != 64 || f.DataOffset != int64(len(b)-112) {
			t.Errorf("version %d, alignment %d, data at %d of %d", f.Version, f.Align, f.DataOffset, len(b))
		}
		for _, c := range []struct {
			key  string
			want any
		}{
			{"general.architecture", "llama"},
			{"u8", uint64(200)}, {"i8", int64(-128)}, {"u16", uint64(0x201)}, {"i16", int64(-2)}, {"u32", uint64(1 << 31)}, {"i32", int64(-1 << 31)},
			{"f32", 1.5}, {"bool", true}, {"u64", uint64(1 << 63)}, {"i64", int64(-1 << 63)}, {"f64", 1.5}, {"general.alignment", uint64(64)},
			{"strings", []string{"a", "", "\u2581b\x00"}}, {"floats", []float32{1.5, 0}}, {"nested", []any{[]int64{1, -1}, []string{"x"}}},
		} {
			if v, ok, err := f.Value(c.key); !ok || err != nil || !reflect.DeepEqual(v, c.want) {
				t.Errorf("key %q: got %#v, %v, %v, want %#v", c.key, v, ok, err, c.want)
			}
		}
		if v, ok, err := f.Value("absent"); v != nil || ok || err != nil {
			t.Errorf("absent key: %v %v %v", v, ok, err)
		}
		want := []Tensor{
			{Name: "a.weight", Type: quant.F32, Dims: []int{4, 3}, Offset: f.DataOffset + 64, Size: 48},
			{Name: "b.weight", Type: quant.Q4_0, Dims: []int{32, 2}, Offset: f.DataOffset, Size: 36},
		}
		for i, got := range f.Tensors {
			got.info = 0
			if !reflect.DeepEqual(got, want[i]) {
				t.Errorf("tensor %d: got %+v, want %+v", i, got, want[i])
			}
		}
	}
}

func TestParsePublished(t *testing.T) {
	b := raw(storiesHead(t)).zeros(1185376 - 14152)
	f, err := both(t, b)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Tensors) != 48 || len(f.Keys()) != 19 || f.Version != 3 || f.DataOffset != 14176 {
		t.Errorf("%d tensors, %d keys, version %d, data at %d", len(f.Tensors), len(f.Keys()), f.Version, f.DataOffset)
	}
	v, _, _ := f.Value("tokenizer.ggml.tokens")
	if tokens, ok := v.([]string); !ok || len(tokens) != 512 || tokens[0] != "<unk>" || tokens[259] != "\u2581t" {
		t.Errorf("tokens: %.300q", v)
	}
	v, _, _ = f.Value("tokenizer.ggml.scores")
	if scores, ok := v.([]float32); !ok || len(scores) != 512 {
		t.Errorf("scores: %T", v)
	}
	last := f.Tensors[len(f.Tensors)-1]
	if i := slices.IndexFunc(f.Tensors, func(t Tensor) bool { return t.Name == "blk.4.ffn_down.weight" }); !slices.Equal(f.Tensors[i].Dims, []int{172, 64}) {
		t.Errorf("ffn_down is %v", f.Tensors[i].Dims)
	}
	if end := last.Offset + last.Size; end > int64(len(b)) {
		t.Errorf("last tensor ends at %d of %d", end, len(b))
	}
}

// TestTruncated cuts files at every byte of the head and at 200 places of the data.
func TestTruncated(t *testing.T) {
	for _, b := range []raw{small(), raw(storiesHead(t)).zeros(1185376 - 14152)} {
		f, err := ParseBytes(b)
		if err != nil {
			t.Fatal(err)
		}
		head := int(f.DataOffset)
		step := max(head/1500, 1)
		var end int64
		for _, t := range f.Tensors {
			end = max(end, t.Offset+t.Size)
		}
		var cuts []int
		for n := 1; n < head; n += step {
			cuts = append(cuts, n)
		}
		for i := range 200 {
			cuts = append(cuts, head+i*(int(end)-1-head)/199)
		}
		for _, n := range cuts {
			_, err := both(t, b[:n])
			if e, ok := errors.AsType[*Error](err); !ok || !errors.Is(err, ErrTruncated) || e.Offset > int64(n) {
				t.Errorf("%d bytes of %d: %v", n, len(b), err)
			}
		}
	}
}

func TestRandomBytes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 1))
	for i := range 3000 {
		b := small()
		if i%3 == 0 {
			b = header(3, rnd.Uint64N(4), rnd.Uint64N(4)).zeros(rnd.IntN(400))
		}
		for range 1 + rnd.IntN(8) {
			b[4+rnd.IntN(len(b)-4)] = byte(rnd.Uint32() >> rnd.IntN(8))
		}
		f, err := both(t, b)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("%v is no *Error", err)
			}
			continue
		}
		checkInside(t, f, len(b))
	}
}

// checkInside fails if a tensor reaches out of the file.
func checkInside(t *testing.T, f *File, size int) {
	t.Helper()
	for _, x := range f.Tensors {
		if x.Offset < f.DataOffset || x.Size <= 0 || x.Offset > int64(size)-x.Size || int64(x.Type.RowBytes(x.Dims[0]))*int64(product(x.Dims[1:])) != x.Size {
			t.Fatalf("tensor %+v in a file of %d bytes", x, size)
		}
	}
}

func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// TestRewritten changes a file after it was parsed: values that no longer fit are errors.
func TestRewritten(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 2))
	for range 2000 {
		b := small()
		f, err := ParseBytes(b)
		if err != nil {
			t.Fatal(err)
		}
		for range 1 + rnd.IntN(8) {
			b[rnd.IntN(len(b))] = byte(rnd.Uint32() >> rnd.IntN(8))
		}
		for _, key := range f.Keys() {
			f.Value(key)
		}
	}
	b := small()
	f, _ := ParseBytes(b)
	at := bytes.Index(b, raw(nil).str("\u2581b\x00"))
	b[at] = 200
	if v, ok, err := f.Value("strings"); v != nil || !ok || err == nil || !strings.Contains(err.Error(), `gguf: key "strings": the value changed`) {
		t.Errorf("got %v, %v, %v", v, ok, err)
	}
}

// failing is a reader that breaks after some bytes.
type failing struct {
	b     []byte
	after int64
}

var errBroken = errors.New("disk on fire")

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.after {
		return 0, errBroken
	}
	return bytes.NewReader(f.b).ReadAt(p, off)
}

func TestReaderErrors(t *testing.T) {
	b := small()
	if _, err := Parse(failing{b, 10}, int64(len(b))); !errors.Is(err, errBroken) {
		t.Errorf("broken reader: %v", err)
	}
	if _, err := Parse(bytes.NewReader(b[:300]), int64(len(b))); !errors.Is(err, ErrTruncated) {
		t.Errorf("size that lies: %v", err)
	}
	f, err := Parse(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	f.src = failing{b, 10}
	if _, ok, err := f.Value("strings"); !ok || !errors.Is(err, errBroken) {
		t.Errorf("value from a broken reader: %v, %v", ok, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a negative size is no wrong use")
		}
	}()
	Parse(bytes.NewReader(b), -1)
}

// TestLimits describes as many pairs and tensors as may be described, and a long list of strings.
func TestLimits(t *testing.T) {
	pairs := header(3, 0, maxPairs)
	for i := range maxPairs {
		pairs = append(pairs.pair(fmt.Sprintf("%06x", i), kindBool), 1)
	}
	tensors := header(3, maxTensors, 0)
	for i := range maxTensors {
		tensors = tensors.tensor(fmt.Sprintf("%06x", i), 0, uint64(i)*32, 1)
	}
	tensors = tensors.align(32).zeros(maxTensors * 32)
	strings := header(3, 0, 1).pair("k", kindArray).u32(uint32(kindString)).u64(1 << 20).zeros(8 << 20)
	for _, c := range []struct {
		name string
		b    raw
		cap  uint64
	}{{"pairs", pairs, 192 << 20}, {"tensors", tensors, 192 << 20}, {"strings", strings, 1 << 20}} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		start := time.Now()
		f, err := ParseBytes(c.b)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		allocated := after.TotalAlloc - before.TotalAlloc
		t.Logf("%s: %d bytes, %d MiB allocated, %v", c.name, len(c.b), allocated>>20, took)
		if allocated > c.cap || took > 10*time.Second {
			t.Errorf("%s: %d MiB allocated, %v, want at most %d MiB", c.name, allocated>>20, took, c.cap>>20)
		}
		runtime.KeepAlive(f)
	}
}
