package token

import (
	"cmp"
	"hash/maphash"
	"math/bits"
	"slices"
	"strings"
)

// pairTable says which two neighbouring symbols join. A piece has at most one entry: when it appears inside a text,
// the joins within it were made in the order in which they are made when it stands alone, since the best join of the
// whole text is the best of any part that holds it. So its last join is always the same two symbols, and two others
// that spell the same piece never get their turn. A piece that does not come out of its own text never appears.
type pairTable struct {
	slots []pairSlot // open-addressed, at most half full
	shift uint
	seed  uint64 // keeps a file from choosing pairs that collide
}

type pairSlot struct {
	left, right int32
	piece       int32  // 0 with rank 0: free
	rank        uint32 // order of the scores from 1, the best; equal scores have equal ranks
}

func newPairTable(pieces int) pairTable {
	n := bits.Len(uint(2 * pieces))
	return pairTable{slots: make([]pairSlot, 1<<n), shift: uint(64 - n), seed: maphash.Bytes(maphash.MakeSeed(), nil)}
}

func (p *pairTable) home(left, right int32) int {
	h := (uint64(left)<<32 | uint64(right)) ^ p.seed
	h *= 0x9e3779b97f4a7c15
	h ^= h >> 32
	return int(h * 0xd6e8feb86659fd93 >> p.shift)
}

func (p *pairTable) add(s pairSlot) {
	i := p.home(s.left, s.right)
	for p.slots[i].rank != 0 {
		i = (i + 1) & (len(p.slots) - 1)
	}
	p.slots[i] = s
}

// find returns the piece that two neighbours join to and its rank, or noRank.
func (p *pairTable) find(left, right int32) (piece int32, rank uint32) {
	for i := p.home(left, right); ; i = (i + 1) & (len(p.slots) - 1) {
		s := &p.slots[i]
		if s.left == left && s.right == right && s.rank != 0 {
			return s.piece, s.rank
		}
		if s.rank == 0 {
			return 0, noRank
		}
	}
}

// shortChunk bounds, in symbols, the chunks whose joins are found by looking at all pairs.
const shortChunk = 40

// merge joins the symbols of a chunk, in its memory, and returns what is left.
func (p *pairTable) merge(chunk []int32, st *mergeState) []int32 {
	if len(chunk) > shortChunk {
		return p.mergeLong(chunk, st)
	}
	var pieces [shortChunk]int32 // of the pair (i, i+1)
	var ranks [shortChunk]uint32
	n := len(chunk)
	for i := range n - 1 {
		pieces[i], ranks[i] = p.find(chunk[i], chunk[i+1])
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
		chunk[at] = pieces[at]
		copy(chunk[at+1:n-1], chunk[at+2:n])
		copy(pieces[at:n-2], pieces[at+1:n-1])
		copy(ranks[at:n-2], ranks[at+1:n-1])
		n--
		if at > 0 {
			pieces[at-1], ranks[at-1] = p.find(chunk[at-1], chunk[at])
		}
		if at < n-1 {
			pieces[at], ranks[at] = p.find(chunk[at], chunk[at+1])
		}
	}
	return chunk[:n]
}

// mergeLong does what merge does in O(n log n).
func (p *pairTable) mergeLong(chunk []int32, st *mergeState) []int32 {
	n := len(chunk)
	st.reset(n)
	ids, prev, next, ranks := st.ids, st.prev, st.next, st.ranks
	copy(ids, chunk)
	for i := range n {
		prev[i], next[i], ranks[i] = int32(i-1), int32(i+1), noRank
		if i+1 < n {
			if _, r := p.find(ids[i], ids[i+1]); r != noRank {
				ranks[i] = r
				st.heap = append(st.heap, uint64(r)<<32|uint64(i))
			}
		}
	}
	next[n-1] = -1
	st.heapify()
	for len(st.heap) > 0 {
		top := st.pop()
		at := int32(uint32(top))
		if ranks[at] != uint32(top>>32) {
			continue
		}
		gone := next[at]
		ids[at], _ = p.find(ids[at], ids[gone])
		next[at], ranks[gone], ranks[at] = next[gone], noRank, noRank
		if after := next[at]; after >= 0 {
			prev[after] = at
			_, r := p.find(ids[at], ids[after])
			st.push(r, at)
		}
		if before := prev[at]; before >= 0 {
			_, r := p.find(ids[before], ids[at])
			st.push(r, before)
		}
	}
	left := chunk[:0]
	for i := int32(0); i >= 0; i = next[i] {
		left = append(left, ids[i])
	}
	return left
}

