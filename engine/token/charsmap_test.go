package token

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"
)

// mapNode is a node of a trie to be written: where it stands, what leads to it, and what is left of the sequences that pass.
type mapNode struct {
	at   int
	from string
	rest []string
}

// children sorts the sequences that pass a node by their next byte; 0 is for one that ends here, whose value is there.
func (n *mapNode) children() map[byte]*mapNode {
	children := map[byte]*mapNode{}
	for _, s := range n.rest {
		c := byte(0)
		if s != "" {
			c = s[0]
		}
		if children[c] == nil {
			children[c] = &mapNode{from: n.from + s[:min(1, len(s))]}
		}
		if s != "" {
			children[c].rest = append(children[c].rest, s[1:])
		}
	}
	return children
}

// mapFile writes a character map as a file holds it.
func mapFile(pairs map[string]string) []byte {
	var root mapNode
	var replacements []byte
	at := map[string]int{}
	for from, to := range pairs {
		root.rest = append(root.rest, from)
		if _, ok := at[to]; !ok {
			at[to] = len(replacements)
			replacements = append(append(replacements, to...), 0)
		}
	}
	words, taken := make([]uint32, 1<<12), map[int]bool{0: true}
	for queue := []mapNode{root}; len(queue) > 0; queue = queue[1:] {
		n := queue[0]
		children := n.children()
		distance, free := 0, false
		for !free {
			distance, free = distance+1, true
			for c := range children {
				free = free && !taken[n.at^distance^int(c)]
			}
		}
		words[n.at] |= uint32(distance) << 10
		for c, child := range children {
			child.at = n.at ^ distance ^ int(c)
			taken[child.at] = true
			if c == 0 {
				words[n.at] |= 1 << 8
				words[child.at] = 1<<31 | uint32(at[pairs[child.from]])
			} else {
				words[child.at] |= uint32(c)
				queue = append(queue, *child)
			}
		}
	}
	file := binary.LittleEndian.AppendUint32(nil, uint32(4*len(words)))
	for _, w := range words {
		file = binary.LittleEndian.AppendUint32(file, w)
	}
	return append(file, replacements...)
}

var smallMap = mapFile(map[string]string{
	"\t": " ", "\n": " ", "\r": " ", "\u00a0": " ", "\u00ad": "", "ﬁ": "fi", "e\u0301": "é", "A": "a", "A\u030a": "å", "AB": "x",
	"\u00a8": " \u0308",
})

func TestCharsMap(t *testing.T) {
	m, err := newCharsMap(smallMap)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, longest, clusters string }{
		{"", "", ""},
		{"plain text", "plain text", "plain text"},
		{"a\tb\u00a0c", "a b c", "a b c"},
		{"x\u00ady", "xy", "xy"},
		{"ﬁn", "fin", "fin"},
		{"e\u0301f", "éf", "éf"},
		{"eA", "ea", "ea"},
		{"ABA\u030a", "xå", "aBa"}, // a cluster takes the shortest: A, and drops the ring
		{"e\u0301\u0302", "é\u0302", "é"},
		{"e\u0301\u0302\u0303", "é\u0302\u0303", "e\u0301\u0302\u0303"}, // 7 bytes: by characters
		{"\r\n", "  ", " "},
		{"a\xffb\xc3", "a\uFFFDb\uFFFD", "a\uFFFDb\uFFFD"},
		{"A\x00", "a\x00", "a\x00"},
		{"人\u200dA", "人\u200da", "人\u200da"},
	} {
		if got := string(m.append(nil, c.text)); got != c.longest {
			t.Errorf("longest sequences: %q is %q, want %q", c.text, got, c.longest)
		}
		if got := string(m.appendClusters(nil, c.text)); got != c.clusters {
			t.Errorf("clusters: %q is %q, want %q", c.text, got, c.clusters)
		}
	}
}

func TestNoCharsMapKeepsText(t *testing.T) {
	m, err := newCharsMap(nil)
	if err != nil {
		t.Fatal(err)
	}
	const text = "A\tﬁ e\u0301"
	if got := string(m.append(nil, text)) + string(m.appendClusters(nil, text)); got != text+text {
		t.Errorf("got %q", got)
	}
}

