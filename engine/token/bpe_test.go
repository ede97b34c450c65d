package token

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// lesson is what the vocabularies of these tests are trained on.
const lesson = `The linnet came back to the hedge in the evening. "You're late," said the wren; the linnet didn't answer. She had flown nine miles
against the wind, and there were three more to the barn. In the morning, when it's light, we'll look for seeds: there are more of them than there were.
Es war einmal eine Amsel, die nicht singen wollte. Жила-была в лесу маленькая птица. 小鳥は朝に歌う。小鸟在早晨唱歌。작은 새가 아침에 노래한다.
for (int i = 0; i < 1000; i++) { sum += values[i] * 3.14159; }   // 1984, 2026    tabs		and   spaces
`

// newVocab returns a vocabulary of the 256 bytes, the given merges and what they make.
func newVocab(pre string, merges ...string) Vocab {
	v := Vocab{Model: "gpt2", Pre: pre, Merges: merges, BOS: -1, EOS: -1, EOT: -1, EOM: -1, UNK: -1, SEP: -1, PAD: -1, CLS: -1, MASK: -1}
	for _, r := range byteRunes {
		v.Tokens = append(v.Tokens, string(r))
	}
	have := map[string]bool{}
	for _, m := range merges {
		if s := strings.Replace(m, " ", "", 1); !have[s] {
			v.Tokens, have[s] = append(v.Tokens, s), true
		}
	}
	return v
}

// train makes at most n merges of the words of a text: always the most frequent pair, the first in order of text of equals.
func train(pre, text string, n int) Vocab {
	b := &bpe{u: unicodeClasses()}
	p, err := findPretokenizer(pre)
	if err != nil {
		panic(err)
	}
	counts := map[string]int{}
	forEachWord(b.u, p.stages, text, func(w string) { counts[w]++ })
	words := slices.Sorted(maps.Keys(counts))
	parts := make([][]string, len(words))
	for i, w := range words {
		for _, c := range []byte(w) {
			parts[i] = append(parts[i], string(byteRunes[c]))
		}
	}
	var merges []string
	for len(merges) < n {
		pairs := map[string]int{}
		for i, p := range parts {
			for k := 1; k < len(p); k++ {
				pairs[p[k-1]+" "+p[k]] += counts[words[i]]
			}
		}
		best := ""
		for pair, count := range pairs {
			if best == "" || count > pairs[best] || count == pairs[best] && pair < best {
				best = pair
			}
		}
		if best == "" {
			break
		}
		merges = append(merges, best)
		for i := range parts {
			parts[i] = mergePair(parts[i], best)
		}
	}
	return newVocab(pre, merges...)
}

func forEachWord(u *classes, stages []splitter, text string, f func(string)) {
	if len(stages) == 0 {
		f(text)
		return
	}
	for text != "" {
		n := stages[0](u, text)
		forEachWord(u, stages[1:], text[:n], f)
		text = text[n:]
	}
}

// mergePair joins every place where "left right" stand side by side, from left to right.
func mergePair(parts []string, pair string) []string {
	for k := 0; k+1 < len(parts); k++ {
		if parts[k]+" "+parts[k+1] == pair {
			parts[k] += parts[k+1]
			parts = slices.Delete(parts, k+1, k+2)
		}
	}
	return parts
}

// encodeSlowly is byte-level BPE by its definition: as long as a merge of the list applies to a word, the first one that does is done
// everywhere in it.
func encodeSlowly(v Vocab, text string) (ids []int32) {
	p, _ := findPretokenizer(v.Pre)
	id := map[string]int32{}
	for i, s := range v.Tokens {
		id[s] = int32(i)
	}
	rank := map[string]int{}
	for i, m := range v.Merges {
		rank[m] = i
	}
	forEachWord(unicodeClasses(), p.stages, text, func(w string) {
		var parts []string
		for _, c := range []byte(w) {
			parts = append(parts, string(byteRunes[c]))
		}
		for {
			best := len(v.Merges)
			for k := 1; k < len(parts); k++ {
				if r, ok := rank[parts[k-1]+" "+parts[k]]; ok {
					best = min(best, r)
				}
			}
			if best == len(v.Merges) {
				break
			}
			parts = mergePair(parts, v.Merges[best])
		}
		for _, s := range parts {
			ids = append(ids, id[s])
		}
	})
	return ids
}

