package token

import (
	"fmt"
	"hash/maphash"
	"math"
	"math/bits"
	"strings"
)

// maxMerges bounds the merge list (the largest published one has 446,189): ranks then fit into 22 bits.
const maxMerges = 1 << 22

const noRank = math.MaxUint32

// merges is the merge list of a BPE: which two neighbours become one token, and how early. Ranks count from 0, the best.
type merges struct {
	bytes  [256]int32       // token of a single byte, or -1
	pairs  [256][256]uint32 // rank of two single bytes, or noRank: the first step of every word asks only for these
	slots  []uint64         // left<<43 | right<<22 | rank, open-addressed, at most half full; free: freeSlot
	shift  uint
	seed   uint64
	result []int32 // [rank] token
}

const freeSlot = math.MaxUint64

// newMerges resolves the list by the texts of the tokens. raw is the inverse: the bytes of a token.
func newMerges(list []string, texts *index, raw []string) (*merges, error) {
	n := bits.Len(uint(2 * len(list)))
	m := &merges{
		slots: make([]uint64, 1<<n), shift: uint(64 - n), result: make([]int32, len(list)),
		seed: maphash.Bytes(maphash.MakeSeed(), nil),
	}
	for i := range m.slots {
		m.slots[i] = freeSlot
	}
	for i := range m.pairs {
		m.bytes[i] = -1
		for j := range m.pairs[i] {
			m.pairs[i][j] = noRank
		}
	}
	for id, s := range raw {
		if len(s) == 1 && texts.find(texts.texts[id]) == int32(id) {
			m.bytes[s[0]] = int32(id)
		}
	}
	err := eachMerge(list, texts, func(rank int, left, right, both int32) { m.add(left, right, both, rank) })
	if err != nil {
		return nil, err
	}
	for a, x := range m.bytes {
		for b, y := range m.bytes {
			if x >= 0 && y >= 0 {
				m.pairs[a][b] = m.rank(x, y)
			}
		}
	}
	return m, nil
}

// eachMerge calls f with the ranks of a merge list and the tokens that they name by their texts.
func eachMerge(list []string, texts *index, f func(rank int, left, right, both int32)) error {
	if len(list) > maxMerges {
		return fmt.Errorf("token: %d merges, at most %d are supported", len(list), maxMerges)
	}
	var joined []byte
	for rank, s := range list {
		// a piece may begin with a space, so the one that parts them is never the first byte
		cut := -1
		if len(s) > 0 {
			cut = strings.IndexByte(s[1:], ' ') + 1
		}
		if cut < 1 || cut == len(s)-1 {
			return fmt.Errorf("token: merge %d %q is not two pieces with a space between", rank, s)
		}
		l, r := s[:cut], s[cut+1:]
		joined = append(append(joined[:0], l...), r...)
		left, right, both := texts.find(l), texts.find(r), texts.find(string(joined))
		for _, p := range []struct {
			id   int32
			text string
		}{{left, l}, {right, r}, {both, string(joined)}} {
			if p.id < 0 {
				return fmt.Errorf("token: merge %d %q needs the token %q, which is not in the vocabulary", rank, s, p.text)
			}
		}
		f(rank, left, right, both)
	}
	return nil
}

// add keeps the first of equal pairs.
func (m *merges) add(left, right, both int32, rank int) {
	m.result[rank] = both
	if m.rank(left, right) != noRank {
		return
	}
	key := uint64(left)<<21 | uint64(right)
	i := m.home(key)
	for m.slots[i] != freeSlot {
		i = (i + 1) & (len(m.slots) - 1)
	}
	m.slots[i] = key<<22 | uint64(rank)
}

func (m *merges) home(key uint64) int {
	h := (key ^ m.seed) * 0x9e3779b97f4a7c15
	h ^= h >> 32
	return int(h * 0xd6e8feb86659fd93 >> m.shift)
}

// rank returns the rank at which two tokens merge, or noRank.
func (m *merges) rank(left, right int32) uint32 {
	key := uint64(left)<<21 | uint64(right)
	for i := m.home(key); ; i = (i + 1) & (len(m.slots) - 1) {
		slot := m.slots[i]
		if slot>>22 == key && slot != freeSlot {
			return uint32(slot & (maxMerges - 1))
		}
		if slot == freeSlot {
			return noRank
		}
	}
}

// shortWord bounds, in bytes, the words whose merges are found by looking at all pairs.
const shortWord = 32

