package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/linnet-go/linnet/engine/internal/cache"
)

// Session is one sequence, for one goroutine at a time. Every method takes the whole text, or all ids, and computes only what follows
// the longest beginning that is cached: by this session, or by others of the model in pages of 128 tokens.
type Session struct {
	m       *Model
	seq     *cache.Seq
	req     request
	running bool // the scheduler still has req, whose caller has left
	closed  bool
	busy    atomic.Bool // a method runs

	history []int32   // the ids of the last call, and what it has generated
	logits  []float32 // [vocab] of the last token
	stats   Stats
}

// Stats tells what the last call of a session did.
type Stats struct {
	Prompt, Reused int           // tokens given, and how many of them were cached
	Generated      int           // tokens drawn
	PromptTime     time.Duration // until the first logits
	GenerateTime   time.Duration // from then on, without the time the caller took
	Reason         Reason        // why a generation ended
}

// NewSession returns an empty session.
func (m *Model) NewSession() *Session {
	s := &Session{m: m, seq: m.pool.NewSeq(), logits: make([]float32, m.arch.Vocab)}
	s.req.seq = s.seq
	s.req.done = make(chan error, 1)
	// A session that is dropped without Close gives its pages back, too. While a request runs, the scheduler keeps the session alive.
	runtime.AddCleanup(s, (*cache.Seq).Free, s.seq)
	return s
}

// Stats tells what the last call did.
func (s *Session) Stats() Stats { return s.stats }

// Close gives the session's memory back; what it has in full pages stays for other sessions while there is room. Every other method then
// returns ErrClosed. Closing again does nothing.
func (s *Session) Close() error {
	if s.closed {
		return nil
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	s.closed = true
	s.seq.Free()
	return nil
}

// enter begins a call, leave ends it. A second one at the same time, from another goroutine or from the loop over a generation, would
// change what the first one builds on.
func (s *Session) enter() error {
	if s.closed {
		return ErrClosed
	}
	if !s.busy.CompareAndSwap(false, true) {
		return errors.New("the session is in use by another call")
	}
	s.settle()
	s.stats = Stats{}
	return nil
}

func (s *Session) leave() { s.busy.Store(false) }

// settle waits for a request that was left behind by a cancelled call: one step at most.
func (s *Session) settle() {
	if s.running {
		<-s.req.done
		s.running = false
	}
}

// prefill brings the sequence to ids, of which it keeps a copy in history, and computes the logits of the last n of them into logits
// [n, vocab], n ≥ 1.
func (s *Session) prefill(ctx context.Context, ids []int32, logits []float32) error {
	if err := s.check(ids); err != nil {
		return err
	}
	s.history = append(s.history[:0], ids...)
	n := s.seq.Reuse(s.history, len(ids)-len(logits)/len(s.logits))
	s.stats.Prompt, s.stats.Reused = len(ids), n
	return s.forward(ctx, s.history[n:], logits)
}

// check refuses ids that the model cannot take.
func (s *Session) check(ids []int32) error {
	if len(ids) == 0 {
		return errors.New("no tokens: the text is empty and the vocabulary adds none")
	}
	if len(ids) > s.m.context {
		return fmt.Errorf("%w: %d tokens, room for %d", ErrContextFull, len(ids), s.m.context)
	}
	for i, id := range ids {
		if uint32(id) >= uint32(len(s.logits)) {
			return fmt.Errorf("token %d at position %d: the vocabulary has %d", id, i, len(s.logits))
		}
	}
	return nil
}

// forward computes tokens that follow the cached ones. When ctx ends it returns at once, and the session waits at its next use.
func (s *Session) forward(ctx context.Context, ids []int32, logits []float32) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.req.ids, s.req.logits = ids, logits
	if err := s.m.steps.submit(&s.req); err != nil {
		return err
	}
	select {
	case err := <-s.req.done:
		return err
	case <-ctx.Done():
		s.req.cancelled.Store(true)
		s.running = true
		return ctx.Err()
	}
}
