package cache

import "fmt"

// states are what the layers without attention keep of a sequence: as it was before the step that runs, and as it will be when the step is
// committed. A step that is given up has changed nothing. A state belongs to all tokens together: it cannot be cut, and is not shared.
type states struct {
	values [2][]float32 // [Pool.state]
	now    int          // which of them belongs to the cached tokens
}

// reserveState makes room for the states and clears that of an empty sequence. The caller holds mu.
func (s *Seq) reserveState() error {
	p := s.pool
	if p.state == 0 {
		return nil
	}
	if s.state.values[0] == nil {
		n := p.statePages()
		if p.pages+n > p.limit {
			return fmt.Errorf("%w: %d pages of %d bytes are in use, and a state takes %d", ErrFull, p.pages, p.pageBytes, n)
		}
		p.pages += n
		s.state.values = [2][]float32{make([]float32, p.state), make([]float32, p.state)}
	}
	if len(s.ids) == 0 {
		clear(s.state.values[s.state.now])
	}
	return nil
}

// freeState gives the memory of the states back. The caller holds mu.
func (s *Seq) freeState() {
	if s.state.values[0] != nil {
		s.pool.pages -= s.pool.statePages()
		s.state = states{}
	}
}

// State returns what a layer keeps of the cached tokens, and where the step that runs writes what it keeps of those and its own.
func (s *Seq) State(layer int) (before, after []float32) {
	at := &s.pool.places[layer]
	from, to := at.state, at.state+at.stateLen
	return s.state.values[s.state.now][from:to], s.state.values[s.state.now^1][from:to]
}
