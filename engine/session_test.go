package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linnet-go/linnet/engine/sample"
)

// TestReasons ends generations in every way that is no error.
func TestReasons(t *testing.T) {
	m := openModel(t, tinyFile, Context(40))
	eos := m.Tokenizer().EOS()
	for _, c := range []struct {
		name   string
		opts   []GenerateOption
		reason Reason
		tokens int
		text   string
	}{
		{"length", []GenerateOption{MaxTokens(8)}, MaxTokensDone, 8, ", there was a little girl"},
		{"context", nil, ContextFull, 36, stories[0].text[:100]},
		{"end of text", []GenerateOption{sample.LogitBias(eos, 1000)}, EndOfGeneration, 0, ""},
		{"end of text is not drawn", []GenerateOption{sample.LogitBias(eos, 1000), IgnoreEOG(), MaxTokens(8)}, MaxTokensDone, 8, ", there was a little girl"},
		{"stop string inside a token", []GenerateOption{Stop("as a", "zebra")}, StopString, 4, ", there w"},
		{"stop string over tokens", []GenerateOption{Stop("xyz", "there was a little g")}, StopString, 6, ", "},
		{"held back to the end", []GenerateOption{Stop("girl named"), MaxTokens(8)}, MaxTokensDone, 8, ", there was a little girl"},
	} {
		s := m.NewSession()
		ids, text := write(t, s, "Once upon a time", 1000, c.opts...)
		if st := s.Stats(); st.Reason != c.reason || len(ids) != c.tokens || st.Generated != c.tokens || !strings.HasPrefix(text, c.text) || c.reason != ContextFull && text != c.text {
			t.Errorf("%s: %q, %d tokens, %+v; want %q, %d tokens, %s", c.name, text, len(ids), st, c.text, c.tokens, c.reason)
		}
		s.Close()
	}
	s := m.NewSession()
	for range s.Generate(context.Background(), "Once", sample.Greedy()) {
		break
	}
	if r := s.Stats().Reason; r != Abandoned {
		t.Errorf("loop left: %s", r)
	}
}

// TestReuse follows what a session computes anew as its text changes.
func TestReuse(t *testing.T) {
	m := openModel(t, tinyFile)
	ids := make([]int32, 400)
	for i := range ids {
		ids[i] = int32(3 + i*i%500)
	}
	other := slices.Clone(ids)
	other[130]++
	a, b := m.NewSession(), m.NewSession()
	for i, c := range []struct {
		s      *Session
		ids    []int32
		reused int
	}{
		{a, ids[:300], 0},
		{a, ids[:301], 300},
		{a, ids[:400], 301},
		{a, ids[:400], 399}, // the last token is computed for its logits
		{a, ids[:350], 349},
		{a, other, 130},
		{a, ids, 130},
		{b, ids, 384}, // pages of a
		{b, other[:200], 130},
		{a, ids[:390], 389}, // b took a copy
		{b, ids, 384},       // pages of a again
		{b, ids[:128], 127},
	} {
		if _, err := c.s.NextToken(context.Background(), c.ids); err != nil {
			t.Fatal(err)
		}
		if st := c.s.Stats(); st.Reused != c.reused || st.Prompt != len(c.ids) {
			t.Errorf("call %d: %d of %d tokens reused, want %d", i, st.Reused, st.Prompt, c.reused)
		}
	}
}

func TestNext(t *testing.T) {
	m := openModel(t, tinyFile)
	s := m.NewSession()
	dist, err := s.Next(context.Background(), "Once upon a time")
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for i, p := range dist {
		total += p.P
		if i > 0 && p.P > dist[i-1].P {
			t.Errorf("probability %d is above the one before it", i)
		}
	}
	if dist[0].ID != storyIDs[0] || len(dist) != 512 || math.Abs(total-1) > 1e-9 {
		t.Errorf("%d tokens of probability %v, first %+v, want %d", len(dist), total, dist[0], storyIDs[0])
	}
	for tok, err := range s.Generate(context.Background(), "Once upon a time", sample.Temperature(0.1), MaxTokens(1), Probabilities(3)) {
		if err != nil || tok.P != dist[0].P || !slices.Equal(tok.Top, dist[:3]) {
			t.Errorf("%+v, %v, want the probabilities %v", tok, err, dist[:3])
		}
	}
	if dist, err = s.Next(context.Background(), "Once upon a time", sample.TopK(2)); err != nil || len(dist) != 2 {
		t.Errorf("top 2: %v, %v", dist, err)
	}
}