func mustNew(t testing.TB, v Vocab) *Tokenizer {
	t.Helper()
	tok, err := New(v)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestBPE compares with the definition: words of every length around the borders between the three ways of merging, twice each,
// since the first time decides for later ones whether merges rebuild a token.
func TestBPE(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 9))
	texts := []string{"", lesson, strings.Repeat("th", blockBytes), strings.Repeat("e", 3*blockBytes+1)}
	for range 300 {
		texts = append(texts, randomText(rnd, rnd.IntN(30)))
	}
	for _, n := range []int{1, 2, shortWord - 1, shortWord, shortWord + 1, blockBytes - 1, blockBytes, blockBytes + 1, 2*blockBytes + 100} {
		letters := make([]byte, n)
		for i := range letters {
			letters[i] = "eeeetttaaoinshrdl"[rnd.IntN(17)]
		}
		texts = append(texts, string(letters))
	}
	for _, pre := range []string{"gpt-2", "deepseek-v3"} {
		v := train(pre, lesson, 400)
		tok := mustNew(t, v)
		for _, text := range texts {
			want := encodeSlowly(v, text)
			for range 2 {
				if got := tok.Encode(text, Options{}); !slices.Equal(got, want) {
					t.Fatalf("%s %.60q\n got %d %v\nwant %d %v", pre, text, len(got), got[:min(20, len(got))], len(want), want[:min(20, len(want))])
				}
			}
			if got := tok.Decode(tok.Encode(text, Options{}), false); got != text {
				t.Fatalf("%s %.60q decodes to %.60q", pre, text, got)
			}
		}
	}
}

// TestBPEChain: a list of merges made against blocks. Every pair of 60 letters stands once in the word, and a pair merges earlier
// the later it stands, so that the last letter decides how all the others pair up.
func TestBPEChain(t *testing.T) {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + "éèêëìíîï"
	r := []rune(letters)
	var word []rune
	for i := range r { // the de Bruijn sequence of order 2
		word = append(word, r[i])
		for j := i + 1; j < len(r); j++ {
			word = append(word, r[i], r[j])
		}
	}
	// the accented letters are two bytes each: they merge first
	var merges []string
	name := map[rune]string{}
	for _, c := range r {
		var parts []string
		for _, b := range []byte(string(c)) {
			parts = append(parts, string(byteRunes[b]))
		}
		if name[c] = strings.Join(parts, ""); len(parts) == 2 {
			merges = append(merges, parts[0]+" "+parts[1])
		}
	}
	for i := len(word) - 1; i > 0; i-- {
		merges = append(merges, name[word[i-1]]+" "+name[word[i]])
	}
	v := newVocab("gpt-2", merges...)
	tok := mustNew(t, v)
	for _, n := range []int{len(word), len(word) - 1, blockBytes + 5, blockBytes + 6} {
		text := string(word[:n])
		if got, want := tok.Encode(text, Options{}), encodeSlowly(v, text); !slices.Equal(got, want) {
			t.Errorf("%d letters: got %d tokens %v, want %d %v", n, len(got), got[:10], len(want), want[:10])
		}
	}
}

// TestBPEWholeWords: a token that no merges make is found only by pre-tokenizers that look words up first.
func TestBPEWholeWords(t *testing.T) {
	for _, c := range []struct {
		pre  string
		want []int32
	}{
		{"gpt-2", []int32{256, int32('c')}}, {"llama-bpe", []int32{257}},
	} {
		v := newVocab(c.pre, "a b")
		c.want = slices.Clone(c.want)
		v.Tokens = append(v.Tokens, "abc")
		tok := mustNew(t, v)
		for range 2 {
			if got := tok.Encode("abc", Options{}); !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", c.pre, got, c.want)
			}
		}
	}
}

// TestBPEMissingBytes: a byte without a token is the unknown token, or nothing.
func TestBPEMissingBytes(t *testing.T) {
	v := newVocab("gpt-2", "a b")
	v.Tokens['z'] = "[unk]"
	for _, c := range []struct {
		unk  int
		text string
		want []int32
	}{
		{-1, "zabz", []int32{256}},
		{'z', "zabz", []int32{'z', 256, 'z'}},
		{'z', strings.Repeat("z", shortWord) + "ab", append(slices.Repeat([]int32{'z'}, shortWord), 256)},
		{-1, strings.Repeat("z", 2*blockBytes) + "ab", []int32{256}},
	} {
		v.UNK = c.unk
		if got := mustNew(t, v).Encode(c.text, Options{}); !slices.Equal(got, c.want) {
			t.Errorf("unk %d, %q: got %v, want %v", c.unk, c.text, got, c.want)
		}
	}
}

