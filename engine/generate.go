package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/linnet-go/linnet/engine/sample"
	"github.com/linnet-go/linnet/engine/token"
)

// Token is a generated token.
type Token struct {
	ID   int32         // -1 for a last piece of text that had been held back
	Text string        // what became readable with this token: whole characters, and nothing that may belong to a stop string; it can be empty
	P    float64       // with the option Probabilities: how likely the token was in the model's own distribution
	Top  []sample.Prob // with the option Probabilities: the most likely tokens of that distribution
}

// String returns the text, so that tokens can be printed one after the other.
func (t Token) String() string { return t.Text }

// Reason is why a generation ended.
type Reason string

const (
	EndOfGeneration Reason = "eog"       // the model ended its text
	MaxTokensDone   Reason = "length"    // MaxTokens was reached
	StopString      Reason = "stop"      // a stop string came up
	ContextFull     Reason = "context"   // no room for more tokens
	Cancelled       Reason = "cancelled" // the context was cancelled
	Failed          Reason = "error"     // an error was returned
	Abandoned       Reason = "abandoned" // the caller left the loop
)

// GenerateOption is a setting of a generation: one of this package, or a sample.Option.
type GenerateOption interface{ GenerateOption() }

type generateOption func(*generation) error

func (generateOption) GenerateOption() {}

// generation is what the options say.
type generation struct {
	most         int // tokens; 0: no limit but the context
	stops        []string
	ignoreEOG    bool
	parseSpecial bool
	top          int // -1: no probabilities
	sampling     []sample.Option
}

// MaxTokens ends a generation after n tokens, n ≥ 1.
func MaxTokens(n int) GenerateOption {
	return generateOption(func(g *generation) error {
		g.most = n
		return inRange("max tokens", n, 1, math.MaxInt32)
	})
}

// Stop ends a generation where one of these strings comes up, which is not part of the text.
func Stop(texts ...string) GenerateOption {
	return generateOption(func(g *generation) error {
		g.stops = append(g.stops, texts...)
		return nil
	})
}

// IgnoreEOG never draws the tokens that end a text.
func IgnoreEOG() GenerateOption {
	return generateOption(func(g *generation) error {
		g.ignoreEOG = true
		return nil
	})
}

// ParseSpecial recognises special tokens that are written out in the prompt, such as <|eot_id|>. Otherwise they are plain text.
func ParseSpecial() GenerateOption {
	return generateOption(func(g *generation) error {
		g.parseSpecial = true
		return nil
	})
}

// Probabilities gives with each token its probability in the model's own distribution, before all options of package sample, and the n most
// likely tokens of that distribution, n ≥ 0.
func Probabilities(n int) GenerateOption {
	return generateOption(func(g *generation) error {
		g.top = n
		return inRange("probabilities", n, 0, math.MaxInt32)
	})
}

// apply sets what the options say.
func (g *generation) apply(opts []GenerateOption, tok *token.Tokenizer) error {
	g.top = -1
	for _, o := range opts {
		switch o := o.(type) {
		case generateOption:
			if err := o(g); err != nil {
				return err
			}
		case sample.Option:
			g.sampling = append(g.sampling, o)
		default:
			return fmt.Errorf("%T is no option of a generation", o)
		}
	}
	if g.ignoreEOG {
		for id := range int32(tok.Len()) {
			if tok.IsEOG(id) {
				g.sampling = append(g.sampling, sample.LogitBias(id, float32(math.Inf(-1))))
			}
		}
	}
	return nil
}

// Generate yields the tokens that the model writes after a text, as they are drawn. Without options each is drawn from the model's own
// distribution until the model ends its text. The loop ends with an error after what came before it, or without one for the Reason that
// Stats then tells: a full context is a Reason, a prompt that does not fit is an ErrContextFull.
func (s *Session) Generate(ctx context.Context, prompt string, opts ...GenerateOption) iter.Seq2[Token, error] {
	return func(yield func(Token, error) bool) {
		s.generate(ctx, opts, yield, func(g *generation) []int32 {
			return s.m.tok.Encode(prompt, token.Options{AddSpecial: true, ParseSpecial: g.parseSpecial})
		})
	}
}

