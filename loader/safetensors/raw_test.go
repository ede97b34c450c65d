package safetensors

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"testing"
)

// file is a file with the given header and n bytes of data.
func file(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	for i := range n {
		b = append(b, byte(i))
	}
	return b
}

// claiming is a file that claims a header of n bytes.
func claiming(n uint64, header string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, n), header...)
}

// small is a correct file of 5 tensors, which are not in the order of their bytes, and padding.
func small() []byte {
	return file(`{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]},"a":{"data_offsets":[0,8],"dtype":"F16","shape":[4]},`+
		`"c\u00e9.\ud83d\ude00":{"dtype":"BF16","shape":[],"data_offsets":[32,34]},"ids":{"dtype":"I64","shape":[1,2],"data_offsets":[34,50]},`+
		`"four":{"dtype":"F4","shape":[2,3],"data_offsets":[50,53]}}     `, 53)
}

// both parses b from memory and from a reader, and fails if they disagree.
func both(t testing.TB, b []byte) (*File, error) {
	t.Helper()
	inMemory, err1 := ParseBytes(b)
	if len(b) > 1<<20 {
		return inMemory, err1 // the reader has nothing to add but time
	}
	// The reader hides everything but ReadAt.
	read, err2 := Parse(struct{ io.ReaderAt }{bytes.NewReader(b)}, int64(len(b)))
	if (err1 == nil) != (err2 == nil) || err1 != nil && err1.Error() != err2.Error() {
		t.Fatalf("from memory: %v\nfrom a reader: %v", err1, err2)
	}
	if err1 == nil && len(inMemory.Tensors) != len(read.Tensors) {
		t.Fatalf("from memory %d tensors, from a reader %d", len(inMemory.Tensors), len(read.Tensors))
	}
	return inMemory, err1
}

// stories is a published model (karpathy/tinyllamas, MIT licence) with zeros for its values.
func stories(t testing.TB) []byte {
	b, err := os.ReadFile("testdata/stories260K-head.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, make([]byte, 1171200)...)
}
