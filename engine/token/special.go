package token

import (
	"sort"
	"strings"
	"unicode"
)

// maxSpecial bounds the text of a special token, in bytes: the search of a text can look at so many for each of its own.
const maxSpecial = 1024

// matcher finds the tokens that are cut out of a text before an algorithm sees it: at the first place where one
// stands, the longest. It is a trie over the bytes of their texts, one sorted run of edges a node; a branch with one token is a leaf.
type matcher struct {
	tokens []string  // [vocab] the text that each is found by; empty: it is not looked for
	starts [256]bool // bytes that a token begins with; control tokens only with ParseSpecial
	plain  [256]bool // the same for the tokens that are found always
	nodes  []trieNode
	edges  []trieEdge
	match  []Match // [vocab]; nil: nothing is stripped
	always []bool  // [vocab] found without ParseSpecial too
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

// findSpecial prepares the search for special tokens.
func (t *Tokenizer) findSpecial() {
	match := t.v.Match
	if len(match) == 0 {
		match = stripsRight(&t.v)
	}
	texts := make([]string, len(t.v.Tokens)) // of the tokens that are looked for
	late := make([]string, len(t.v.Tokens))  // of those that are looked for in normalized text: normalized as well
	anyLate := false
	for id, s := range t.v.Tokens {
		switch k := t.v.Kinds[id]; {
		case s == "" || k != Control && k != UserDefined && k != Unknown:
		case match == nil || match[id]&Normalized == 0:
			texts[id] = s
		default:
			if n, ok := t.alg.(normalizer); ok {
				s, _ = n.normalize(s, true)
			}
			late[id], anyLate = s, true
		}
	}
	t.special = newMatcher(&t.v, texts, match)
	if anyLate {
		m := newMatcher(&t.v, late, match)
		t.late = &m
	}
}

// newMatcher makes a matcher of tokens by the texts that they are found by.
func newMatcher(v *Vocab, texts []string, match []Match) matcher {
	m := matcher{tokens: texts, always: make([]bool, len(texts)), match: match}
	var ids []int32
	for id, s := range texts {
		if s == "" {
			continue
		}
		ids = append(ids, int32(id))
		m.starts[s[0]] = true
		if v.Kinds[id] == UserDefined {
			m.always[id], m.plain[s[0]] = true, true
		}
	}
	sort.Slice(ids, func(i, j int) bool { return texts[ids[i]] < texts[ids[j]] })
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
func stripsRight(v *Vocab) []Match {
	name := strings.ToLower(v.Name)
	if !strings.Contains(name, "phi-3") && !strings.Contains(name, "phi3") {
		return nil
	}
	match := make([]Match, len(v.Tokens))
	for id, s := range v.Tokens {
		switch k := v.Kinds[id]; {
		case k != Control && k != UserDefined && k != Unknown, s == "<unk>", s == "<s>", s == "<|endoftext|>":
		default:
			match[id] = StripRight
		}
	}
	return match
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
			start, end := i, i+n
			if m.match != nil && m.match[id]&StripLeft != 0 {
				start = len(strings.TrimRightFunc(text[:start], unicode.IsSpace))
			}
			if m.match != nil && m.match[id]&StripRight != 0 {
				end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
			}
			return found{start, end, id}
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
