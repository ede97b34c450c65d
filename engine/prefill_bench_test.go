package engine

import (
	"context"
	"fmt"
	"testing"

	"github.com/linnet-go/linnet/kernels"
	"github.com/linnet-go/linnet/kernels/team"
)

// BenchmarkPrefill reads a prompt of 512 tokens with a TinyLlama of Q4_0 weights, from an empty cache each time.
func BenchmarkPrefill(b *testing.B) {
	const tokens = 512
	path := tinyLlamaFile(b)
	for _, l := range kernels.Levels()[1:] {
		for workers := 1; workers <= team.Cores(); workers *= 2 {
			b.Run(fmt.Sprintf("%s/threads=%d", l.Name, workers), func(b *testing.B) {
				m, err := Open(path, Level(l.Name), Threads(workers))
				if err != nil {
					b.Fatal(err)
				}
				defer m.Close()
				ids := make([]int32, tokens)
				round := 0
				read := func() {
					s := m.NewSession()
					defer s.Close()
					round++
					for i := range ids {
						ids[i] = int32(3 + (round*7919+37*i)%31000) // no prefix of an earlier round
					}
					if err := s.prefill(context.Background(), ids, s.logits); err != nil {
						b.Fatal(err)
					}
				}
				read() // packs the weights
				b.ResetTimer()
				for range b.N {
					read()
				}
				b.ReportMetric(tokens*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
			})
		}
	}
}
