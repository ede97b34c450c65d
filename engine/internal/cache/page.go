package cache

import (
	"slices"

	"github.com/linnet-go/linnet/kernels"
)

// page holds kernels.PageSize positions of one or more sequences that begin alike.
type page struct {
	data []byte
	refs int // sequences that use it

	// Of a page in the index, whose data no longer changes:
	serial uint64 // 1, 2, ...; 0: not in the index
	key    key
	ids    [kernels.PageSize]int32

	prev, next *page // in Pool.oldest, while no sequence uses it
}

// key finds a page: the page before it, by serial number (0: it is the first), and a hash of its tokens. Since every full page of a
// sequence is in the index once, and the tokens of a hit are compared, a chain of pages stands for exactly one beginning of a text.
type key struct{ before, hash uint64 }

func keyOf(before uint64, ids []int32) key {
	h := uint64(14695981039346656037) // FNV-1a, a token at a time; a collision costs a comparison
	for _, id := range ids {
		h = (h ^ uint64(uint32(id))) * 1099511628211
	}
	return key{before, h}
}

// find returns the indexed page with these tokens after the page before, or nil. The caller holds mu.
func (p *Pool) find(before uint64, ids []int32) *page {
	if g := p.index[keyOf(before, ids)]; g != nil && slices.Equal(g.ids[:], ids) {
		return g
	}
	return nil
}

// enter puts a full page into the index, unless another page has its key. It returns the page to use from now on: the one that is in the
// index with the same tokens, if there is one, and otherwise g. The caller holds mu and passes on its use.
func (p *Pool) enter(g *page, before uint64, ids []int32) *page {
	if known := p.find(before, ids); known != nil {
		p.share(known)
		p.release(g)
		return known
	}
	k := keyOf(before, ids)
	if p.index[k] != nil {
		return g // a collision: this page is not shared, nor those after it
	}
	p.serial++
	g.serial, g.key = p.serial, k
	copy(g.ids[:], ids)
	p.index[k] = g
	return g
}

// unindex makes a page unknown. Pages after it cannot be found any more and are forgotten in their turn. The caller holds mu.
func (p *Pool) unindex(g *page) {
	delete(p.index, g.key)
	g.serial = 0
}

// list is a ring of pages through its own page.
type list struct {
	page
	n int
}

func (l *list) init() { l.prev, l.next = &l.page, &l.page }

func (l *list) first() *page {
	if l.n == 0 {
		return nil
	}
	return l.next
}

// push puts a page at the end.
func (l *list) push(g *page) {
	g.prev, g.next = l.prev, &l.page
	g.prev.next, l.prev = g, g
	l.n++
}

func (g *page) unlink() {
	g.prev.next, g.next.prev = g.next, g.prev
	g.prev, g.next = nil, nil
}
