package gguf

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
)

// hostile is a file that must be refused, and how.
type hostile struct {
	name string
	b    raw
	is   error  // the sentinel, or nil for an error without one
	want string // part of the message
}

// withPair is a file with one pair of which everything after the key is given.
func withPair(k kind, value raw) raw { return append(header(3, 0, 1).pair("k", k), value...) }

// withArray is a file with one array.
func withArray(elem kind, n uint64, elements raw) raw {
	return withPair(kindArray, append(raw(nil).u32(uint32(elem)).u64(n), elements...))
}

// withKey is a file whose only key has the given length field and bytes.
func withKey(length uint64, key string) raw {
	return append(append(header(3, 0, 1).u64(length), key...), raw(nil).u32(0).zeros(16)...)
}

// withTensor is a file of one tensor with plenty of data.
func withTensor(name string, typ uint32, offset uint64, dims ...uint64) raw {
	return header(3, 1, 0).tensor(name, typ, offset, dims...).align(32).zeros(4096)
}

// nested is bytes in arrays of arrays, depth levels in all.
func nested(depth int) raw {
	var b raw
	for range depth - 1 {
		b = b.u32(uint32(kindArray)).u64(1)
	}
	return withPair(kindArray, b.u32(uint32(kindU8)).u64(0))
}

func hostileHeaders() []hostile {
	return []hostile{
		{"0 bytes", raw{}, ErrNotGGUF, "not a GGUF file: it is empty"},
		{"3 bytes", raw("GGU"), ErrTruncated, "version"},
		{"4 bytes", raw("GGUF"), ErrTruncated, "version needs 4 bytes, 0 are left"},
		{"8 bytes", header(3, 0, 0)[:8], ErrTruncated, "tensors needs 8 bytes"},
		{"23 bytes", header(3, 0, 0)[:23], ErrTruncated, "metadata pairs needs 8 bytes, 7 are left"},
		{"text", raw("# Models\n"), ErrNotGGUF, `not a GGUF file: begins with "# Mod"`},
		{"short text", raw("né"), ErrNotGGUF, `begins with "né"`},
		{"binary", raw{0x7f, 'E', 'L', 'F', 2}, ErrNotGGUF, "begins with the bytes 7f 45 4c 46"},
		{"gzip", raw{0x1f, 0x8b, 8, 0}, ErrNotGGUF, "looks like a gzip archive"},
		{"older ggml", raw("tjgg\x03\x00\x00\x00"), ErrNotGGUF, "ggjt"},
		{"safetensors", append(raw(nil).u64(100), `{"a":`...), ErrNotGGUF, "safetensors"},
		{"version 0", header(0, 0, 0), ErrUnsupported, "version 0"},
		{"version 1", header(1, 0, 0), ErrUnsupported, "version 1"},
		{"version 4", header(4, 0, 0), ErrUnsupported, "version 4"},
		{"big-endian", header(3<<24, 0, 0), ErrUnsupported, "version 3 in big-endian"},
		{"2^64-1 tensors", header(3, math.MaxUint64, 0), nil, "claims 18446744073709551615 tensors"},
		{"2^32 tensors", header(3, 1<<32, 0), nil, "claims 4294967296 tensors"},
		{"2^64-1 pairs", header(3, 0, math.MaxUint64), nil, "claims 18446744073709551615 metadata pairs"},
		{"2^32 pairs", header(3, 0, 1<<32), nil, "claims 4294967296 metadata pairs"},
		{"a million of both", header(3, 1<<20, 1<<20).zeros(1000), ErrTruncated, "1048576 tensors and 1048576 metadata pairs needs 49283072 bytes, 1000 are left"},
	}
}

