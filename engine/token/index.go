package token

import (
	"hash/maphash"
	"math/bits"
)

// index finds the token with a given text. It is an open-addressed table at most half full; the seed keeps a file from choosing
// texts that collide.
type index struct {
	seed  maphash.Seed
	texts []string // [vocab]
	slots []uint64 // upper half of the hash | id+1; 0: free
	mask  uint64
	long  int // bytes of the longest text
}

// newIndex indexes the tokens that keep accepts and that have a text. Of equal texts the first is found.
func newIndex(texts []string, keep func(id int) bool) *index {
	x := emptyIndex(texts)
	for id, s := range texts {
		if s != "" && keep(id) {
			x.add(int32(id))
		}
	}
	return x
}

func emptyIndex(texts []string) *index {
	size := 1 << bits.Len(uint(2*len(texts)))
	return &index{seed: maphash.MakeSeed(), texts: texts, slots: make([]uint64, size), mask: uint64(size - 1)}
}

// add indexes a token and returns it, or the one that has its text already.
func (x *index) add(id int32) int32 {
	s := x.texts[id]
	x.long = max(x.long, len(s))
	h := maphash.String(x.seed, s)
	i := h & x.mask
	for ; x.slots[i] != 0; i = (i + 1) & x.mask {
		if slot := x.slots[i]; slot>>32 == h>>32 && x.texts[uint32(slot)-1] == s {
			return int32(uint32(slot)) - 1
		}
	}
	x.slots[i] = h>>32<<32 | uint64(id+1)
	return id
}

// find returns the id of the token with this text, or -1.
func (x *index) find(s string) int32 {
	if len(s) > x.long {
		return -1
	}
	h := maphash.String(x.seed, s)
	for i := h & x.mask; x.slots[i] != 0; i = (i + 1) & x.mask {
		if slot := x.slots[i]; slot>>32 == h>>32 {
			if id := int32(uint32(slot)) - 1; x.texts[id] == s {
				return id
			}
		}
	}
	return -1
}
