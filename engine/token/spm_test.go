package token

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// emptyVocab has no token with a task.
func emptyVocab(model string) Vocab {
	return Vocab{Model: model, BOS: -1, EOS: -1, EOT: -1, EOM: -1, UNK: -1, SEP: -1, PAD: -1, CLS: -1, MASK: -1}
}

// add appends a token and returns its id.
func (v *Vocab) add(text string, kind Kind, score float32) int {
	v.Tokens, v.Kinds, v.Scores = append(v.Tokens, text), append(v.Kinds, kind), append(v.Scores, score)
	return len(v.Tokens) - 1
}

func (v *Vocab) addBytes() {
	for b := range 256 {
		v.add(fmt.Sprintf("<0x%02X>", b), Byte, 0)
	}
}

// texts are the tokens of ids, joined by spaces.
func texts(v *Vocab, ids []int32) string {
	var s []string
	for _, id := range ids {
		s = append(s, v.Tokens[id])
	}
	return strings.Join(s, " ")
}

// spmVocab is a small vocabulary: pieces with their scores, with or without byte tokens.
func spmVocab(bytes bool) Vocab {
	v := emptyVocab("llama")
	v.UNK = v.add("<unk>", Unknown, 0)
	v.add("<s>", Control, 0)
	if bytes {
		v.addBytes()
	}
	for i, p := range []string{"▁", "a", "b", "c", "s", "<", ">", "é", "ab", "▁a", "▁ab", "bc", "abc", "▁▁", "s>", "<s", "a▁b", "zx"} {
		v.add(p, Normal, -float32(i))
	}
	v.add("aa", Normal, -8) // as good as ab
	return v
}

