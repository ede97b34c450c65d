package token

import (
	"sort"
	"strings"
)

// maxSpecial bounds the text of a special token, in bytes: the search of a text can look at so many for each of its own.
const maxSpecial = 1024

// matcher finds the tokens that are cut out of a text before an algorithm sees it: at the first place where one
// stands, the longest. It is a trie over the bytes of their texts, one sorted run of edges a node; a branch with one token is a leaf.
type matcher struct {
	tokens []string
	starts [256]bool // bytes that a token begins with; control tokens only with ParseSpecial
	plain  [256]bool // the same for the tokens that are found always
	nodes  []trieNode
	edges  []trieEdge
	strip  []bool // [vocab] white space after the token belongs to it; nil: none does
	always []bool // [vocab] found without ParseSpecial too
}

type trieNode struct {
	first, count int32 // edges[first:first+count]
	id           int32 // the token that ends here (in a leaf, here or later), or -1
}

type trieEdge struct {
	b    byte
	node int32
}

// found is a special token in a text: text[start:end] is the token with what it strips. id -1: there is none, start and end are len(text).
type found struct {
	start, end int
	id         int32
}

func newMatcher(v *Vocab) matcher {
	m := matcher{tokens: v.Tokens, always: make([]bool, len(v.Tokens)), strip: stripsRight(v)}
	var ids []int32
	for id, k := range v.Kinds {
		s := v.Tokens[id]
		if s == "" || (k != Control && k != UserDefined && k != Unknown) {
			continue
		}
		ids = append(ids, int32(id))
		m.starts[s[0]] = true
		if k == UserDefined {
			m.always[id], m.plain[s[0]] = true, true
		}
	}
	sort.Slice(ids, func(i, j int) bool { return v.Tokens[ids[i]] < v.Tokens[ids[j]] })
	m.nodes = append(m.nodes, trieNode{id: -1})
	m.grow(ids)
	return m
}

// grow builds the trie of the sorted ids level by level (no recursion: a token may be long).
func (m *matcher) grow(ids []int32) {
	type span struct{ node, lo, hi, depth int }
	queue := []span{{0, 0, len(ids), 0}}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		node := &m.nodes[s.node]
		if s.hi-s.lo == 1 || s.lo < s.hi && len(m.tokens[ids[s.lo]]) == s.depth {
			node.id = ids[s.lo]
			s.lo++
		}
		node.first = int32(len(m.edges))
		for lo := s.lo; lo < s.hi; {
			b, hi := m.tokens[ids[lo]][s.depth], lo+1
			for hi < s.hi && m.tokens[ids[hi]][s.depth] == b {
				hi++
			}
			m.edges = append(m.edges, trieEdge{b, int32(len(m.nodes))})
			queue = append(queue, span{len(m.nodes), lo, hi, s.depth + 1})
			m.nodes = append(m.nodes, trieNode{id: -1})
			lo = hi
		}
		node = &m.nodes[s.node]
		node.count = int32(len(m.edges)) - node.first
	}
}

// stripsRight says which tokens swallow the white space that follows them. No key of a GGUF file tells it:
// the tokens that Phi-3 added after training do, those it inherited from Llama do not.
func stripsRight(v *Vocab) []bool {
	name := strings.ToLower(v.Name)
	if !strings.Contains(name, "phi-3") && !strings.Contains(name, "phi3") {
		return nil
	}
	strip := make([]bool, len(v.Tokens))
	for id, s := range v.Tokens {
		k := v.Kinds[id]
		strip[id] = (k == Control || k == UserDefined || k == Unknown) && s != "<unk>" && s != "<s>" && s != "<|endoftext|>"
	}
	return strip
}

// next finds the first special token of a text.
func (m *matcher) next(text string, control bool) found {
	starts := &m.plain
	if control {
		starts = &m.starts
	}
	for i := 0; i < len(text); i++ {
		if !starts[text[i]] {
			continue
		}
		if id, n := m.longest(text[i:], control); id >= 0 {
			end := i + n
			for m.strip != nil && m.strip[id] && end < len(text) && isSpace(text[end]) {
				end++
			}
			return found{i, end, id}
		}
	}
	return found{len(text), len(text), -1}
}

// longest returns the longest token at the start of the text and its length in bytes, or -1.
func (m *matcher) longest(text string, control bool) (id int32, n int) {
	id = -1
	node := &m.nodes[0]
	for i := 0; ; i++ {
		if node.id >= 0 && (control || m.always[node.id]) {
			if s := m.tokens[node.id]; node.count > 0 || strings.HasPrefix(text[i:], s[i:]) {
				id, n = node.id, len(s)
			}
		}
		if i == len(text) {
			return id, n
		}
		edges := m.edges[node.first : node.first+node.count]
		k := sort.Search(len(edges), func(k int) bool { return edges[k].b >= text[i] })
		if k == len(edges) || edges[k].b != text[i] {
			return id, n
		}
		node = &m.nodes[edges[k].node]
	}
}

// isSpace is white space in the C sense.
func isSpace(b byte) bool { return b == ' ' || (b >= '\t' && b <= '\r') }
