package gguf

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"testing"
)

// raw builds files byte by byte, wrong ones above all.
type raw []byte

func (b raw) u32(v uint32) raw { return binary.LittleEndian.AppendUint32(b, v) }
func (b raw) u64(v uint64) raw { return binary.LittleEndian.AppendUint64(b, v) }
func (b raw) str(s string) raw { return append(b.u64(uint64(len(s))), s...) }
func (b raw) zeros(n int) raw  { return append(b, make([]byte, n)...) }

// header begins a file.
func header(version uint32, tensors, pairs uint64) raw {
	return raw("GGUF").u32(version).u64(tensors).u64(pairs)
}

// pair appends the key and the type of a pair, whose value follows.
func (b raw) pair(key string, k kind) raw { return b.str(key).u32(uint32(k)) }

// tensor appends a tensor description.
func (b raw) tensor(name string, typ uint32, offset uint64, dims ...uint64) raw {
	b = b.str(name).u32(uint32(len(dims)))
	for _, d := range dims {
		b = b.u64(d)
	}
	return b.u32(typ).u64(offset)
}

// align pads to the data section.
func (b raw) align(n int) raw { return b.zeros(-len(b) & (n - 1)) }

// small is a correct file with a value of every kind and two tensors.
func small() raw {
	b := header(3, 2, 16)
	b = b.pair("general.architecture", kindString).str("llama")
	b = append(b.pair("u8", kindU8), 200)
	b = append(b.pair("i8", kindI8), 0x80)
	b = append(b.pair("u16", kindU16), 1, 2)
	b = append(b.pair("i16", kindI16), 0xfe, 0xff)
	b = b.pair("u32", kindU32).u32(1 << 31)
	b = b.pair("i32", kindI32).u32(1 << 31)
	b = b.pair("f32", kindF32).u32(0x3fc00000)
	b = append(b.pair("bool", kindBool), 1)
	b = b.pair("u64", kindU64).u64(1 << 63)
	b = b.pair("i64", kindI64).u64(1 << 63)
	b = b.pair("f64", kindF64).u64(0x3ff8000000000000)
	b = b.pair("general.alignment", kindU32).u32(64)
	b = b.pair("strings", kindArray).u32(uint32(kindString)).u64(3).str("a").str("").str("\u2581b\x00")
	b = b.pair("floats", kindArray).u32(uint32(kindF32)).u64(2).u32(0x3fc00000).u32(0)
	b = b.pair("nested", kindArray).u32(uint32(kindArray)).u64(2).u32(uint32(kindI8)).u64(2)
	b = append(b, 1, 0xff).u32(uint32(kindString)).u64(1).str("x")
	b = b.tensor("a.weight", 0, 64, 4, 3)
	b = b.tensor("b.weight", 2, 0, 32, 2)
	b = b.align(64)
	for i := range 64 + 48 {
		b = append(b, byte(i))
	}
	return b
}

// both parses b from memory and from a reader, and fails if they disagree.
func both(t *testing.T, b []byte) (*File, error) {
	t.Helper()
	inMemory, err1 := ParseBytes(b)
	// The reader hides everything but ReadAt.
	read, err2 := Parse(struct{ io.ReaderAt }{bytes.NewReader(b)}, int64(len(b)))
	if (err1 == nil) != (err2 == nil) || err1 != nil && err1.Error() != err2.Error() {
		t.Fatalf("from memory: %v\nfrom a reader: %v", err1, err2)
	}
	if err1 == nil {
		for _, key := range inMemory.Keys() {
			v1, ok1, err1 := inMemory.Value(key)
			v2, ok2, err2 := read.Value(key)
			if !equal(v1, v2) || !ok1 || !ok2 || err1 != nil || err2 != nil {
				t.Fatalf("key %q: from memory %v %v %v, from a reader %v %v %v", key, v1, ok1, err1, v2, ok2, err2)
			}
		}
	}
	return inMemory, err1
}

// storiesHead is the head of a published model, 14,152 bytes of stories260K.gguf (karpathy/tinyllamas, MIT licence), whose data are
// replaced by zeros.
func storiesHead(t testing.TB) []byte {
	b, err := os.ReadFile("testdata/stories260K-head.gguf")
	if err != nil {
		t.Fatal(err)
	}
	return b
}