// learnChars gives symbols to the characters that are pieces.
func (s *spm) learnChars(v *Vocab) {
	s.chars = newCharTable()
	for id, text := range v.Tokens {
		if !s.joins(v, id) {
			continue
		}
		if value, n := charOf(text); n == len(text) && s.chars.find(value) < 0 {
			s.chars.add(value, int32(id))
		}
	}
}

// learnMerges fills the tables from a list of merges.
func (s *spm) learnMerges(v *Vocab, texts *index) error {
	s.pairs = newPairTable(len(v.Merges))
	return eachMerge(v.Merges, texts, func(rank int, left, right, both int32) {
		if _, r := s.pairs.find(left, right); r == noRank {
			s.meet(v.Tokens[both])
			s.pairs.add(pairSlot{left, right, both, uint32(rank) + 1})
		}
	})
}

// learn fills the tables from the pieces of a vocabulary and their scores.
func (s *spm) learn(v *Vocab) {
	var order []int32                       // pieces of two characters and more
	lengths := make([]int32, len(v.Tokens)) // [vocab] in characters
	for id, text := range v.Tokens {
		if s.joins(v, id) {
			if lengths[id] = s.meet(text); lengths[id] > 1 {
				order = append(order, int32(id))
			}
		}
	}
	// A piece is joined from shorter ones, so they have to be known before it.
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(lengths[a], lengths[b]) })
	ranks := scoreRanks(v.Scores)
	s.pairs = newPairTable(len(order))
	var st spmState
	for _, id := range order {
		st.chunk = st.chunk[:0]
		for text := v.Tokens[id]; text != ""; {
			value, n := charOf(text)
			st.chunk, text = append(st.chunk, s.chars.find(value)), text[n:]
		}
		if left := s.pairs.merge(st.chunk, &st.long); len(left) == 2 {
			s.pairs.add(pairSlot{left[0], left[1], id, ranks[id]})
		}
	}
}

// joins says whether a token is a piece that a text can be joined to. One with a space is not: texts have its mark.
func (s *spm) joins(v *Vocab, id int) bool {
	return v.plain(id) && strings.IndexByte(v.Tokens[id], ' ') < 0
}

// meet gives symbols to the characters of a piece, notes which ones it holds side by side, and counts them.
func (s *spm) meet(text string) (count int32) {
	var last byte
	for text != "" {
		value, n := charOf(text)
		if s.chars.find(value) < 0 {
			s.chars.add(value, s.vocab+int32(len(s.extra)))
			s.extra = append(s.extra, text[:n])
		}
		now := charClass(value, text[0])
		if count > 0 {
			s.joint.set(last, now)
		}
		last, text = now, text[n:]
		count++
	}
	return count
}

// scoreRanks numbers the scores from 1, the greatest; equal scores get equal numbers.
func scoreRanks(scores []float32) []uint32 {
	order := make([]int32, len(scores))
	for id := range order {
		order[id] = int32(id)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(scores[b], scores[a]) })
	ranks := make([]uint32, len(scores))
	rank := uint32(0)
	for i, id := range order {
		if i == 0 || scores[order[i-1]] != scores[id] {
			rank++
		}
		ranks[id] = rank
	}
	return ranks
}
