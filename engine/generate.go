package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/linnet-go/linnet/engine/sample"
	"github.com/linnet-go/linnet/engine/token"
)

// Token is a generated token.
type Token struct {
	ID   int32  // -1 for a last piece of text that had been held back
	Text string // what became readable with this token: whole characters, and nothing that may belong to a stop string; it can be empty
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

func (s *Session) newGeneration(opts []GenerateOption) (*generation, error) {
	g := &generation{}
	for _, o := range opts {
		switch o := o.(type) {
		case generateOption:
			if err := o(g); err != nil {
				return nil, err
			}
		case sample.Option:
			g.sampling = append(g.sampling, o)
		default:
			return nil, fmt.Errorf("%T is no option of a generation", o)
		}
	}
	if g.ignoreEOG {
		for id := range int32(s.m.tok.Len()) {
			if s.m.tok.IsEOG(id) {
				g.sampling = append(g.sampling, sample.LogitBias(id, float32(math.Inf(-1))))
			}
		}
	}
	return g, nil
}

// Generate yields the tokens that the model writes after a text, as they are drawn. Without options each is drawn from the model's own
// distribution until the model ends its text. The loop ends with an error after what came before it, or without one for the Reason that
// Stats then tells: a full context is a Reason, a prompt that does not fit is an ErrContextFull.
func (s *Session) Generate(ctx context.Context, prompt string, opts ...GenerateOption) iter.Seq2[Token, error] {
	return func(yield func(Token, error) bool) {
		g, err := s.newGeneration(opts)
		if err != nil {
			yield(Token{ID: -1}, err)
			return
		}
		s.generate(ctx, s.m.tok.Encode(prompt, token.Options{AddSpecial: true, ParseSpecial: g.parseSpecial}), g, yield)
	}
}

// GenerateTokens is Generate after the given ids, which are taken as they are.
func (s *Session) GenerateTokens(ctx context.Context, ids []int32, opts ...GenerateOption) iter.Seq2[Token, error] {
	return func(yield func(Token, error) bool) {
		g, err := s.newGeneration(opts)
		if err != nil {
			yield(Token{ID: -1}, err)
			return
		}
		s.generate(ctx, ids, g, yield)
	}
}

// generate is the loop of a generation.
func (s *Session) generate(ctx context.Context, ids []int32, g *generation, yield func(Token, error) bool) {
	s.stats = Stats{Reason: Failed}
	w, err := newWriter(s.m.tok, g, yield)
	if err == nil {
		start := time.Now()
		s.history = append(s.history[:0], ids...)
		err = s.prefill(ctx, s.history, s.logits)
		s.stats.PromptTime = time.Since(start)
	}
	if err == nil {
		s.stats.Reason, err = s.decode(ctx, g, w)
	}
	if err != nil && errors.Is(err, ctx.Err()) {
		s.stats.Reason = Cancelled
	}
	w.end(s.stats.Reason, err)
}

// decode draws tokens until there is a reason to end.
func (s *Session) decode(ctx context.Context, g *generation, w *writer) (Reason, error) {
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
		if reason := w.write(id); reason != "" {
			return reason, nil
		}
		switch {
		case s.stats.Generated == g.most:
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

// writer turns ids into the tokens that the caller gets.
type writer struct {
	sampler *sample.Sampler
	stream  *token.Stream
	stop    *stopper
	yield   func(Token, error) bool
}

func newWriter(tok *token.Tokenizer, g *generation, yield func(Token, error) bool) (*writer, error) {
	w := &writer{stream: tok.Stream(false), yield: yield}
	var err error
	if w.stop, err = newStopper(g.stops); err == nil {
		w.sampler, err = sample.New(g.sampling...)
	}
	return w, err
}

// write hands a token out. It returns the reason to end, if there is one.
func (w *writer) write(id int32) Reason {
	text, found := w.stop.push(w.stream.Push(id))
	if !w.yield(Token{id, text}, nil) {
		return Abandoned
	}
	if found {
		return StopString
	}
	return ""
}

// end hands out what was held back, and the error.
func (w *writer) end(reason Reason, err error) {
	if reason == Abandoned {
		return
	}
	if w.stop != nil && reason != StopString {
		shown, found := w.stop.push(w.stream.Flush())
		if !found {
			shown += w.stop.flush()
		}
		if shown != "" && !w.yield(Token{-1, shown}, nil) {
			return
		}
	}
	if err != nil {
		w.yield(Token{ID: -1}, err)
	}
}