func TestSPMCases(t *testing.T) {
	no := false
	for _, c := range []struct {
		name     string
		bytes    bool
		noPrefix bool
		text     string
		want     string
	}{
		{"prefix", true, false, "a", "▁a"},
		{"no prefix", true, true, "a", "a"},
		{"best score first", true, true, "abc", "abc"},
		{"leftmost of equals", true, true, "aab", "aa b"},
		{"leftmost of equals again", true, true, "baaab", "b aa ab"},
		{"spaces", true, false, "  b", "▁▁ ▁ b"},
		{"a mark is a space", true, true, "▁a a", "▁a ▁a"},
		{"a piece with a space inside is not reached by its own joins", true, true, "a b", "a ▁ b"},
		{"control tokens are not spelled", true, true, "<s>", "< s>"},
		{"byte tokens", true, true, "aßb", "a <0xC3> <0x9F> b"},
		{"a character that is no piece, but inside one", true, true, "zb zx", "<0x7A> b ▁ zx"},
		{"broken UTF-8 swallows", true, true, "a\xc3 b\xe2", "a <0xC3> <0xE2> <0x96> <0x81> b <0xE2>"},
		{"unknown once for a run", false, true, "aßßb\xff", "a <unk> b <unk>"},
		{"unknown space mark", false, true, "é é", "é ▁ é"},
	} {
		v := spmVocab(c.bytes)
		if c.noPrefix {
			v.AddSpacePrefix = &no
		}
		alg, _, err := newSPM(&v, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := texts(&v, alg.encode(nil, c.text, true)); got != c.want {
			t.Errorf("%s: %q is %q, want %q", c.name, c.text, got, c.want)
		}
	}
}

func TestSPMSecondFragmentHasNoPrefix(t *testing.T) {
	v := spmVocab(true)
	alg, d, err := newSPM(&v, nil)
	if err != nil || !d.spacePrefix || !d.addBOS || d.addEOS {
		t.Fatalf("defaults %+v, error %v", d, err)
	}
	if got := texts(&v, alg.encode([]int32{0}, "a", false)); got != "<unk> a" {
		t.Errorf("got %q", got)
	}
	if got := string(alg.appendRaw(nil, "▁a▁▁b")); got != " a  b" {
		t.Errorf("raw text of a piece is %q", got)
	}
}

func TestSPMRefuses(t *testing.T) {
	noScores, noUnknown := spmVocab(true), spmVocab(false)
	noScores.Scores = nil
	noUnknown.UNK = -1
	for want, v := range map[string]Vocab{"needs scores": noScores, "0 of 256 byte tokens": noUnknown} {
		if _, _, err := newSPM(&v, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got the error %v, want one with %q", err, want)
		}
	}
}

// slowSPM is the definition: all pairs are looked up after each join.
func slowSPM(v *Vocab, text string, prefix bool) []int32 {
	find := map[string]int{}
	for id, s := range v.Tokens {
		if k := v.Kinds[id]; k == Normal || k == UserDefined || k == Unused {
			find[s] = id
		}
	}
	text = strings.ReplaceAll(text, " ", "▁")
	if prefix {
		text = "▁" + text
	}
	var parts []string
	for text != "" {
		n := 1
		switch b := text[0]; {
		case b >= 0xF0:
			n = 4
		case b >= 0xE0:
			n = 3
		case b >= 0xC0:
			n = 2
		}
		n = min(n, len(text))
		parts, text = append(parts, text[:n]), text[n:]
	}
	for {
		at := -1
		var best float32
		for i := range len(parts) - 1 {
			if id, ok := find[parts[i]+parts[i+1]]; ok && (at < 0 || v.Scores[id] > best) {
				at, best = i, v.Scores[id]
			}
		}
		if at < 0 {
			break
		}
		parts[at] += parts[at+1]
		parts = slices.Delete(parts, at+1, at+2)
	}
	var ids []int32
	for _, s := range parts {
		if id, ok := find[s]; ok {
			ids = append(ids, int32(id))
			continue
		}
		for _, b := range []byte(s) {
			ids = append(ids, int32(slices.Index(v.Tokens, fmt.Sprintf("<0x%02X>", b))))
		}
	}
	return ids
}

// randomSPM draws a vocabulary over few characters with many equal scores, so that everything collides, and a text.
func randomSPM(seed uint64) (Vocab, string) {
	r := rand.New(rand.NewPCG(seed, 1))
	chars := []string{"a", "b", "c", "▁", "é", "人", "\xe2\x96", "\xff"}[:2+r.IntN(7)]
	word := func(n int) string {
		s := ""
		for range n {
			s += chars[r.IntN(len(chars))]
		}
		return s
	}
	v := emptyVocab("llama")
	v.addBytes()
	scores := 1 + r.IntN(40)
	kinds := []Kind{Normal, Normal, Normal, UserDefined, Unused, Control}
	for range r.IntN(80) {
		if s := word(1 + r.IntN(7)); !slices.Contains(v.Tokens, s) {
			v.add(s, kinds[r.IntN(len(kinds))], float32(r.IntN(scores)))
		}
	}
	text := word(r.IntN(3 * shortChunk))
	if r.IntN(2) == 0 {
		text = strings.ReplaceAll(text, "▁", " ")
	}
	return v, text
}

func checkSPM(t *testing.T, v *Vocab, text string) {
	t.Helper()
	for _, prefix := range []bool{false, true} {
		v.AddSpacePrefix = &prefix
		alg, _, err := newSPM(v, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := alg.encode(nil, text, true), slowSPM(v, text, prefix); !slices.Equal(got, want) {
			t.Errorf("%q, prefix %v: got %q, want %q (scores %v)", text, prefix, texts(v, got), texts(v, want), v.Scores[256:])
		}
	}
}

func TestSPMIsTheDefinition(t *testing.T) {
	for seed := range uint64(400) {
		v, text := randomSPM(seed)
		checkSPM(t, &v, text)
	}
}

func FuzzSPM(f *testing.F) {
	f.Add(uint64(1), "ab \xe2\x96 a")
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		v, other := randomSPM(seed)
		checkSPM(t, &v, text[:min(len(text), 300)])
		checkSPM(t, &v, other)
	})
}

// TestSPMLongChunk holds the two ways to join against each other where the definition is too slow.
func TestSPMLongChunk(t *testing.T) {
	v := spmVocab(true)
	alg, _, err := newSPM(&v, nil)
	if err != nil {
		t.Fatal(err)
	}
	const n = 100_000
	got := alg.encode(nil, strings.Repeat("a", 2*n), false)
	if len(got) != n || v.Tokens[got[0]] != "aa" || v.Tokens[got[n-1]] != "aa" {
		t.Errorf("%d letters a are %d tokens, want %d times aa", 2*n, len(got), n)
	}
}

func TestSPMDoesNotAllocate(t *testing.T) {
	v := spmVocab(true)
	alg, _, err := newSPM(&v, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("abc ab ß ", 30) + strings.Repeat("aabc", 30)
	dst := alg.encode(nil, text, true)
	if n := testing.AllocsPerRun(50, func() { dst = alg.encode(dst[:0], text, true) }); n > mostAllocs {
		t.Errorf("%v allocations a call", n)
	}
}
