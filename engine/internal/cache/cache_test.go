package cache

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/linnet-go/linnet/kernels"
)

const size = kernels.PageSize

// sequence is a Seq with what it should hold.
type sequence struct {
	*Seq
	want []int32
}

// stamps is what the tests write instead of keys and values: at each position a hash of all tokens up to it.
func stamps(ids []int32) []byte {
	h, marks := uint32(7), make([]byte, len(ids))
	for i, id := range ids {
		h = h*31 + uint32(id) + 1
		marks[i] = byte(h ^ h>>8 ^ h>>16)
	}
	return marks
}

// extend computes the tokens ids[s.Len():] as an engine does: room, keys and values, commit. Heads of all layers get the same stamps.
func (s *sequence) extend(ids []int32) error {
	n := s.Len()
	if err := s.Reserve(len(ids) - n); err != nil {
		return err
	}
	marks := stamps(ids)
	for pos := n; pos < len(ids); pos++ {
		for l, shape := range shapes {
			for h := range shape.KVHeads {
				k, v := s.Head(pos/size, l, h)
				k[pos%size], v[pos%size] = marks[pos], marks[pos]+byte(l+h)
			}
		}
	}
	s.Commit(ids[n:])
	s.want = append(s.want[:0], ids...)
	return nil
}

// check compares every position of the sequence with its stamp.
func (s *sequence) check(t *testing.T) {
	t.Helper()
	marks := stamps(s.want)
	for pos := range s.Len() {
		if s.IDs()[pos] != s.want[pos] {
			t.Fatalf("position %d holds token %d, want %d", pos, s.IDs()[pos], s.want[pos])
		}
		for l, shape := range shapes {
			for h := range shape.KVHeads {
				k, v := s.Head(pos/size, l, h)
				if w := marks[pos]; k[pos%size] != w || v[pos%size] != w+byte(l+h) {
					t.Fatalf("position %d, layer %d, head %d holds %d and %d, want %d and %d", pos, l, h, k[pos%size], v[pos%size], w, w+byte(l+h))
				}
			}
		}
	}
}

var shapes = []Shape{{KVHeads: 2, HeadDim: 8}, {}, {KVHeads: 1, HeadDim: 24}}

// TestRandomUse lets sequences share, branch, cut and grow at random under a tight limit: none ever sees what it did not write.
func TestRandomUse(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := New(kernels.CacheF16, shapes, 0, 0)
		p.limit, p.keep = 14, r.IntN(8)
		seqs := make([]*sequence, 4)
		for i := range seqs {
			seqs[i] = &sequence{Seq: p.NewSeq()}
		}
		hits, full := 0, 0
		for range 300 {
			s := seqs[r.IntN(len(seqs))]
			ids := text(r)
			own := common(s.IDs(), ids)
			n := s.Reuse(ids, len(ids)-1)
			if n < min(own, len(ids)-1) || n > len(ids)-1 {
				t.Fatalf("seed %d: Reuse = %d of %d tokens, %d of them are its own", seed, n, len(ids), own)
			}
			if n > own {
				hits++
			}
			s.want = append(s.want[:0], ids[:n]...)
			s.check(t)
			if err := s.extend(ids); errors.Is(err, ErrFull) {
				full++
				s.Free()
			} else if err != nil {
				t.Fatal(err)
			}
			for _, s := range seqs {
				s.check(t)
			}
			account(t, p, seqs)
		}
		if hits == 0 || full == 0 {
			t.Errorf("seed %d: %d hits, full %d times: the test tries too little", seed, hits, full)
		}
		for _, s := range seqs[1:] {
			s.Free()
		}
		p.Close()
		seqs[0].Free()
		if p.pages != 0 {
			t.Errorf("seed %d: %d pages left after Close", seed, p.pages)
		}
	}
}

// text is one of few beginnings, cut somewhere, and an end of its own.
func text(r *rand.Rand) []int32 {
	ids := make([]int32, 0, 5*size)
	story := int32(r.IntN(3))
	for i := range 1 + r.IntN(4*size) {
		ids = append(ids, story+int32(i%7))
	}
	for range r.IntN(size) {
		ids = append(ids, int32(r.IntN(2)))
	}
	return ids
}

func common(a, b []int32) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// account checks the number of uses of every page, and that none is lost.
func account(t *testing.T, p *Pool, seqs []*sequence) {
	t.Helper()
	uses := map[*page]int{}
	for _, s := range seqs {
		for _, g := range s.pages {
			uses[g]++
		}
	}
	for g, n := range uses {
		if g.refs != n {
			t.Fatalf("a page of %d sequences has %d uses", n, g.refs)
		}
	}
	if n := len(uses) + p.oldest.n + len(p.free); n != p.pages || n > p.limit || p.oldest.n > p.keep {
		t.Fatalf("%d pages in use, %d kept, %d free; counted %d, limit %d, keep %d", len(uses), p.oldest.n, len(p.free), p.pages, p.limit, p.keep)
	}
}

