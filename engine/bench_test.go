package engine

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/linnet-go/linnet/kernels"
	"github.com/linnet-go/linnet/kernels/team"
)

func sqrt(n int) float64 { return math.Sqrt(float64(n)) }

// tinyLlamaFile writes a TinyLlama of random weights, 0.6 GB.
func tinyLlamaFile(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "tinyllama-q4_0.gguf")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	if err := errors.Join(tinyLlama.write(w), w.Flush(), f.Close()); err != nil {
		b.Fatal(err)
	}
	return path
}

// readBandwidth is what so many workers read from memory, in bytes a second: the best of some passes over a block of zeros.
func readBandwidth(b *testing.B, workers int) float64 {
	const size, part = 1 << 30, 1 << 20
	block, err := kernels.Alloc(size)
	if err != nil {
		b.Fatal(err)
	}
	defer kernels.Free(block)
	for i := 0; i < size; i += 4096 {
		block[i] = 1
	}
	t := team.New(workers)
	defer t.Close()
	sums := make([][16]uint64, workers)
	best := time.Duration(math.MaxInt64)
	for range 5 {
		start := time.Now()
		t.Do(size/part, func(unit, worker int) {
			var sum uint64
			for p := block[unit*part : (unit+1)*part]; len(p) > 0; p = p[64:] { // one read of each cache line
				sum += binary.LittleEndian.Uint64(p)
			}
			sums[worker][0] += sum
		})
		best = min(best, time.Since(start))
	}
	return size / best.Seconds()
}

// BenchmarkDecode generates tokens with a TinyLlama of Q4_0 weights and compares the bytes of weights that it reads with the read bandwidth of
// the same run.
func BenchmarkDecode(b *testing.B) {
	path := tinyLlamaFile(b)
	for _, l := range kernels.Levels()[1:] {
		for workers := 1; workers <= team.Cores(); workers *= 2 {
			b.Run(fmt.Sprintf("%s/threads=%d", l.Name, workers), func(b *testing.B) {
				m, err := Open(path, Level(l.Name), Threads(workers))
				if err != nil {
					b.Fatal(err)
				}
				defer m.Close()
				s := m.NewSession()
				defer s.Close()
				ids := make([]int32, 16)
				for i := range ids {
					ids[i] = int32(300 + 37*i)
				}
				if err := s.prefill(context.Background(), ids, s.logits); err != nil {
					b.Fatal(err)
				}
				b.ResetTimer()
				for range b.N {
					if err := s.forward(context.Background(), ids[:1], s.logits); err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				perToken := b.Elapsed().Seconds() / float64(b.N)
				read := float64(m.Info().WeightBytes) / perToken
				b.ReportMetric(1/perToken, "tokens/s")
				b.ReportMetric(read/1e9, "GB/s")
				b.ReportMetric(read/readBandwidth(b, workers), "of-read")
			})
		}
	}
}
