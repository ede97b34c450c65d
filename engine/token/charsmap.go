package token

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// charsMap is the normalizer of a SentencePiece model: a table of byte sequences with what stands in their place.
//
// Its form in a file: the size in bytes of a trie, the trie, and the replacements, each ended by a zero byte. The
// trie is a double array of 32-bit words as darts-clone makes it; all numbers are little-endian. A word holds
//
//	bits 0-7 label   bit 8 a sequence ends here   bits 10-30 distance to the children, << 8 if bit 9   bit 31 value
//
// The child of node i by byte c is at i XOR distance(i) XOR c and has the label c. If a sequence ends at node i, the
// word at i XOR distance(i) is a value: bits 0-30 are where its replacement begins.
type charsMap struct {
	trie         []uint32 // empty: nothing is replaced
	replacements string
	alone        [128]bool // no sequence begins with this ASCII character and holds nothing but ASCII
}

// What is read of a map, in bytes. Unicode's longest replacement, of U+FDFA, has 33, its longest sequence here 10; the
// limits bound how much a text can grow and how long a look-up can take in a trie that runs in circles.
const (
	maxReplacement = 64
	maxSequence    = 64
)

func newCharsMap(file []byte) (*charsMap, error) {
	m := new(charsMap)
	if len(file) > 0 {
		if err := m.read(file); err != nil {
			return nil, fmt.Errorf("token: precompiled_charsmap: %w", err)
		}
	}
	for c := range m.alone {
		m.alone[c] = m.isAlone(byte(c))
	}
	return m, nil
}

// read takes the tables from a file and checks them, so that no text leads out of them.
func (m *charsMap) read(file []byte) error {
	if len(file) < 4 {
		return fmt.Errorf("%d bytes, need 4 for the size of the trie", len(file))
	}
	size := binary.LittleEndian.Uint32(file)
	file = file[4:]
	if uint64(size) > uint64(len(file)) || size%4 != 0 || size == 0 {
		return fmt.Errorf("a trie of %d bytes, need a multiple of 4 in the %d left", size, len(file))
	}
	m.trie = make([]uint32, size/4)
	for i := range m.trie {
		m.trie[i] = binary.LittleEndian.Uint32(file[4*i:])
	}
	m.replacements = string(file[size:])
	for rest := m.replacements; rest != ""; {
		var r string
		if r, rest, _ = strings.Cut(rest, "\x00"); len(r) > maxReplacement {
			return fmt.Errorf("a replacement of %d bytes, at most %d are supported", len(r), maxReplacement)
		}
	}
	for i, word := range m.trie {
		if word>>31 != 0 || word>>8&1 == 0 {
			continue
		}
		value := uint32(i) ^ distance(word)
		if uint64(value) >= uint64(len(m.trie)) || m.trie[value]>>31 == 0 {
			return fmt.Errorf("word %d of the trie has no value at %d", i, value)
		}
		if at := m.trie[value] &^ (1 << 31); uint64(at) >= uint64(len(m.replacements)) {
			return fmt.Errorf("word %d of the trie has its replacement at byte %d of %d", i, at, len(m.replacements))
		}
	}
	return nil
}

func distance(word uint32) uint32 { return word >> 10 << (word >> 6 & 8) }

// step returns the child of a node by a byte.
func (m *charsMap) step(node uint32, c byte) (uint32, bool) {
	next := node ^ distance(m.trie[node]) ^ uint32(c)
	// The label of a value has bit 31; a zero byte ends sequences and is in none.
	ok := uint64(next) < uint64(len(m.trie)) && m.trie[next]&(1<<31|0xFF) == uint32(c) && c != 0
	return next, ok
}

func (m *charsMap) isAlone(c byte) bool {
	if len(m.trie) == 0 {
		return true
	}
	node, ok := m.step(0, c)
	if !ok {
		return true
	}
	for next := range byte(utf8.RuneSelf) {
		if _, ok := m.step(node, next); ok {
			return false
		}
	}
	return m.trie[node]>>8&1 == 0
}

// find returns what stands in place of the first n bytes of a text: the longest sequence that the text begins with, or
// the shortest. n is 0 where there is none.
func (m *charsMap) find(text string, shortest bool) (replacement string, n int) {
	if len(m.trie) == 0 {
		return "", 0
	}
	var value uint32
	node, ok := uint32(0), false
	for i := range min(len(text), maxSequence) {
		if node, ok = m.step(node, text[i]); !ok {
			break
		}
		if word := m.trie[node]; word>>8&1 != 0 {
			value, n = m.trie[node^distance(word)]&^(1<<31), i+1
			if shortest {
				break
			}
		}
	}
	if n > 0 {
		replacement, _, _ = strings.Cut(m.replacements[value:], "\x00")
	}
	return replacement, n
}

// append appends a text normalized as SentencePiece does: from left to right, the longest sequences first.
func (m *charsMap) append(dst []byte, text string) []byte {
	for i := 0; i < len(text); {
		if m.copies(text[i:]) {
			dst = append(dst, text[i])
			i++
			continue
		}
		r, n := m.find(text[i:], false)
		if n > 0 {
			dst = append(dst, r...)
		} else {
			dst, n = appendChar(dst, text[i:])
		}
		i += n
	}
	return dst
}

// copies says that a text begins with an ASCII character that stands for itself.
func (m *charsMap) copies(text string) bool {
	c := text[0]
	return c < utf8.RuneSelf && m.alone[c] && (len(text) == 1 || text[1] < utf8.RuneSelf)
}

// appendChar appends the first character of a text; U+FFFD for a byte that is none.
func appendChar(dst []byte, text string) (_ []byte, n int) {
	r, n := utf8.DecodeRuneInString(text)
	return utf8.AppendRune(dst, r), n
}

// clusterLimit is the length in bytes from which a grapheme cluster is normalized character by character.
const clusterLimit = 6

// appendClusters appends a text normalized as the Hugging Face library does: for a grapheme cluster of less than
// clusterLimit bytes stands the replacement of the shortest sequence that it begins with; others, and the characters
// of longer clusters, are looked up one by one.
func (m *charsMap) appendClusters(dst []byte, text string) []byte {
	for text != "" {
		if m.copies(text) {
			dst, text = append(dst, text[0]), text[1:]
			continue
		}
		n := clusterLen(text)
		cluster := text[:n]
		text = text[n:]
		if n < clusterLimit {
			if r, n := m.find(cluster, true); n > 0 {
				dst = append(dst, r...)
				continue
			}
		}
		for cluster != "" {
			_, n := utf8.DecodeRuneInString(cluster)
			if r, found := m.find(cluster[:n], true); found > 0 {
				dst = append(dst, r...)
			} else {
				dst, n = appendChar(dst, cluster)
			}
			cluster = cluster[n:]
		}
	}
	return dst
}

// clusterLen is the length in bytes of the grapheme cluster (Unicode Standard Annex 29) that a text begins with. Of the rules
// it has those that can make one of more than one character and less than clusterLimit bytes, GB3, 9 and 9a.
func clusterLen(text string) int {
	if strings.HasPrefix(text, "\r\n") {
		return 2
	}
	first, n := utf8.DecodeRuneInString(text)
	if unicode.IsControl(first) {
		return n
	}
	for n < len(text) {
		r, size := utf8.DecodeRuneInString(text[n:])
		const zeroWidthJoiner = 0x200D
		if !unicode.In(r, unicode.M, unicode.Other_Grapheme_Extend) && r != zeroWidthJoiner {
			break
		}
		n += size
	}
	return n
}