func TestSpecialTokens(t *testing.T) {
	m := openModel(t, tinyFile)
	s := m.NewSession()
	_, plain := write(t, s, "</s>", 1)
	if n := s.Stats().Prompt; n < 4 {
		t.Errorf("plain text %q of %d tokens", plain, n)
	}
	if write(t, s, "</s>", 1, ParseSpecial()); s.Stats().Prompt != 2 {
		t.Errorf("BOS and </s> are %d tokens", s.Stats().Prompt)
	}
}

// callErrors are calls that fail, whatever method of a session makes them.
func calls(s *Session, ctx context.Context, ids []int32) map[string]error {
	errs := map[string]error{}
	for _, err := range s.GenerateTokens(ctx, ids, MaxTokens(3)) {
		errs["GenerateTokens"] = err
	}
	_, errs["NextToken"] = s.NextToken(ctx, ids)
	for _, err := range s.Logits(ctx, ids, 0) {
		errs["Logits"] = err
	}
	return errs
}

func TestSessionErrors(t *testing.T) {
	m := openModel(t, tinyFile, Context(16))
	done, cancel := context.WithCancel(context.Background())
	cancel()
	closed := m.NewSession()
	closed.Close()
	closed.Close()
	for _, c := range []struct {
		name string
		s    *Session
		ctx  context.Context
		ids  []int32
		is   error
		want string
	}{
		{"too long", m.NewSession(), context.Background(), make([]int32, 17), ErrContextFull, "the context is full: 17 tokens, room for 16"},
		{"no tokens", m.NewSession(), context.Background(), nil, nil, "no tokens"},
		{"unknown token", m.NewSession(), context.Background(), []int32{1, 512}, nil, "token 512 at position 1: the vocabulary has 512"},
		{"negative token", m.NewSession(), context.Background(), []int32{-1}, nil, "token -1 at position 0"},
		{"cancelled before", m.NewSession(), done, []int32{1}, context.Canceled, "canceled"},
		{"closed", closed, context.Background(), []int32{1}, ErrClosed, "closed"},
	} {
		for method, err := range calls(c.s, c.ctx, c.ids) {
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %s: %v, want %q", c.name, method, err, c.want)
			}
		}
	}
	s := m.NewSession()
	for _, c := range []struct {
		opt  GenerateOption
		want string
	}{
		{MaxTokens(0), "max tokens 0"}, {Stop("a", ""), "a stop string is empty"}, {sample.TopP(2), "top-p 2"}, {Probabilities(-1), "probabilities -1"},
		{sample.LogitBias(9999, 1), "token 9999"}, {strange{}, "engine.strange is no option"},
	} {
		for _, err := range s.Generate(context.Background(), "Once", c.opt) {
			if err == nil || !strings.Contains(err.Error(), c.want) || s.Stats().Reason != Failed {
				t.Errorf("%v, %s, want %q", err, s.Stats().Reason, c.want)
			}
		}
	}
	for _, first := range []int{-1, 3} {
		for _, err := range s.Logits(context.Background(), []int32{1, 2, 3}, first) {
			if err == nil {
				t.Errorf("first row %d of 3: no error", first)
			}
		}
	}
}

type strange struct{}

func (strange) GenerateOption() {}

// TestNestedUse calls a session inside the loop over its generation, which would change what the loop builds on.
func TestNestedUse(t *testing.T) {
	s := openModel(t, tinyFile).NewSession()
	text := ""
	for tok, err := range s.Generate(context.Background(), "Once upon a time", sample.Greedy(), MaxTokens(20)) {
		if err != nil {
			t.Fatal(err)
		}
		text += tok.Text
		for method, err := range calls(s, context.Background(), []int32{5, 6, 7}) {
			if err == nil || !strings.Contains(err.Error(), "in use") {
				t.Fatalf("%s inside the loop: %v", method, err)
			}
		}
		if err := s.Close(); err == nil {
			t.Fatal("closed inside the loop")
		}
	}
	if !strings.HasPrefix(stories[0].text, text) {
		t.Errorf("%q after nested calls", text)
	}
}

