package engine

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/linnet-go/linnet/engine/sample"
)

// TestStates changes the text of sessions whose layers keep a state, goes on after a cancelled call, and decodes beside others: the logits are
// those of a session that sees the text at once.
func TestStates(t *testing.T) {
	for _, name := range []string{"mamba2", "granite-hybrid", "lfm2", "qwen35"} {
		file := sharedFiles(t, "conformance/arch/"+name+".gguf")[0]
		ids := readIDs(t, file[:len(file)-len("gguf")]+"ids")
		m := openModel(t, file, Batch(32), Threads(2), fineGrain)
		want := func(ids []int32) []float32 { return lastLogits(t, m.NewSession(), ids) }
		s := m.NewSession()
		other := slices.Concat(ids[:50], ids[70:])
		for i, c := range []struct {
			ids    []int32
			reused int
		}{{ids[:60], 0}, {ids, 60}, {ids, 0}, {other, 0}, {other[:40], 0}, {ids[:41], 40}} {
			if got := lastLogits(t, s, c.ids); !slices.Equal(got, want(c.ids)) {
				t.Errorf("%s, call %d: other logits than those of a new session", name, i)
			}
			if n := s.Stats().Reused; n != c.reused {
				t.Errorf("%s, call %d: %d tokens reused, want %d", name, i, n, c.reused)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		for range s.GenerateTokens(ctx, ids[:20], sample.Random(), IgnoreEOG()) {
			cancel()
		}
		cancel()
		if _, err := s.Next(ctx, "a"); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: a cancelled call returns %v", name, err)
		}
		end := company(m)
		if got := lastLogits(t, s, ids[:30]); !slices.Equal(got, want(ids[:30])) {
			t.Errorf("%s: other logits after a cancelled call and beside others", name)
		}
		end()
	}
}

// lastLogits returns the logits of the last of some tokens.
func lastLogits(t *testing.T, s *Session, ids []int32) []float32 {
	return allLogits(t, s, ids, len(ids)-1)
}