// GenerateTokens is Generate after the given ids, which are taken as they are.
func (s *Session) GenerateTokens(ctx context.Context, ids []int32, opts ...GenerateOption) iter.Seq2[Token, error] {
	return func(yield func(Token, error) bool) {
		s.generate(ctx, opts, yield, func(*generation) []int32 { return ids })
	}
}

// generate is a generation after the ids of prompt.
func (s *Session) generate(ctx context.Context, opts []GenerateOption, yield func(Token, error) bool, prompt func(*generation) []int32) {
	if err := s.enter(); err != nil {
		yield(Token{ID: -1}, err)
		return
	}
	defer s.leave()
	s.stats.Reason = Failed
	w, err := s.newWriter(opts, yield)
	if err == nil {
		start := time.Now()
		err = s.prefill(ctx, prompt(&w.generation), s.logits)
		s.stats.PromptTime = time.Since(start)
	}
	if err == nil {
		s.stats.Reason, err = s.decode(ctx, w)
	}
	if err != nil && errors.Is(err, ctx.Err()) {
		s.stats.Reason = Cancelled
	}
	w.end(s.stats.Reason, err)
}

// decode draws tokens until there is a reason to end.
func (s *Session) decode(ctx context.Context, w *writer) (Reason, error) {
	for {
		start := time.Now()
		id, err := w.sampler.Sample(s.logits, s.history)
		s.stats.GenerateTime += time.Since(start)
		if err != nil {
			return Failed, err
		}
		if s.m.tok.IsEOG(id) {
			return EndOfGeneration, nil
		}
		s.stats.Generated++
		s.history = append(s.history, id)
		if reason, err := w.write(id, s.logits); reason != "" {
			return reason, err
		}
		switch {
		case s.stats.Generated == w.most:
			return MaxTokensDone, nil
		case len(s.history) > s.m.context:
			return ContextFull, nil
		}
		start = time.Now()
		err = s.forward(ctx, s.history[len(s.history)-1:], s.logits)
		s.stats.GenerateTime += time.Since(start)
		if err != nil {
			return Failed, err
		}
	}
}

// writer draws tokens and turns them into what the caller gets.
type writer struct {
	generation
	sampler *sample.Sampler
	plain   *sample.Sampler // of the model's own distribution, if that is wanted
	stream  *token.Stream
	stop    stopper
	yield   func(Token, error) bool
}

func (s *Session) newWriter(opts []GenerateOption, yield func(Token, error) bool) (w *writer, err error) {
	w = &writer{stream: s.m.tok.Stream(false), yield: yield}
	if err := w.apply(opts, s.m.tok); err != nil {
		return w, err
	}
	if w.stop.stops = w.stops; slices.Contains(w.stops, "") {
		return w, errors.New("a stop string is empty")
	}
	if w.top >= 0 {
		if w.plain, err = sample.New(); err != nil {
			return w, err
		}
	}
	w.sampler, err = sample.New(w.sampling...)
	return w, err
}

// write hands out a token that was drawn from logits. It returns the reason to end, if there is one.
func (w *writer) write(id int32, logits []float32) (Reason, error) {
	t := Token{ID: id}
	if w.plain != nil {
		all, err := w.plain.Distribution(logits, nil)
		if err != nil {
			return Failed, err
		}
		if i := slices.IndexFunc(all, func(p sample.Prob) bool { return p.ID == id }); i >= 0 {
			t.P = all[i].P
		}
		t.Top = all[:min(w.top, len(all))]
	}
	var found bool
	t.Text, found = w.stop.push(w.stream.Push(id))
	if !w.yield(t, nil) {
		return Abandoned, nil
	}
	if found {
		return StopString, nil
	}
	return "", nil
}

// end hands out what was held back, and the error.
func (w *writer) end(reason Reason, err error) {
	if reason == Abandoned {
		return
	}
	if reason != StopString {
		shown, found := w.stop.push(w.stream.Flush())
		if !found {
			shown += w.stop.flush()
		}
		if shown != "" && !w.yield(Token{ID: -1, Text: shown}, nil) {
			return
		}
	}
	if err != nil {
		w.yield(Token{ID: -1}, err)
	}
}
