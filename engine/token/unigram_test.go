package token

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// unigramVocab is a small vocabulary. hf gives it a padding token.
func unigramVocab(hf bool) Vocab {
	v := emptyVocab("t5")
	v.UNK = v.add("<unk>", Unknown, 0)
	v.EOS = v.add("</s>", Control, 0)
	if hf {
		v.PAD = v.add("<pad>", Control, 0)
	}
	for piece, score := range map[string]float32{
		"▁": -2, "a": -3, "b": -3, "ab": -4, "▁a": -3.5, "▁ab": -8, "c": -1, "é": -5, "abc": -4.5, "人": -6, "▁人": -9,
	} {
		v.add(piece, Normal, score)
	}
	v.add("user", UserDefined, 0)
	v.CharsMap = smallMap
	return v
}

func TestUnigramCases(t *testing.T) {
	no := false
	for _, c := range []struct {
		name string
		set  func(*Vocab)
		text string
		want string
	}{
		{"best sum", nil, "ab", "▁ ab"},
		{"longer", nil, "abc b", "▁ abc ▁ b"},
		{"no prefix", func(v *Vocab) { v.AddSpacePrefix = &no }, "ab a", "ab ▁a"},
		{"spaces are squeezed", nil, "  a \t\n b  ", "▁a ▁ b"},
		{"spaces are kept", func(v *Vocab) { v.RemoveExtraSpaces = &no }, " a  b ", "▁ ▁a ▁ ▁ b ▁"},
		{"only spaces", nil, " \t ", ""},
		{"map", nil, "A\u00adB ﬁ e\u0301", "▁a <unk> ▁ <unk> ▁ é"},
		{"unknown once for a run", nil, "xyaz", "▁ <unk> a <unk>"},
		{"control tokens are not spelled", nil, "</s>", "▁ <unk>"},
		{"user-defined pieces win", nil, "auserb", "▁a user b"},
		{"broken UTF-8", nil, "a\xffb", "▁a <unk> b"},
		{"byte tokens", func(v *Vocab) { v.addBytes() }, "aß", "▁a <0xC3> <0x9F>"},
		{"mark in the text", nil, "a▁b▁", "▁a ▁ b"},
	} {
		for _, hf := range []bool{false, true} {
			v := unigramVocab(hf)
			if c.set != nil {
				c.set(&v)
			}
			alg, d, err := newUnigram(&v)
			if err != nil || d.addBOS || !d.addEOS {
				t.Fatalf("defaults %+v, error %v", d, err)
			}
			if got := texts(&v, alg.encode(nil, c.text, true)); got != c.want {
				t.Errorf("%s: %q is %q, want %q", c.name, c.text, got, c.want)
			}
		}
	}
}

// TestUnigramStyles has what the two libraries do differently.
func TestUnigramStyles(t *testing.T) {
	for _, c := range []struct{ text, sentencePiece, huggingFace string }{
		{"a\u0085b", "▁a <unk> b", "▁a ▁ b"},
		{"e\u0301\u0302a", "▁ é <unk> a", "▁ é a"},
	} {
		for hf, want := range map[bool]string{false: c.sentencePiece, true: c.huggingFace} {
			v := unigramVocab(hf)
			alg, _, err := newUnigram(&v)
			if err != nil {
				t.Fatal(err)
			}
			if got := texts(&v, alg.encode(nil, c.text, true)); got != want {
				t.Errorf("padding %v: %q is %q, want %q", hf, c.text, got, want)
			}
		}
	}
}

// TestUnigramRounding has two ways of the same exact score, between which the rounding of the sums decides.
func TestUnigramRounding(t *testing.T) {
	for hf, want := range map[bool]string{false: "-- -", true: "- --"} {
		v := emptyVocab("t5")
		v.UNK = v.add("<unk>", Unknown, 0)
		if hf {
			v.PAD = v.add("<pad>", Control, 0)
		}
		one, two := tie(t)
		v.add("-", Normal, one)
		v.add("--", Normal, two)
		no := false
		v.AddSpacePrefix = &no
		alg, _, err := newUnigram(&v)
		if err != nil {
			t.Fatal(err)
		}
		if got := texts(&v, alg.encode(nil, "---", true)); got != want {
			t.Errorf("padding %v: got %q, want %q", hf, got, want)
		}
	}
}

// tie finds scores x and y whose sum, rounded to float32, is below the exact one: then the second of two ways of that
// sum seems better. y is less than 2x, so that no third way is.
func tie(t *testing.T) (x, y float32) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		x := -3 - r.Float32()
		y := x - 2*r.Float32()
		if exact := float64(x) + float64(y); float64(float32(exact)) < exact {
			return x, y
		}
	}
	t.Fatal("no such scores")
	return 0, 0
}

