package team

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestDo runs many phases of changing size: every unit once, no two calls of a worker at a time, and nothing left when Do returns.
func TestDo(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 3, 8} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			team := New(workers)
			defer team.Close()
			if got, want := team.Workers(), max(workers, 1); got != want {
				t.Fatalf("Workers() = %d, want %d", got, want)
			}
			const most = 40
			var count [most]int // plain memory: the race detector sees any missing order
			busy := make([]int, team.Workers())
			f := func(unit, worker int) {
				busy[worker]++
				if busy[worker] != 1 {
					t.Errorf("worker %d does two units at a time", worker)
				}
				count[unit]++
				busy[worker]--
			}
			for phase := range 3000 {
				units := phase % (most + 1)
				team.Do(units, f)
				for u := range count {
					if want := map[bool]int{true: 1}[u < units]; count[u] != want {
						t.Fatalf("phase %d of %d units: unit %d done %d times", phase, units, u, count[u])
					}
					count[u] = 0
				}
			}
		})
	}
}

// TestDoAfterSleep lets the workers fall asleep between phases, and checks that they do wake and share the work.
func TestDoAfterSleep(t *testing.T) {
	team := New(4)
	defer team.Close()
	for range 5 {
		waitAsleep(t, team)
		var others atomic.Int32
		deadline := time.Now().Add(10 * time.Second)
		team.Do(1000, func(_, worker int) {
			if worker != 0 {
				others.Add(1)
			}
			for worker == 0 && others.Load() == 0 && time.Now().Before(deadline) {
				runtime.Gosched()
			}
		})
		if others.Load() == 0 {
			t.Fatal("no worker woke up")
		}
	}
}

func waitAsleep(t *testing.T, team *Team) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		awake := 0
		for w := range team.sleepers[1:] {
			if !team.sleepers[w+1].asleep.Load() {
				awake++
			}
		}
		if awake == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d workers are still awake without work", awake)
		}
	}
}

// TestLateWorkers holds a worker up inside one unit: the others do the rest, and the phases after it do not wait for those who come late.
func TestLateWorkers(t *testing.T) {
	team := New(3)
	defer team.Close()
	for range 50 {
		var held atomic.Bool
		var others atomic.Int32
		team.Do(64, func(_, worker int) {
			if worker != 0 && held.CompareAndSwap(false, true) {
				for range 1000 {
					runtime.Gosched()
				}
			}
			others.Add(1)
		})
		if others.Load() != 64 {
			t.Fatalf("%d units done when Do returned, want 64", others.Load())
		}
	}
}

func TestPanic(t *testing.T) {
	team := New(4)
	defer team.Close()
	for unit := range 16 {
		var ran atomic.Int32
		got := caught(func() {
			team.Do(16, func(u, _ int) {
				ran.Add(1)
				if u == unit {
					panic("out of cheese")
				}
			})
		})
		if !strings.Contains(got, "out of cheese") || !strings.Contains(got, fmt.Sprintf("in unit %d ", unit)) || ran.Load() != 16 {
			t.Fatalf("panic in unit %d: %d units ran, caught %q", unit, ran.Load(), got)
		}
	}
	team.Do(16, func(_, _ int) {}) // the team goes on
}

func caught(f func()) (message string) {
	defer func() { message = fmt.Sprint(recover()) }()
	f()
	return ""
}

func TestClose(t *testing.T) {
	before := runtime.NumGoroutine()
	team := New(8)
	team.Do(100, func(_, _ int) {})
	team.Close()
	team.Close()
	sum := 0
	team.Do(100, func(unit, _ int) { sum += unit })
	if sum != 4950 {
		t.Errorf("after Close the units sum to %d, want 4950", sum)
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

func TestDoDoesNotAllocate(t *testing.T) {
	team := New(2)
	defer team.Close()
	var sum atomic.Int64
	f := func(unit, _ int) { sum.Add(int64(unit)) }
	if n := testing.AllocsPerRun(100, func() { team.Do(16, f) }); n != 0 {
		t.Errorf("%v allocations a phase", n)
	}
}

func TestCores(t *testing.T) {
	if n := Cores(); n < 1 || n > runtime.GOMAXPROCS(0) {
		t.Errorf("Cores() = %d, GOMAXPROCS %d", n, runtime.GOMAXPROCS(0))
	}
}

func BenchmarkDo(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			team := New(workers)
			defer team.Close()
			f := func(_, _ int) {}
			for b.Loop() {
				team.Do(2, f)
			}
		})
	}
}