// TestShare follows one page through sharing, a cut inside it, and its return.
func TestShare(t *testing.T) {
	p := New(kernels.CacheF32, shapes, 1<<30, 1<<30)
	defer p.Close()
	ids := make([]int32, 3*size)
	for i := range ids {
		ids[i] = int32(i % 11)
	}
	for _, c := range []struct {
		name        string
		cached, ids int // tokens that a has, and that b asks for
		want        int
	}{
		{"nothing", 0, 3 * size, 0},
		{"a part of a page is not shared", size - 1, 3 * size, 0},
		{"one page", size, 3 * size, size},
		{"two pages and a part", 3*size - 1, 3 * size, 2 * size},
		{"only what leaves one token to compute", 2 * size, 2 * size, size},
	} {
		a, b := &sequence{Seq: p.NewSeq()}, &sequence{Seq: p.NewSeq()}
		salt := int32(len(c.name)) * 100
		mine := append([]int32{salt}, ids...)[:c.ids]
		if err := a.extend(mine[:c.cached]); err != nil {
			t.Fatal(err)
		}
		if got := b.Reuse(mine, len(mine)-1); got != c.want {
			t.Errorf("%s: Reuse = %d, want %d", c.name, got, c.want)
		}
		if err := b.extend(mine); err != nil {
			t.Fatal(err)
		}
		a.Reuse(mine, c.cached/2) // cut inside what may be shared, and write there
		if err := a.extend(append(append([]int32{}, mine[:c.cached/2]...), 99, 98)); err != nil {
			t.Fatal(err)
		}
		a.check(t)
		b.check(t)
		a.Free()
		b.Free()
	}
}

// TestSamePageTwice computes the same page in two sequences at once: one copy stays.
func TestSamePageTwice(t *testing.T) {
	p := New(kernels.CacheQ8_0, shapes, 1<<30, 1<<30)
	defer p.Close()
	ids := make([]int32, size)
	a, b := &sequence{Seq: p.NewSeq()}, &sequence{Seq: p.NewSeq()}
	if err := errors.Join(a.extend(ids[:5]), b.extend(ids), a.extend(ids)); err != nil {
		t.Fatal(err)
	}
	if a.pages[0] != b.pages[0] {
		t.Error("two pages with the same tokens")
	}
	account(t, p, []*sequence{a, b})
}

// TestCollision lets two texts have the same hash: they must not share.
func TestCollision(t *testing.T) {
	p := New(kernels.CacheF16, shapes, 1<<30, 1<<30)
	defer p.Close()
	a, b := &sequence{Seq: p.NewSeq()}, &sequence{Seq: p.NewSeq()}
	ones, twos := make([]int32, 2*size), make([]int32, 2*size)
	for i := range ones {
		ones[i], twos[i] = 1, 2
	}
	if err := a.extend(ones); err != nil {
		t.Fatal(err)
	}
	p.index[keyOf(0, twos[:size])] = a.pages[0]
	if n := b.Reuse(twos, len(twos)); n != 0 {
		t.Fatalf("Reuse = %d pages of another text", n)
	}
	if err := b.extend(twos); err != nil {
		t.Fatal(err)
	}
	b.check(t)
	a.check(t)
}

func TestBytes(t *testing.T) {
	p := New(kernels.CacheF16, []Shape{{KVHeads: 4, HeadDim: 64}, {KVHeads: 4, HeadDim: 64}}, 10<<20, 0)
	const page = 2 * 4 * (2 * 2 * size * 64)
	for n, want := range map[int]int64{0: 0, 1: page, size: page, size + 1: 2 * page} {
		if got := p.Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %d, want %d", n, got, want)
		}
	}
	s := p.NewSeq()
	if err := s.Reserve(size * 100); !errors.Is(err, ErrFull) {
		t.Errorf("Reserve beyond the limit: %v", err)
	}
	if got, want := fmt.Sprint(len(s.pages)), fmt.Sprint(10<<20/page); got != want {
		t.Errorf("%s pages within the limit, want %s", got, want)
	}
}

// TestState follows the state of a sequence: a step writes it anew, it counts when the step is committed, and it cannot go back.
func TestState(t *testing.T) {
	p := New(kernels.CacheF16, []Shape{{KVHeads: 1, HeadDim: 4}, {State: 3}, {State: 2}}, 1<<20, 1<<20)
	defer p.Close()
	ids := make([]int32, 200)
	s := p.NewSeq()
	step := func(n int, give float32, commit bool) {
		t.Helper()
		if err := s.Reserve(n); err != nil {
			t.Fatal(err)
		}
		for l, size := range []int{0, 3, 2} {
			before, after := s.State(l)
			if len(before) != size || len(after) != size {
				t.Fatalf("layer %d has %d and %d values, want %d", l, len(before), len(after), size)
			}
			for i := range after {
				after[i] = before[i] + give
			}
		}
		if commit {
			s.Commit(ids[s.Len() : s.Len()+n])
		}
	}
	want := func(v float32) {
		t.Helper()
		if err := s.Reserve(1); err != nil {
			t.Fatal(err)
		}
		if before, _ := s.State(2); before[0] != v || before[1] != v {
			t.Errorf("state %v, want %v", before, v)
		}
	}
	step(130, 1, true)
	step(5, 10, false) // given up
	want(1)
	step(5, 2, true)
	want(3)
	if n := s.Reuse(ids[:150], 149); n != 135 {
		t.Errorf("%d tokens of a longer text reused, want 135", n)
	}
	want(3)
	if n := p.NewSeq().Reuse(ids[:150], 149); n != 0 {
		t.Errorf("another sequence reuses %d tokens", n)
	}
	if n := s.Reuse(ids[:150], 130); n != 0 {
		t.Errorf("%d tokens reused after a cut, want 0", n)
	}
	want(0)
	s.Free()
	if p.pages != len(p.free) {
		t.Errorf("%d pages are in use, %d of them free", p.pages, len(p.free))
	}
	small := New(kernels.CacheF16, []Shape{{State: 1 << 20}}, 1<<20, 0)
	defer small.Close()
	if err := small.NewSeq().Reserve(1); !errors.Is(err, ErrFull) {
		t.Errorf("a state of 8 MB in 1 MB: %v", err)
	}
}
