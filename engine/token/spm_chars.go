package token

import (
	"hash/maphash"
	"math/bits"
)

// A character, for SentencePiece BPE, is as many bytes as its first byte promises, or what is left of the text: in
// broken UTF-8 too, where it may hold the beginning of the next one. Its value is its bytes as a big-endian number.
// A space is the same character as its mark.

// charLen is the length in bytes that the upper four bits of a first byte promise.
const charLen = "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x02\x02\x03\x04"

const markValue = 0xE29681 // of "▁"

// charOf reads the character at the start of a text, not empty.
func charOf(text string) (value uint32, n int) {
	n = min(int(charLen[text[0]>>4]), len(text))
	for i := range n {
		value = value<<8 | uint32(text[i])
	}
	if value == ' ' {
		value = markValue
	}
	return value, n
}

// charClass sorts characters roughly, for joints: ASCII by themselves, the space mark as a space, others by their first byte.
func charClass(value uint32, first byte) byte {
	if value == markValue {
		return ' '
	}
	return first
}

// joints says which classes of characters stand side by side, in this order, in some piece.
type joints [256][4]uint64

func (j *joints) set(left, right byte) { j[left][right>>6] |= 1 << (right & 63) }

func (j *joints) has(left, right byte) bool { return j[left][right>>6]>>(right&63)&1 != 0 }

// charTable gives characters their symbols.
type charTable struct {
	ascii [128]int32 // -1: none
	slots []charSlot // the others, open-addressed, at most half full
	used  int
	seed  uint64 // keeps a file from choosing characters that collide
}

type charSlot struct {
	value  uint32 // 0: free
	symbol int32
}

func newCharTable() charTable {
	t := charTable{slots: make([]charSlot, 256), seed: maphash.Bytes(maphash.MakeSeed(), nil)}
	for i := range t.ascii {
		t.ascii[i] = -1
	}
	return t
}

// slot returns where the value stands or belongs.
func (t *charTable) slot(value uint32) *charSlot {
	h := (uint64(value) ^ t.seed) * 0x9e3779b97f4a7c15
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	i := int(h >> (65 - bits.Len(uint(len(t.slots)))))
	for t.slots[i].value != value && t.slots[i].value != 0 {
		i = (i + 1) & (len(t.slots) - 1)
	}
	return &t.slots[i]
}

// find returns the symbol of a character, or -1.
func (t *charTable) find(value uint32) int32 {
	if value < 128 {
		return t.ascii[value]
	}
	if s := t.slot(value); s.value != 0 {
		return s.symbol
	}
	return -1
}

// add gives a character that has none a symbol.
func (t *charTable) add(value uint32, symbol int32) {
	if value == markValue {
		t.ascii[' '] = symbol
	}
	if value < 128 {
		t.ascii[value] = symbol
		return
	}
	if t.used++; 2*t.used > len(t.slots) {
		old := t.slots
		t.slots = make([]charSlot, 2*len(old))
		for _, s := range old {
			if s.value != 0 {
				*t.slot(s.value) = s
			}
		}
	}
	*t.slot(value) = charSlot{value, symbol}
}
