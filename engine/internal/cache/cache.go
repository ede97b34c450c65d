// Package cache keeps the keys and values that attention looks back at. Memory comes in pages of 128 positions that hold all layers of one
// sequence. A page that is full never changes: it goes into an index by its tokens and all tokens before it, where other sequences with
// the same beginning find it. What a page holds depends on those tokens alone, so sharing cannot change a result.
package cache

import (
	"errors"
	"fmt"
	"sync"

	"github.com/linnet-go/linnet/kernels"
)

// ErrFull says that the limit on the memory of all sequences together is reached.
var ErrFull = errors.New("the KV cache is full")

// Shape is what one layer keeps of a position.
type Shape struct {
	KVHeads int
	HeadDim int // values of a key, and of a value
	State   int // values that a layer without attention keeps of all positions together
}

// place is where a layer's heads stand in a page, in bytes: [KVHeads]{keys, values}; and where its values stand in a state.
type place struct {
	offset, keys, head int // head = bytes of keys and values of a head
	state, stateLen    int
}

// Pool owns the pages of all sequences of a model. It is safe for concurrent use; a Seq belongs to one goroutine at a time.
type Pool struct {
	Type CacheType

	places    []place // [layers]
	pageBytes int
	state     int // values of a sequence's state; 0: the model has only attention
	limit     int // pages in use or kept
	keep      int // pages without a user that are kept

	mu     sync.Mutex
	index  map[key]*page
	oldest list // full pages without a user, the one used longest ago first
	free   []*page
	pages  int    // in use, kept or free
	serial uint64 // of the last page indexed
	closed bool
}

// CacheType is how keys and values are kept.
type CacheType = kernels.CacheType

// New returns a pool for a model with the given layers. At most limit bytes are taken for pages, and at most keep bytes of pages that
// no sequence uses stay for sequences to come.
func New(t CacheType, layers []Shape, limit, keep int64) *Pool {
	p := &Pool{Type: t, index: map[key]*page{}}
	for _, l := range layers {
		at := place{offset: p.pageBytes, keys: align(t.KeyBytes(l.HeadDim))}
		at.head = at.keys + align(t.ValueBytes(l.HeadDim))
		at.state, at.stateLen = p.state, l.State
		p.state += l.State
		p.places = append(p.places, at)
		p.pageBytes += l.KVHeads * at.head
	}
	p.pageBytes = max(p.pageBytes, 64) // models without attention count tokens all the same
	p.limit = int(limit / int64(p.pageBytes))
	p.keep = int(keep / int64(p.pageBytes))
	p.oldest.init()
	return p
}

// align rounds up to whole cache lines.
func align(n int) int { return (n + 63) &^ 63 }

// Bytes returns the memory that a sequence of n positions takes.
func (p *Pool) Bytes(n int) int64 {
	return int64((n+kernels.PageSize-1)/kernels.PageSize+p.statePages()) * int64(p.pageBytes)
}

// statePages is the number of pages whose memory the two states of a sequence take.
func (p *Pool) statePages() int { return (2*4*p.state + p.pageBytes - 1) / p.pageBytes }

// Close gives all memory back, that of sequences in use as they are freed. Nothing else may be done with them.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for g := p.oldest.first(); g != nil; g = p.oldest.first() {
		p.forget(g)
		p.spare(g)
	}
	for _, g := range p.free {
		p.pages--
		kernels.Free(g.data)
	}
	p.free = nil
}

// take returns a page for one user, which writes it. The caller holds mu.
func (p *Pool) take() (*page, error) {
	if n := len(p.free); n > 0 {
		g := p.free[n-1]
		p.free = p.free[:n-1]
		g.refs = 1
		return g, nil
	}
	if p.pages >= p.limit {
		g := p.oldest.first()
		if g == nil {
			return nil, fmt.Errorf("%w: %d pages of %d bytes are in use", ErrFull, p.pages, p.pageBytes)
		}
		p.forget(g)
		g.refs = 1
		return g, nil
	}
	data, err := kernels.Alloc(p.pageBytes)
	if err != nil {
		return nil, fmt.Errorf("a page of the KV cache: %w", err)
	}
	p.pages++
	return &page{data: data, refs: 1}, nil
}

// share makes one more user of an indexed page. The caller holds mu.
func (p *Pool) share(g *page) {
	if g.refs == 0 {
		g.unlink()
		p.oldest.n--
	}
	g.refs++
}

// release ends one use of a page. The caller holds mu.
func (p *Pool) release(g *page) {
	if g.refs--; g.refs > 0 {
		return
	}
	if g.serial == 0 || p.closed {
		p.spare(g)
		return
	}
	p.oldest.push(g)
	for p.oldest.n > p.keep {
		g := p.oldest.first()
		p.forget(g)
		p.spare(g)
	}
}

// spare keeps the memory of a page that holds nothing, or gives it back if there is enough of it. The caller holds mu.
func (p *Pool) spare(g *page) {
	if p.closed || len(p.free) >= spares {
		p.pages--
		kernels.Free(g.data)
		return
	}
	p.free = append(p.free, g)
}

// spares is the number of empty pages that wait for use: a sequence that is cut and grows again shall not ask the system each time.
const spares = 4

// forget takes a page without a user out of the index. The caller holds mu.
func (p *Pool) forget(g *page) {
	g.unlink()
	p.oldest.n--
	p.unindex(g)
}
