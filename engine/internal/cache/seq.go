package cache

import (
	"github.com/linnet-go/linnet/kernels"
)

// Seq is the cached part of one sequence: its tokens from position 0 on, and their keys and values.
type Seq struct {
	pool  *Pool
	ids   []int32
	pages []*page // the last may be part filled, or empty and reserved
	state states
}

// NewSeq returns an empty sequence.
func (p *Pool) NewSeq() *Seq { return &Seq{pool: p} }

// Len returns the number of positions that are cached.
func (s *Seq) Len() int { return len(s.ids) }

// IDs returns the cached tokens, good until the sequence changes.
func (s *Seq) IDs() []int32 { return s.ids }

// Reuse cuts the sequence to what it has in common with ids, and goes on with pages that other sequences have left or share. It returns
// the number of positions that are cached now, at most limit: ids[:n] need not be computed again.
func (s *Seq) Reuse(ids []int32, limit int) int {
	ids = ids[:min(len(ids), limit)]
	n := 0
	for n < len(ids) && n < len(s.ids) && ids[n] == s.ids[n] {
		n++
	}
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state > 0 {
		if n < len(s.ids) {
			s.cut(0) // a state cannot go back
		}
		return len(s.ids)
	}
	at := n / kernels.PageSize // whole pages of our own
	found := 0
	for before, ok := s.serial(at); ok && (at+found+1)*kernels.PageSize <= len(ids); found++ {
		first := (at + found) * kernels.PageSize
		g := p.find(before, ids[first:first+kernels.PageSize])
		if g == nil {
			break
		}
		p.share(g)
		if found == 0 {
			s.cut(at * kernels.PageSize)
		}
		s.pages = append(s.pages, g)
		s.ids = append(s.ids, g.ids[:]...)
		before = g.serial
	}
	if found == 0 {
		s.cut(n)
	}
	return len(s.ids)
}

// serial returns the serial number of the page before page i, 0 for the first. ok is false if that page is not in the index.
func (s *Seq) serial(i int) (n uint64, ok bool) {
	if i == 0 {
		return 0, true
	}
	n = s.pages[i-1].serial
	return n, n != 0
}

// cut forgets the positions from n on. The caller holds mu.
func (s *Seq) cut(n int) {
	keep := (n + kernels.PageSize - 1) / kernels.PageSize
	for i := len(s.pages) - 1; i >= keep; i-- { // the last first: a page is forgotten before those that lead to it
		s.pool.release(s.pages[i])
		s.pages[i] = nil
	}
	s.pages, s.ids = s.pages[:min(keep, len(s.pages))], s.ids[:n]
}

// Reserve makes room for n more positions, which the caller may then write. On error the sequence is as before, but for room.
func (s *Seq) Reserve(n int) error {
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := s.own(); err != nil {
		return err
	}
	if err := s.reserveState(); err != nil {
		return err
	}
	for need := (len(s.ids) + n + kernels.PageSize - 1) / kernels.PageSize; len(s.pages) < need; {
		g, err := p.take()
		if err != nil {
			return err
		}
		s.pages = append(s.pages, g)
	}
	return nil
}

// own sees to it that the page with the next position, if it is part filled, is ours alone. A sequence that was cut inside a full page gets
// that page back from the index, or a copy if others use it. The caller holds mu.
func (s *Seq) own() error {
	i := len(s.ids) / kernels.PageSize
	if i >= len(s.pages) || s.pages[i].serial == 0 {
		return nil
	}
	g := s.pages[i]
	if g.refs == 1 {
		s.pool.unindex(g)
		return nil
	}
	c, err := s.pool.take()
	if err != nil {
		return err
	}
	copy(c.data, g.data)
	s.pool.release(g)
	s.pages[i] = c
	return nil
}

// Commit says that the keys and values of ids, which follow the cached tokens, have been written to the room reserved. Pages that are full
// now are shared from here on.
func (s *Seq) Commit(ids []int32) {
	full := len(s.ids) / kernels.PageSize
	s.ids = append(s.ids, ids...)
	s.state.now ^= 1
	p := s.pool
	if len(s.ids)/kernels.PageSize == full || p.state > 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for ; full < len(s.ids)/kernels.PageSize; full++ {
		if before, ok := s.serial(full); ok {
			first := full * kernels.PageSize
			s.pages[full] = p.enter(s.pages[full], before, s.ids[first:first+kernels.PageSize])
		}
	}
}

// Free forgets everything. The sequence can be used again from the start.
func (s *Seq) Free() {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	s.cut(0)
	s.freeState()
}

// Head returns the keys and the values that page i holds of one KV head of one layer.
func (s *Seq) Head(i, layer, head int) (keys, values []byte) {
	at := &s.pool.places[layer]
	b := s.pages[i].data[at.offset+head*at.head:][:at.head]
	return b[:at.keys], b[at.keys:]
}
