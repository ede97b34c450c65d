package main

import (
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// shows says whether progress is shown at all.
func (a *app) shows() bool { return !a.quiet && isTerminal(a.err) }

// waiting shows on a terminal that something goes on that has taken a second so far. done ends that; it may be called again.
func (a *app) waiting(what string) (done func()) {
	if !a.shows() {
		return func() {}
	}
	return spin(a.err, what, time.Second)
}

// spin shows a spinner with the elapsed time on w from a delay on, until done is called.
func spin(w io.Writer, what string, delay time.Duration) (done func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-end:
			return
		case <-time.After(delay):
		}
		bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
			progressbar.OptionSpinnerType(14), progressbar.OptionClearOnFinish())
		// The bar writes to a terminal that may be gone; nothing depends on it.
		for {
			_ = bar.Add(1)
			select {
			case <-end:
				_ = bar.Finish()
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(end)
		<-ended
	})
}