// TestRepair: what is not UTF-8 is read as U+FFFD for each byte, an overlong form as the character it means.
func TestRepair(t *testing.T) {
	for _, c := range [][2]string{
		{"abc\x80def\xbf", "abc\ufffddef\ufffd"},
		{"caf\xc3", "caf\ufffd"},
		{"\xe2\x82 ", "\ufffd\ufffd "},
		{"\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf", "///"},
		{"\xc1\x81\xe0\x82\xa2\xf0\x8f\xbf\xbf", "A\u00a2\uffff"},
		{"\xc0", "\ufffd"}, {"\xe0\x80", "\ufffd\ufffd"}, {"\xf0\x80\x80x", "\ufffd\ufffd\ufffdx"},
		{"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"}, {"\xed\xa0\x80", "\ufffd\ufffd\ufffd"}, {"\xfe\xff", "\ufffd\ufffd"},
	} {
		if got := repair(c[0]); got != c[1] {
			t.Errorf("%+q: got %+q, want %+q", c[0], got, c[1])
		}
	}
}

func TestBPEErrors(t *testing.T) {
	change := func(f func(*Vocab)) Vocab {
		v := newVocab("gpt-2", "a b", "ab c")
		f(&v)
		return v
	}
	for _, c := range []struct {
		v    Vocab
		want string
	}{
		{change(func(v *Vocab) { v.Pre = "foo" }), `token: pre-tokenizer "foo" is not supported`},
		{change(func(v *Vocab) { v.Model = "foo" }), `token: tokenizer model "foo" is not supported`},
		{change(func(v *Vocab) { v.Merges = nil }), `token: byte-level BPE needs a list of merges`},
		{change(func(v *Vocab) { v.Merges[1] = "" }), `token: merge 1 "" is not two pieces with a space between`},
		{change(func(v *Vocab) { v.Merges[1] = "ab" }), `token: merge 1 "ab" is not two pieces with a space between`},
		{change(func(v *Vocab) { v.Merges[1] = " ab" }), `token: merge 1 " ab" is not two pieces with a space between`},
		{change(func(v *Vocab) { v.Merges[1] = "ab " }), `token: merge 1 "ab " is not two pieces with a space between`},
		{change(func(v *Vocab) { v.Merges[1] = "a d" }), `token: merge 1 "a d" needs the token "ad", which is not in the vocabulary`},
		{change(func(v *Vocab) { v.Merges = make([]string, maxMerges+1) }), fmt.Sprintf("token: %d merges, at most %d are supported", maxMerges+1, maxMerges)},
	} {
		if _, err := New(c.v); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

// TestEncodeAllocs: no allocation per token, in words of every length.
func TestEncodeAllocs(t *testing.T) {
	tok := mustNew(t, train("gpt-2", lesson, 100))
	text := strings.Repeat(lesson, 3) + strings.Repeat("abcdefgh", 1000)
	tok.Count(text, Options{})
	// a few times the working memory is made anew: under the race detector pools forget on purpose
	tokens := tok.Count(text, Options{})
	if n := testing.AllocsPerRun(20, func() { tok.Count(text, Options{AddSpecial: true, ParseSpecial: true}) }); n > 20 {
		t.Errorf("Count allocates %v times for %d tokens", n, tokens)
	}
}

// FuzzBPE: the ids of any bytes decode to the text they were read as, and are those of the definition.
func FuzzBPE(f *testing.F) {
	type subject struct {
		v   Vocab
		tok *Tokenizer
	}
	var subjects []subject
	for _, pre := range []string{"gpt-2", "llama-bpe", "gpt-4o", "deepseek-coder", "falcon"} {
		v := train(pre, lesson, 150)
		subjects = append(subjects, subject{v, mustNew(f, v)})
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	f.Add(lesson)
	f.Add("\xc0\xaf \xe0\x80\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xfe\xff")
	for range 20 {
		f.Add(randomText(rnd, 12))
	}
	f.Fuzz(func(t *testing.T, text string) {
		read := text
		if !utf8.ValidString(read) {
			read = repair(read)
		}
		for _, s := range subjects {
			ids := s.tok.Encode(text, Options{})
			if got := s.tok.Decode(ids, false); got != read {
				t.Errorf("%s: %+q decodes to %+q", s.v.Pre, read, got)
			}
			if len(read) > 500 {
				continue // the definition is slow
			}
			if want := encodeSlowly(s.v, read); !slices.Equal(ids, want) {
				t.Errorf("%s: %+q: got %v, want %v", s.v.Pre, read, ids, want)
			}
		}
	})
}
