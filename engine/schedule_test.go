package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/linnet-go/linnet/engine/internal/layer"
	"github.com/linnet-go/linnet/engine/sample"
)

// TestCompose puts requests of different lengths into steps.
func TestCompose(t *testing.T) {
	for _, c := range []struct {
		name  string
		left  []int // tokens that each request still has to run
		batch int
		want  []int // tokens of each in the step
	}{
		{"one prompt", []int{100}, 32, []int{32}},
		{"the rest of a prompt", []int{20}, 32, []int{20}},
		{"two prompts", []int{20, 30}, 32, []int{20, 12}},
		{"the oldest first", []int{40, 30}, 32, []int{32, 0}},
		{"decoding", []int{1, 1, 1}, 32, []int{1, 1, 1}},
		{"decoding beside a prompt", []int{100, 1, 1}, 32, []int{8, 1, 1}},
		{"more than fit", []int{1, 1, 1, 9}, 2, []int{1, 1, 0, 0}},
		{"a batch of one", []int{9, 9}, 1, []int{1, 0}},
	} {
		m := openModel(t, tinyFile, Batch(c.batch))
		var qs []*request
		for _, n := range c.left {
			// A first token that is done, so that run matters.
			qs = append(qs, &request{seq: m.pool.NewSeq(), ids: make([]int32, n+1), logits: make([]float32, 512), run: 1})
		}
		m.steps.active = qs
		m.steps.compose()
		got := make([]int, len(qs))
		for i, q := range m.steps.step {
			span := m.steps.spans[i]
			got[slices.Index(qs, q)] = len(span.IDs)
			if last := q.run+len(span.IDs) == len(q.ids); len(span.Logits) != map[bool]int{true: 512}[last] {
				t.Errorf("%s: %d logits of %d tokens, last %t", c.name, len(span.Logits), len(span.IDs), last)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		m.steps.active = nil
	}
}

// TestManySessions lets sessions generate, ask and give up at the same time: each text is the one that a session writes alone.
func TestManySessions(t *testing.T) {
	m := openModel(t, tinyFile, Threads(3), Batch(24), fineGrain)
	prompts := []string{"Once upon a time", "The little dog", "Lily", "One day, a big red ball", "He said"}
	alone := make([]string, len(prompts))
	for i, p := range prompts {
		s := m.NewSession()
		_, alone[i] = write(t, s, p, 40)
		s.Close()
	}
	var done sync.WaitGroup
	for worker := range 6 {
		done.Go(func() {
			r := rand.New(rand.NewPCG(uint64(worker), 1))
			s := m.NewSession()
			defer s.Close()
			for range 12 {
				i := r.IntN(len(prompts))
				if err := oneOf(s, r, prompts[i], alone[i]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
}

// oneOf makes a call of one kind or another.
func oneOf(s *Session, r *rand.Rand, prompt, want string) error {
	switch r.IntN(4) {
	case 0: // given up soon
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.IntN(300))*time.Microsecond)
		defer cancel()
		for _, err := range s.Generate(ctx, prompt, sample.Greedy()) {
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
		}
	case 1: // left in the middle
		n := r.IntN(10)
		for range s.Generate(context.Background(), prompt, sample.Greedy()) {
			if n--; n < 0 {
				break
			}
		}
	default:
		text := ""
		for tok, err := range s.Generate(context.Background(), prompt, sample.Greedy(), MaxTokens(40)) {
			if err != nil {
				return err
			}
			text += tok.Text
		}
		if text != want {
			return fmt.Errorf("after %q: %q, alone %q", prompt, text, want)
		}
	}
	return nil
}

// TestSharedSteps counts the steps of sessions that decode together: far fewer than their tokens.
func TestSharedSteps(t *testing.T) {
	m := openModel(t, tinyFile)
	steps, forward := 0, m.arch.Forward
	m.arch.Forward = func(r *layer.Run) {
		steps++
		time.Sleep(10 * time.Millisecond) // as a larger model would
		forward(r)
	}
	const sessions, tokens = 4, 20
	var done sync.WaitGroup
	for i := range sessions {
		done.Go(func() {
			s := m.NewSession()
			defer s.Close()
			for _, err := range s.GenerateTokens(context.Background(), []int32{1, int32(i) + 3}, sample.Greedy(), MaxTokens(tokens), IgnoreEOG()) {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
	if steps > sessions*tokens/2 {
		t.Errorf("%d sessions took %d steps for %d tokens each", sessions, steps, tokens)
	}
}
