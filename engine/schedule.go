package engine

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linnet-go/linnet/engine/internal/cache"
	"github.com/linnet-go/linnet/engine/internal/layer"
)

// request asks for the forward pass of some tokens of one sequence. From submit until done it belongs to the scheduler.
type request struct {
	seq    *cache.Seq
	ids    []int32   // follow what seq holds
	logits []float32 // [n, vocab] receives the logits of the last n of them

	done      chan error  // gets one value when all tokens are in the cache, or at the first error
	cancelled atomic.Bool // nobody waits for the result any more

	run int // tokens that are done
	err error
}

// scheduler makes up the steps of a model from the requests of its sessions: the single tokens of those that decode, together with a chunk
// of the oldest prompt. One goroutine, started by the first request, does all steps.
type scheduler struct {
	m  *Model
	mu sync.Mutex

	arrived sync.Cond  // something was added to queue, or closed was set
	queue   []*request // submitted
	started bool
	closed  atomic.Bool
	ended   chan struct{}

	// Of the goroutine:
	run    *layer.Run
	active []*request // the oldest first
	spans  []layer.Span
	step   []*request // of spans
	served int        // requests that the last step finished: their sessions will soon be back
	took   time.Duration
	idle   func() bool // abandoned, bound once
}

func (s *scheduler) init(m *Model) {
	s.m = m
	s.arrived.L = &s.mu
	s.ended = make(chan struct{})
}

// submit hands a request over. The error is ErrClosed.
func (s *scheduler) submit(q *request) error {
	q.run, q.err = 0, nil
	q.cancelled.Store(false)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return ErrClosed
	}
	if !s.started {
		s.started = true
		go s.loop()
	}
	s.queue = append(s.queue, q)
	s.arrived.Signal()
	return nil
}

// close ends the step that runs and fails all requests. It returns when nothing runs any more.
func (s *scheduler) close() {
	s.mu.Lock()
	s.closed.Store(true)
	started := s.started
	s.arrived.Signal()
	s.mu.Unlock()
	if started {
		<-s.ended
	}
}

// loop is the goroutine.
func (s *scheduler) loop() {
	defer close(s.ended)
	s.run, s.idle = s.m.newRun(), s.abandoned
	for s.admit() {
		if s.compose(); len(s.step) > 0 {
			s.forward()
		}
		s.settle()
	}
	for _, q := range append(s.active, s.queue...) {
		q.done <- ErrClosed
	}
}

// admit waits for requests, and moves those that have come to active. It reports whether the model is still open.
func (s *scheduler) admit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue)+len(s.active) == 0 && !s.closed.Load() {
		s.arrived.Wait()
	}
	// Sessions that decode come back one after the other, each after it has drawn its token. A step that left without the later ones would
	// read all weights for few rows, so it waits a little: a small part of the time that a step takes.
	for deadline := time.Now().Add(min(s.took/8, longestWait)); len(s.queue) < s.served && time.Now().Before(deadline); {
		s.mu.Unlock()
		runtime.Gosched()
		s.mu.Lock()
	}
	s.active = append(s.active, s.queue...)
	clear(s.queue)
	s.queue = s.queue[:0]
	return !s.closed.Load()
}

const longestWait = 2 * time.Millisecond

// compose chooses the rows of the next step: single tokens first, then as much of the others as there is room for, the oldest first. Beside
// sessions that decode, prompts get a part of the room only, so that the former need not wait long for each token.
func (s *scheduler) compose() {
	s.spans, s.step = s.spans[:0], s.step[:0]
	room := s.m.batch
	for _, q := range s.active {
		if len(q.ids)-q.run == 1 && room > 0 && s.add(q, 1) {
			room--
		}
	}
	if len(s.step) > 0 {
		room = min(room, max(1, s.m.batch/4))
	}
	for _, q := range s.active {
		if n := min(len(q.ids)-q.run, room); n > 0 && len(q.ids)-q.run > 1 && s.add(q, n) {
			room -= n
		}
	}
}

// add puts the next n tokens of a request into the step, unless there is no memory for them.
func (s *scheduler) add(q *request, n int) bool {
	if q.cancelled.Load() {
		q.err = context.Canceled
		return false
	}
	if q.err = memoryError(q.seq.Reserve(n)); q.err != nil {
		return false
	}
	vocab := s.m.arch.Vocab
	first := len(q.ids) - len(q.logits)/vocab // the first token whose logits are wanted
	from, to := max(q.run, first), q.run+n
	span := layer.Span{Seq: q.seq, IDs: q.ids[q.run:to]}
	if from < to {
		span.Logits = q.logits[(from-first)*vocab : (to-first)*vocab]
	}
	s.spans, s.step = append(s.spans, span), append(s.step, q)
	return true
}

// forward runs the step and notes what became of its requests.
func (s *scheduler) forward() {
	start := time.Now()
	s.run.Begin(s.spans, s.idle)
	s.m.arch.Forward(s.run)
	s.took = time.Since(start)
	for i, q := range s.step {
		span := &s.spans[i]
		if q.err = s.run.Err(); q.err == nil {
			q.err = span.Err
		}
		if q.err == nil {
			q.seq.Commit(span.IDs)
			q.run += len(span.IDs)
		}
	}
}

// abandoned says that nobody waits for the step any more. All workers ask it, often.
func (s *scheduler) abandoned() bool {
	if s.closed.Load() {
		return true
	}
	for _, q := range s.step {
		if !q.cancelled.Load() {
			return false
		}
	}
	return true
}

// settle takes leave of the requests that are finished.
func (s *scheduler) settle() {
	left := s.active[:0]
	s.served = 0
	for _, q := range s.active {
		if q.err == nil && q.run < len(q.ids) {
			left = append(left, q)
			continue
		}
		s.served++
		err := q.err
		if s.closed.Load() && err != nil {
			err = ErrClosed
		}
		q.done <- err
	}
	clear(s.active[len(left):])
	s.active = left
}