// slowUnigram is the definition for a normalized text: every piece is tried at every place.
func slowUnigram(v *Vocab, text string, hf bool) []int32 {
	if hf { // word by word
		if at := strings.Index(text[min(1, len(text)):], "▁") + 1; at > 0 {
			return append(slowUnigram(v, text[:at], hf), slowUnigram(v, text[at:], hf)...)
		}
	}
	round := func(x float64) float64 {
		if hf {
			return x
		}
		return float64(float32(x))
	}
	least := math.Inf(1)
	for id, k := range v.Kinds {
		if k == Normal {
			least = min(least, float64(v.Scores[id]))
		}
	}
	unknown := round(least - 10)
	n := len(text)
	score, from, last := make([]float64, n+1), make([]int, n+1), make([]int, n+1)
	for i := range from {
		from[i] = -1
	}
	for at := 0; at < n; {
		_, size := utf8.DecodeRuneInString(text[at:])
		whole := false
		for end := at + 1; end <= n; end++ {
			id := slices.Index(v.Tokens, text[at:end])
			if id < 0 || v.Kinds[id] != Normal {
				continue
			}
			whole = whole || end == at+size
			if s := score[at] + float64(v.Scores[id]); from[end] < 0 || s > score[end] {
				score[end], from[end], last[end] = round(s), at, id
			}
		}
		if s := round(score[at] + unknown); !whole && (from[at+size] < 0 || s > score[at+size]) {
			score[at+size], from[at+size], last[at+size] = s, at, v.UNK
		}
		at += size
	}
	var ids []int32
	for at := n; at > 0; at = from[at] {
		if id := int32(last[at]); len(ids) == 0 || int(id) != v.UNK || ids[len(ids)-1] != id {
			ids = append(ids, id)
		}
	}
	slices.Reverse(ids)
	return ids
}

// randomUnigram draws a vocabulary over few characters with few different scores, so that much is equal, and a
// normalized text.
func randomUnigram(seed uint64, hf bool) (Vocab, string) {
	r := rand.New(rand.NewPCG(seed, 3))
	chars := []string{"a", "b", "▁", "é", "人", "c"}[:2+r.IntN(5)]
	word := func(n int) string {
		s := ""
		for range n {
			s += chars[r.IntN(len(chars))]
		}
		return s
	}
	v := emptyVocab("t5")
	v.UNK = v.add("<unk>", Unknown, 0)
	if hf {
		v.PAD = v.add("<pad>", Control, 0)
	}
	v.add("▁", Normal, -3)
	scores := 1 + r.IntN(20)
	for range r.IntN(60) {
		if s := word(1 + r.IntN(6)); !slices.Contains(v.Tokens, s) {
			v.add(s, []Kind{Normal, Normal, Control, Unused}[r.IntN(4)], -1-float32(r.IntN(scores))*0.37)
		}
	}
	no := false
	v.AddSpacePrefix, v.RemoveExtraSpaces = &no, &no
	return v, word(r.IntN(60))
}

func checkUnigram(t *testing.T, seed uint64) {
	t.Helper()
	for _, hf := range []bool{false, true} {
		v, text := randomUnigram(seed, hf)
		alg, _, err := newUnigram(&v)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := alg.encode(nil, text, true), slowUnigram(&v, text, hf); !slices.Equal(got, want) {
			t.Errorf("seed %d, padding %v, %q: got %q, want %q (scores %v)", seed, hf, text, texts(&v, got), texts(&v, want), v.Scores)
		}
	}
}

func TestUnigramIsTheDefinition(t *testing.T) {
	for seed := range uint64(400) {
		checkUnigram(t, seed)
	}
}

func FuzzUnigram(f *testing.F) {
	f.Add(uint64(1), "ab  c\u0301 人\xff")
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		checkUnigram(t, seed)
		for _, hf := range []bool{false, true} {
			v := unigramVocab(hf)
			alg, _, err := newUnigram(&v)
			if err != nil {
				t.Fatal(err)
			}
			if got := alg.encode(nil, text, true); len(got) > 40*len(text)+1 {
				t.Errorf("%d bytes are %d tokens", len(text), len(got))
			}
		}
	})
}

func TestUnigramRefuses(t *testing.T) {
	noScores, noUnknown, badMap, long := unigramVocab(false), unigramVocab(false), unigramVocab(false), unigramVocab(false)
	noScores.Scores = nil
	noUnknown.UNK = -1
	badMap.CharsMap = []byte{1}
	long.add(strings.Repeat("a", 600), Normal, 0)
	for want, v := range map[string]Vocab{
		"needs scores": noScores, "0 of 256 byte tokens": noUnknown, "precompiled_charsmap": badMap, "has 600 bytes": long,
	} {
		if _, _, err := newUnigram(&v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got the error %v, want one with %q", err, want)
		}
	}
}

func TestUnigramDoesNotAllocate(t *testing.T) {
	text := strings.Repeat("abc ab ß e\u0301\tﬁ人 ", 50)
	for _, hf := range []bool{false, true} {
		v := unigramVocab(hf)
		alg, _, err := newUnigram(&v)
		if err != nil {
			t.Fatal(err)
		}
		dst := alg.encode(nil, text, true)
		if n := testing.AllocsPerRun(50, func() { dst = alg.encode(dst[:0], text, true) }); n > mostAllocs {
			t.Errorf("padding %v: %v allocations a call", hf, n)
		}
	}
}