func TestCharsMapRefuses(t *testing.T) {
	file := func(words []uint32, replacements string) []byte {
		b := binary.LittleEndian.AppendUint32(nil, uint32(4*len(words)))
		for _, w := range words {
			b = binary.LittleEndian.AppendUint32(b, w)
		}
		return append(b, replacements...)
	}
	const leaf = 1 << 8
	for want, b := range map[string][]byte{
		"need 4":                  {1, 2, 3},
		"a trie of 4294967295":    {255, 255, 255, 255, 0},
		"a trie of 8 bytes":       {8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7},
		"a trie of 3 bytes":       {3, 0, 0, 0, 1, 2, 3},
		"a trie of 0 bytes":       {0, 0, 0, 0, 1, 2, 3},
		"a replacement of 65":     file([]uint32{0}, strings.Repeat("x", 65)),
		"word 0 of the trie":      file([]uint32{leaf | 5<<10}, "a\x00"),
		"has no value at 1":       file([]uint32{leaf | 1<<10, 7}, "a\x00"),
		"at byte 2 of 2":          file([]uint32{leaf | 1<<10, 1<<31 | 2}, "a\x00"),
		"no value at 262144":      file([]uint32{leaf | 1<<9 | 1<<20}, "a\x00"),
		"its replacement at byte": file([]uint32{leaf | 1<<10, 1<<31 | 1<<30}, "a\x00"),
	} {
		if _, err := newCharsMap(b); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "token: precompiled_charsmap: ") {
			t.Errorf("got the error %v, want one with %q", err, want)
		}
	}
}

// TestCharsMapInCircles has a trie in which every letter a leads back to itself: a look-up must end.
func TestCharsMapInCircles(t *testing.T) {
	words := make([]uint32, 256)
	words['a'] = 'a' | 'a'<<10 // 'a' ^ distance 'a' ^ 'a' is 'a' again
	file := binary.LittleEndian.AppendUint32(nil, uint32(4*len(words)))
	for _, w := range words {
		file = binary.LittleEndian.AppendUint32(file, w)
	}
	m, err := newCharsMap(file)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("a", 1<<20)
	start := time.Now()
	if got := string(m.append(nil, text)); got != text {
		t.Error("the text was changed")
	}
	if d := time.Since(start); d > 5*slower*time.Second {
		t.Errorf("a megabyte took %v", d)
	}
}

func FuzzCharsMap(f *testing.F) {
	f.Add(smallMap, "A\u030a e\u0301 \u00a8ﬁ\xff")
	f.Add(smallMap[:4+1024], "AB")
	f.Fuzz(func(t *testing.T, file []byte, text string) {
		m, err := newCharsMap(file)
		if err != nil {
			return
		}
		for _, out := range [][]byte{m.append(nil, text), m.appendClusters(nil, text)} {
			if len(out) > maxReplacement*len(text) {
				t.Fatalf("%d bytes became %d", len(text), len(out))
			}
		}
	})
}

// TestMapFile checks the writer of this file by the reader: every pair comes back.
func TestMapFile(t *testing.T) {
	pairs := map[string]string{}
	for _, s := range []string{"a", "ab", "abc", "b", "\xff\x01", "é", "éa"} {
		pairs[s] = strings.ToUpper(s) + "!"
	}
	m, err := newCharsMap(mapFile(pairs))
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range pairs {
		if got, n := m.find(from, false); got != to || n != len(from) {
			t.Errorf("%q is %q of %d bytes, want %q", from, got, n, to)
		}
	}
	if got, n := m.find("abc", true); got != "A!" || n != 1 {
		t.Errorf("the shortest of abc is %q of %d bytes", got, n)
	}
	if !slices.Equal(m.append(nil, "abcd"), []byte("ABC!d")) || bytes.Equal(m.append(nil, "b"), []byte("b")) {
		t.Error("the longest sequence is not taken")
	}
}