func hostileMetadata() []hostile {
	wide := withArray(kindArray, 2, raw(nil).u32(0).u64(maxElements).zeros(64))
	return []hostile{
		{"key of 2^63 bytes", withKey(1<<63, "k"), ErrTruncated, "key needs 9223372036854775808 bytes"},
		{"key of 2^64-1 bytes", withKey(math.MaxUint64, "k"), ErrTruncated, "key needs 18446744073709551615 bytes"},
		{"key of 2^32 bytes", withKey(1<<32, "k"), ErrTruncated, "key 1 of 1: key needs 4294967296 bytes"},
		{"key longer than the rest", withKey(30, "k"), ErrTruncated, "key needs 30 bytes"},
		{"key of 0 bytes", withKey(0, ""), nil, "key 1 of 1: is empty"},
		{"key of 65536 bytes", withKey(65536, strings.Repeat("k", 65536)), nil, "limit is 65535"},
		{"key that is not UTF-8", withKey(2, "\xff\xfe"), nil, "not valid UTF-8"},
		{"key with NUL", withKey(2, "k\x00"), nil, "control character 0x00"},
		{"duplicate key", append(append(header(3, 0, 2).pair("k", kindU8), 1).pair("k", kindBool), 1), nil, `key "k": stands there twice`},
		{"string of 2^63 bytes", withPair(kindString, raw(nil).u64(1<<63)), ErrTruncated, `key "k": string needs 9223372036854775808 bytes, 0 are left`},
		{"string of 2^32 bytes", withPair(kindString, raw(nil).u64(1<<32)), ErrTruncated, "string needs 4294967296 bytes"},
		{"string that is not UTF-8", withPair(kindString, raw(nil).str("a\xff")), nil, "not valid UTF-8"},
		{"string with NUL", withPair(kindString, raw(nil).str("llama\x00")), nil, "a string with a NUL at its byte 5"},
		{"strings that are not UTF-8", withArray(kindString, 1, raw(nil).str("a\xff")), nil, "not valid UTF-8"},
		{"bool of 2", withPair(kindBool, raw{2}), nil, "0 or 1, got 2"},
		{"bools of 2", withArray(kindBool, 3, raw{0, 1, 2}), nil, "0 or 1, got 2"},
		{"value type 13", withPair(13, raw{0}), ErrUnsupported, `key "k": value type 13 is not known`},
		{"value type 2^32-1", withPair(math.MaxUint32, raw{0}), ErrUnsupported, "value type 4294967295"},
		{"element type 99", withArray(99, 1, raw{0}), ErrUnsupported, "value type 99"},
		{"element type 99 of none", withArray(99, 0, nil), ErrUnsupported, "value type 99"},
		{"2^61 × u64", withArray(kindU64, 1<<61, raw(nil).zeros(8)), nil, "an array of 2305843009213693952 elements, the limit is 16777216"},
		{"2^64-1 × u8", withArray(kindU8, math.MaxUint64, nil), nil, "limit"},
		{"2^24 × u64", withArray(kindU64, 1<<24, raw(nil).zeros(8)), ErrTruncated, "an array of 16777216 × u64 needs 134217728 bytes, 8 are left"},
		{"2^24 strings", withArray(kindString, 1<<24, raw(nil).zeros(80)), ErrTruncated, "16777216 × string"},
		{"2^24 arrays", withArray(kindArray, 1<<24, raw(nil).zeros(80)), ErrTruncated, "16777216 × array"},
		{"more than the limit in two arrays", wide, nil, "over all that are nested"},
		{"depth 5", nested(5), nil, "nested deeper than 4"},
		{"depth 10,000", nested(10000), nil, "nested deeper than 4"},
		{"alignment i32", header(3, 0, 1).pair(alignKey, kindI32).u32(32), nil, `key "general.alignment": needs a u32, got i32`},
		{"alignment string", header(3, 0, 1).pair(alignKey, kindString).str("32"), nil, "needs a u32, got string"},
		{"alignment 0", header(3, 0, 1).pair(alignKey, kindU32).u32(0), nil, "power of two from 8 to 65536, got 0"},
		{"alignment 1", header(3, 0, 1).pair(alignKey, kindU32).u32(1), nil, "got 1 "},
		{"alignment 13", header(3, 0, 1).pair(alignKey, kindU32).u32(13), nil, "got 13"},
		{"alignment 2^31", header(3, 0, 1).pair(alignKey, kindU32).u32(1 << 31), nil, "got 2147483648"},
	}
}

