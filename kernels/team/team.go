// Package team runs the phases of a forward pass on a few workers. A phase is a function over units of work; Do returns when every
// unit is done. Which worker does which unit is left to chance, so units must not depend on it.
//
// Between phases workers wait by reading one atomic word: an answer within a fraction of a microsecond, where waking a goroutine takes
// fifty. After about a millisecond without work they sleep, so that an idle program uses no CPU.
package team

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// MaxUnits is the greatest number of units of a phase. The rest of the word is room for claims that come too late.
const MaxUnits = 1<<31 - 1

// Team is a fixed number of workers, of which the goroutine that calls Do is the first. Do is for one goroutine at a time.
type Team struct {
	// state is units<<32 | next, the next unit to be claimed. A worker claims a unit by adding 1, and the sum it gets back says whether the
	// unit exists. A unit that exists belongs to the phase that is running, and the phase cannot end before its claimer says done: so after
	// a claim it is safe to read f. A worker that was held up and claims nothing is never waited for.
	state  atomic.Uint64
	_      line
	done   atomic.Int64 // units finished
	_      line
	closed atomic.Bool

	f        func(unit, worker int)
	sleepers []sleeper
	exited   sync.WaitGroup
	failed   atomic.Pointer[failure]
}

// line keeps counters that different workers write on cache lines of their own (two: CPUs fetch lines in pairs).
type line [128]byte

// sleeper is where one worker sleeps.
type sleeper struct {
	asleep atomic.Bool
	wake   chan struct{} // holds one token: whoever turns asleep off sends it
	_      line
}

// failure is a panic of a unit.
type failure struct {
	unit, worker int
	value        any
	stack        []byte
}

// New starts a team of n workers, at least one; n - 1 of them are goroutines, which Close ends.
func New(n int) *Team {
	t := &Team{sleepers: make([]sleeper, max(n, 1))}
	for w := 1; w < n; w++ {
		t.sleepers[w].wake = make(chan struct{}, 1)
		t.exited.Add(1)
		go t.serve(w)
	}
	return t
}

// Workers returns the number of workers, the caller of Do among them.
func (t *Team) Workers() int { return len(t.sleepers) }

// Do calls f for the units 0..units-1, each once, and returns when all of them have returned. worker, from 0 to Workers()-1, is the same
// for no two calls at a time. Do allocates nothing. After a panic in f the remaining units still run, then Do panics.
func (t *Team) Do(units int, f func(unit, worker int)) {
	if units > MaxUnits {
		panic(fmt.Sprintf("team: Do: %d units, at most %d", units, MaxUnits))
	}
	if units <= 1 || len(t.sleepers) == 1 || t.closed.Load() {
		for u := range units {
			f(u, 0)
		}
		return
	}
	t.f = f
	t.done.Store(0)
	t.state.Store(uint64(units) << 32)
	t.wakeAll()
	t.work(0)
	for w := (wait{}); t.done.Load() < int64(units); {
		w.pause()
	}
	if p := t.failed.Swap(nil); p != nil {
		panic(fmt.Sprintf("%v\n\nin unit %d on worker %d:\n%s", p.value, p.unit, p.worker, p.stack))
	}
}

// Close ends the workers. It must not be called during Do; after it Do goes on with the caller alone.
func (t *Team) Close() {
	t.closed.Store(true)
	t.wakeAll()
	t.exited.Wait()
}

// work does units until none is left to claim.
func (t *Team) work(worker int) {
	for available(t.state.Load()) {
		s := t.state.Add(1)
		unit := int(uint32(s)) - 1
		if unit >= int(s>>32) {
			return
		}
		t.call(unit, worker)
	}
}

// available says whether a unit can be claimed. It keeps claims that come too late to one a worker and phase.
func available(state uint64) bool { return uint32(state) < uint32(state>>32) }

// call does one unit, whose panic is kept for Do.
func (t *Team) call(unit, worker int) {
	defer t.done.Add(1)
	defer func() {
		if v := recover(); v != nil {
			t.failed.CompareAndSwap(nil, &failure{unit, worker, v, debug.Stack()})
		}
	}()
	t.f(unit, worker)
}

// serve is the life of a worker other than the caller.
func (t *Team) serve(worker int) {
	defer t.exited.Done()
	var w wait
	for !t.closed.Load() {
		if available(t.state.Load()) {
			t.work(worker)
			w = wait{}
		} else if w.pause() {
			t.sleep(&t.sleepers[worker])
			w = wait{}
		}
	}
}

// sleep blocks until there may be work. Do looks for sleepers after it has published its units, and a worker looks for units after it has
// announced its sleep: one of the two sees the other.
func (t *Team) sleep(s *sleeper) {
	s.asleep.Store(true)
	if (available(t.state.Load()) || t.closed.Load()) && s.asleep.CompareAndSwap(true, false) {
		return
	}
	<-s.wake
}

// wakeAll wakes the workers that sleep, without waiting for them.
func (t *Team) wakeAll() {
	for i := range t.sleepers {
		if s := &t.sleepers[i]; s.asleep.Load() && s.asleep.CompareAndSwap(true, false) {
			s.wake <- struct{}{}
		}
	}
}
