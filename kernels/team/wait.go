package team

import (
	"runtime"
	"time"
)

// How long a wait goes on in each way. The loop of reads is short, since the next phase is mostly less than a microsecond away; other
// goroutines get their turn soon, other programs after 10 µs: on a busy machine a worker that kept its core would hold up the very
// thread it waits for.
const (
	readsFirst  = 1000 // about 1 µs of reads
	readsAfter  = 100  // between two turns of others
	yieldAfter  = 10 * time.Microsecond
	asleepAfter = time.Millisecond
)

// wait is how long one wait has lasted. Its zero value is a wait that begins.
type wait struct {
	reads int
	since time.Time
}

// pause passes a moment, the longer the longer the wait has lasted. It reports whether the wait has come to the point of sleep.
func (w *wait) pause() bool {
	if w.reads++; w.reads < readsFirst || w.reads%readsAfter != 0 {
		return false
	}
	now := time.Now()
	if w.since.IsZero() {
		w.since = now
	}
	waited := now.Sub(w.since)
	if waited > yieldAfter {
		yield()
	}
	runtime.Gosched()
	return waited > asleepAfter
}