func hostileTensors() []hostile {
	const max = math.MaxUint64
	cases := []hostile{
		{"dims 0", withTensor("w", 0, 0), nil, `tensor "w": needs 1 to 4 dimensions, got 0`},
		{"dims 5", withTensor("w", 0, 0, 1, 1, 1, 1, 1), nil, "got 5"},
		{"dims 2^32-1", header(3, 1, 0).str("w").u32(math.MaxUint32).zeros(64), nil, "got 4294967295"},
		{"ne 0", withTensor("w", 0, 0, 0, 4), nil, "dimension 0 needs to be at least 1"},
		{"last ne 0", withTensor("w", 0, 0, 4, 4, 4, 0), nil, "dimension 3 needs"},
		{"negative ne", withTensor("w", 0, 0, max, 4), nil, "got 18446744073709551615"},
		{"product 2^63", withTensor("w", 0, 0, 1<<32, 1<<31), nil, "larger than an address"},
		{"product 2^64", withTensor("w", 0, 0, 1<<32, 1<<32), nil, "more than 2^64"},
		{"product wraps to 16", withTensor("w", 0, 0, 1<<62|4, 4), nil, "more than 2^64"},
		{"bytes wrap to 0", withTensor("w", 0, 0, 1<<62), nil, "larger than an address"},
		{"no whole block", withTensor("blk.3.attn_q.weight", 12, 0, 130, 2), nil, `gguf: tensor "blk.3.attn_q.weight": Q4_K needs rows of a multiple of 256 values, got 130 (byte 0x37)`},
		{"unknown type", withTensor("w", 99, 0, 32), ErrUnsupported, `tensor "w": type 99 (not known) is not read`},
		{"type 2^32-1", withTensor("w", math.MaxUint32, 0, 32), ErrUnsupported, "type 4294967295"},
		{"retired type", withTensor("w", 31, 0, 32), ErrUnsupported, "type 31 (Q4_0_4_4, retired from the format)"},
		{"no weight type", withTensor("w", 26, 0, 32), ErrUnsupported, "I32"},
		{"misaligned", withTensor("w", 0, 16, 4), nil, "its offset needs to be a multiple of 32, got 16"},
		{"past the end", withTensor("w", 0, 8192, 4), ErrTruncated, "needs 16 bytes at offset 8192 of the data section, which has 4096"},
		{"ends past the end", withTensor("w", 0, 4064, 9), ErrTruncated, "needs 36 bytes at offset 4064"},
		{"offset + size wraps", withTensor("w", 0, math.MaxInt64&^31, 1<<20), ErrTruncated, "needs 4194304 bytes"},
		{"offset 2^64-32", withTensor("w", 0, max&^31, 32), nil, "too large"},
		{"overlap", header(3, 2, 0).tensor("b", 0, 32, 4).tensor("a", 0, 0, 9).align(32).zeros(64), nil, `tensor "b": its bytes from 0x80 overlap those of "a"`},
		{"same place", header(3, 2, 0).tensor("a", 0, 0, 4).tensor("b", 0, 0, 4).align(32).zeros(64), nil, "overlap"},
		{"duplicate name", header(3, 2, 0).tensor("a", 0, 0, 4).tensor("a", 0, 32, 4).align(32).zeros(64), nil, `tensor "a": stands there twice`},
		{"name of 0 bytes", withTensor("", 0, 0, 4), nil, "tensor 1 of 1: is empty"},
		{"name of 64 bytes", withTensor(strings.Repeat("w", 64), 0, 0, 4), nil, "is 64 bytes long, the limit is 63"},
		{"name of 2^63 bytes", header(3, 1, 0).u64(1 << 63).zeros(64), ErrTruncated, "tensor 1 of 1: name needs 9223372036854775808 bytes"},
		{"name that is not UTF-8", withTensor("w\xff", 0, 0, 4), nil, "not valid UTF-8"},
		{"name with NUL", withTensor("w\x00", 0, 0, 4), nil, "control character 0x00"},
		{"name with a line break", withTensor("w\nw", 0, 0, 4), nil, "control character 0x0a"},
	}
	for _, name := range []string{"../w", "/etc/passwd", `..\w`, "a/b", ".."} {
		cases = append(cases, hostile{"name " + name, withTensor(name, 0, 0, 4), nil, fmt.Sprintf("is a path: %q", name)})
	}
	return cases
}

// TestHostile parses files that lie. None may cost more memory than its size and a little.
func TestHostile(t *testing.T) {
	for _, list := range [][]hostile{hostileHeaders(), hostileMetadata(), hostileTensors()} {
		for _, c := range list {
			t.Run(c.name, func(t *testing.T) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, err := both(t, c.b)
				runtime.ReadMemStats(&after)
				e, ok := errors.AsType[*Error](err)
				if !ok {
					t.Fatalf("got %v, want an *Error", err)
				}
				if e.Err != c.is || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got  %v (%v)\nwant %v (%v)", err, e.Err, c.want, c.is)
				}
				if e.Offset < 0 || e.Offset > int64(len(c.b)) {
					t.Errorf("offset %d in a file of %d bytes", e.Offset, len(c.b))
				}
				if n := after.TotalAlloc - before.TotalAlloc; n > uint64(2*len(c.b))+1<<19 {
					t.Errorf("%d bytes allocated for a file of %d", n, len(c.b))
				}
			})
		}
	}
}

// TestAccepted holds the correct neighbours of what is refused.
func TestAccepted(t *testing.T) {
	for _, c := range []hostile{
		{name: "nothing", b: header(3, 0, 0)},
		{name: "depth 4", b: nested(4)},
		{name: "key of 65535 bytes", b: withKey(65535, strings.Repeat("k", 65535))},
		{name: "name of 63 bytes", b: withTensor(strings.Repeat("w", 63), 0, 0, 4)},
		{name: "empty string", b: withPair(kindString, raw(nil).str(""))},
		{name: "no elements", b: withArray(kindU64, 0, nil)},
		{name: "alignment 8", b: header(3, 2, 1).pair(alignKey, kindU32).u32(8).tensor("a", 0, 8, 2).tensor("b", 0, 0, 1).align(8).zeros(16)},
		{name: "alignment 65536", b: header(3, 1, 1).pair(alignKey, kindU32).u32(65536).tensor("a", 0, 0, 2).align(65536).zeros(8)},
		{name: "4 dimensions", b: withTensor("w", 8, 0, 32, 2, 3, 4)},
		{name: "to the last byte", b: withTensor("w", 0, 4064, 8)},
		{name: "vocabulary of bytes", b: withArray(kindU8, 4, raw("abcd"))},
	} {
		if _, err := both(t, c.b); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