// TestCancel cancels in the middle of a long prompt and between tokens: the call returns at once, and the session goes on to give right answers.
func TestCancel(t *testing.T) {
	m := openModel(t, tinyFile, Batch(16))
	ids := make([]int32, 2000)
	s := m.NewSession()
	for _, after := range []time.Duration{0, time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(context.Background(), after)
		_, err := s.NextToken(ctx, ids)
		if late := time.Since(deadline(ctx)); err != nil && late > 200*time.Millisecond || err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled after %v: %v, %v late", after, err, late)
		}
		cancel()
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var text strings.Builder
	var last error
	for tok, err := range s.Generate(ctx, "Once upon a time", sample.Greedy()) {
		fmt.Fprint(&text, tok)
		if last = err; s.Stats().Generated == 20 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) || s.Stats().Reason != Cancelled || s.Stats().Generated != 20 || !strings.HasPrefix(stories[0].text, text.String()) {
		t.Errorf("%v, %+v, %q", last, s.Stats(), text.String())
	}
	if _, text := write(t, s, "Once upon a time", 60); !strings.HasPrefix(stories[0].text, text) {
		t.Errorf("after a cancelled call: %q", text)
	}
}

func deadline(ctx context.Context) time.Time {
	d, _ := ctx.Deadline()
	return d
}

// TestClose closes a model while sessions work: they end with an error, and so does all that comes later.
func TestClose(t *testing.T) {
	for _, wait := range []time.Duration{0, 2 * time.Millisecond, 30 * time.Millisecond} {
		m, err := Open(tinyFile)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		var sessions []*Session
		for i := range 4 {
			s := m.NewSession()
			sessions = append(sessions, s)
			go func() {
				var last error
				for last == nil {
					for _, err := range s.GenerateTokens(context.Background(), []int32{1, int32(i) + 20}, sample.Random(), IgnoreEOG()) {
						last = err
					}
				}
				ended <- last
			}()
		}
		time.Sleep(wait)
		if err := errors.Join(m.Close(), m.Close()); err != nil {
			t.Error(err)
		}
		for range sessions {
			if err := <-ended; !errors.Is(err, ErrClosed) {
				t.Errorf("a generation ended with %v", err)
			}
		}
		for _, s := range append(sessions, m.NewSession()) {
			for method, err := range calls(s, context.Background(), []int32{1}) {
				if !errors.Is(err, ErrClosed) {
					t.Errorf("%s after Close: %v", method, err)
				}
			}
			s.Close()
		}
		if m.Info().Family != "llama" || m.Tokenizer().Len() != 512 {
			t.Errorf("after Close: %+v", m.Info())
		}
	}
}

// TestTokenDoesNotAllocate generates tokens as decode does.
func TestTokenDoesNotAllocate(t *testing.T) {
	m := openModel(t, tinyFile, fineGrain)
	s := m.NewSession()
	for _, opts := range [][]GenerateOption{
		{sample.Greedy()},
		{sample.Temperature(0.8), sample.TopK(40), sample.TopP(0.95), sample.RepeatPenalty(1.1)},
		{sample.Greedy(), Stop("a text that does not come up")},
	} {
		tokens := 0
		w, err := s.newWriter(opts, func(Token, error) bool { tokens++; return true })
		if err != nil {
			t.Fatal(err)
		}
		if err := s.prefill(context.Background(), make([]int32, 200), s.logits); err != nil {
			t.Fatal(err)
		}
		s.history = slices.Grow(s.history, 1000)
		w.most = 1
		if n := testing.AllocsPerRun(100, func() {
			s.stats.Generated = 0
			if _, err := s.decode(context.Background(), w); err != nil {
				t.Fatal(err)
			}
			if err := s.forward(context.Background(), s.history[len(s.history)-1:], s.logits); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v allocations a token", n)
		}
		if tokens < 100 {
			t.Errorf("%d tokens", tokens)
		}
	}
}