// short appends the tokens of a word of at most shortWord bytes: the best pair merges, the leftmost of equals, until none is left.
// A byte without a token is -1.
func (m *merges) short(dst []int32, w string) []int32 {
	var ids [shortWord]int32
	var ranks [shortWord]uint32 // of the pair (i, i+1)
	n := len(w)
	for i := range n {
		ids[i] = m.bytes[w[i]]
	}
	for i := range n - 1 {
		ranks[i] = m.pairs[w[i]][w[i+1]]
	}
	for n > 1 {
		best, at := uint32(noRank), 0
		for i, r := range ranks[:n-1] {
			if r < best {
				best, at = r, i
			}
		}
		if best == noRank {
			break
		}
		ids[at] = m.result[best]
		copy(ids[at+1:n-1], ids[at+2:n])
		copy(ranks[at:n-2], ranks[at+1:n-1])
		n--
		if at > 0 {
			ranks[at-1] = m.between(ids[at-1], ids[at])
		}
		if at < n-1 {
			ranks[at] = m.between(ids[at], ids[at+1])
		}
	}
	return append(dst, ids[:n]...)
}

// between is rank for tokens that may be -1.
func (m *merges) between(left, right int32) uint32 {
	if left|right < 0 {
		return noRank
	}
	return m.rank(left, right)
}

// mergeState is the working memory of long words, one entry a byte of the word.
type mergeState struct {
	ids        []int32
	prev, next []int32  // neighbours in the list of live symbols; -1 at the ends
	ranks      []uint32 // of the pair that begins here, noRank where none does
	heap       []uint64 // rank<<32 | position; stale where ranks[position] is another
	out        []int32
}

// heaped appends the tokens of a word of any length, as short does, in O(n log n).
func (m *merges) heaped(dst []int32, w string, st *mergeState) []int32 {
	n := len(w)
	st.reset(n)
	ids, prev, next, ranks := st.ids, st.prev, st.next, st.ranks
	for i := range n {
		ids[i], prev[i], next[i], ranks[i] = m.bytes[w[i]], int32(i-1), int32(i+1), noRank
		if i+1 < n {
			if r := m.pairs[w[i]][w[i+1]]; r != noRank {
				ranks[i] = r
				st.heap = append(st.heap, uint64(r)<<32|uint64(i))
			}
		}
	}
	next[n-1] = -1
	st.heapify()
	for len(st.heap) > 0 {
		top := st.pop()
		at, rank := int32(uint32(top)), uint32(top>>32)
		if ranks[at] != rank {
			continue
		}
		gone := next[at]
		ids[at] = m.result[rank]
		next[at], ranks[gone] = next[gone], noRank
		if after := next[at]; after >= 0 {
			prev[after] = at
			st.push(m.between(ids[at], ids[after]), at)
		} else {
			ranks[at] = noRank
		}
		if before := prev[at]; before >= 0 {
			st.push(m.between(ids[before], ids[at]), before)
		}
	}
	for i := int32(0); i >= 0; i = next[i] {
		dst = append(dst, ids[i])
	}
	return dst
}

func (st *mergeState) reset(n int) {
	if cap(st.ids) < n {
		st.ids, st.prev, st.next, st.ranks = make([]int32, n), make([]int32, n), make([]int32, n), make([]uint32, n)
	}
	st.ids, st.prev, st.next, st.ranks = st.ids[:n], st.prev[:n], st.next[:n], st.ranks[:n]
	st.heap = st.heap[:0]
}

// push notes the rank of the pair that begins at a position.
func (st *mergeState) push(rank uint32, at int32) {
	st.ranks[at] = rank
	if rank == noRank {
		return
	}
	x := uint64(rank)<<32 | uint64(at)
	st.heap = append(st.heap, x)
	h, i := st.heap, len(st.heap)-1
	for i > 0 {
		up := (i - 1) / 2
		if h[up] <= x {
			break
		}
		h[i], i = h[up], up
	}
	h[i] = x
}

func (st *mergeState) pop() uint64 {
	h := st.heap
	top, last := h[0], len(h)-1
	x := h[last]
	st.heap = h[:last]
	if last > 0 {
		st.down(0, x)
	}
	return top
}

func (st *mergeState) heapify() {
	for i := len(st.heap)/2 - 1; i >= 0; i-- {
		st.down(i, st.heap[i])
	}
}

// down puts x at place i and lets it sink.
func (st *mergeState) down(i int, x uint64) {
	h := st.heap
	for {
		kid := 2*i + 1
		if kid >= len(h) {
			break
		}
		if kid+1 < len(h) && h[kid+1] < h[kid] {
			kid++
		}
		if x <= h[kid] {
			break
		}
		h[i], i = h[kid], kid
	}
	h[i] = x
}
