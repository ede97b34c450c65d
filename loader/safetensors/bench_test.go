package safetensors

import "testing"

// BenchmarkParse reads the head of a file of 18,000 tensors, as a mixture of experts in one file has.
func BenchmarkParse(b *testing.B) {
	data := file(manyTensors(18000), 18000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseBytes(data); err != nil {
			b.Fatal(err)
		}
	}
}
