package token

import (
	"slices"
	"strings"
	"testing"
)

func wordVocab(pieces ...string) Vocab {
	v := emptyVocab("bert")
	v.UNK = v.add("[UNK]", Control, 0)
	v.CLS = v.add("[CLS]", Control, 0)
	v.SEP = v.add("[SEP]", Control, 0)
	for _, p := range pieces {
		v.add(p, Normal, 0)
	}
	return v
}

var wordPieces = []string{"▁un", "▁una", "able", "a", "b", "le", "▁a", "▁b", "▁,", "▁!", "▁[", "▁]", "▁cls", "▁人", "▁cafe", "▁é", "▁ß", "▁ä", "▁σ", "σ", "[unused0]", "▁The"}

func TestWordPieceCases(t *testing.T) {
	uncased := wordPieces[:len(wordPieces)-1]
	for _, c := range []struct {
		name   string
		pieces []string
		text   string
		want   string
	}{
		{"the longest piece is final", []string{"▁un", "▁una", "able"}, "unable", "[UNK]"},
		{"pieces", uncased, "unb una unale", "▁un b ▁una ▁una le"},
		{"a piece that starts a word does not go on", uncased, "a▁b", "[UNK]"},
		{"a piece that goes on does not start a word", uncased, "le", "[UNK]"},
		{"unknown end", uncased, "ax b", "[UNK] ▁b"},
		{"case", uncased, "A B UN", "▁a ▁b ▁un"},
		{"accents", uncased, "Café cafe\u0301 Ä", "▁cafe ▁cafe ▁a"},
		{"no accents", uncased, "ß Σσ", "▁ß ▁σ σ"},
		{"punctuation", uncased, "a,b!!", "▁a ▁, ▁b ▁! ▁!"},
		{"brackets of special tokens", uncased, "[CLS][unused0]", "▁[ ▁cls ▁] ▁[ [UNK] ▁]"},
		{"ideographs", uncased, "a人b", "▁a ▁人 ▁b"},
		{"white space", uncased, " a\tb\r\na\u2003b\u2028a ", "▁a ▁b ▁a ▁b ▁a"},
		{"control and format characters vanish", uncased, "\ufeffu\u200bn\x00\u0085\ue000\v \ufffd", "▁un"},
		{"broken UTF-8 vanishes", uncased, "u\xffn", "▁un"},
		{"100 characters", uncased, "b" + strings.Repeat("b", 99), "▁b" + strings.Repeat(" b", 99)},
		{"101 characters", uncased, strings.Repeat("b", 101) + " b", "[UNK] ▁b"},
		{"nothing", uncased, " \u200b ", ""},
		{"cased", wordPieces, "The a A é", "▁The ▁a [UNK] ▁é"},
		{"no piece goes on", []string{"▁a"}, "a ab", "▁a [UNK]"},
		{"no piece starts", []string{"a"}, "a", "[UNK]"},
	} {
		v := wordVocab(c.pieces...)
		alg, d, err := newWordPiece(&v)
		if err != nil || !d.addBOS || !d.addSep || d.addEOS || d.spacePrefix {
			t.Fatalf("defaults %+v, error %v", d, err)
		}
		if got := texts(&v, alg.encode(nil, c.text, true)); got != c.want {
			t.Errorf("%s: %q is %q, want %q", c.name, c.text, got, c.want)
		}
	}
}

func TestWordPieceNeedsUnknown(t *testing.T) {
	v := wordVocab("▁a")
	v.UNK = -1
	if _, _, err := newWordPiece(&v); err == nil || !strings.Contains(err.Error(), "unknown token") {
		t.Errorf("got the error %v", err)
	}
}

// slowWords is the definition for words of lower-case ASCII letters: every piece is tried, the longest first.
func slowWords(v *Vocab, text string) string {
	have := map[string]bool{}
	for _, s := range v.Tokens {
		have[s] = true
	}
	var out []string
	for _, word := range strings.Fields(text) {
		var pieces []string
		for rest, mark := word, "▁"; rest != ""; mark = "" {
			n := len(rest)
			for n > 0 && !have[mark+rest[:n]] {
				n--
			}
			if n == 0 || len(word) > 100 {
				pieces = []string{"[UNK]"}
				break
			}
			pieces, rest = append(pieces, mark+rest[:n]), rest[n:]
		}
		out = append(out, pieces...)
	}
	return strings.Join(out, " ")
}

func FuzzWordPiece(f *testing.F) {
	f.Add("▁a ab b ▁ba aba", "aba ab ba baab")
	f.Add("▁a é", "É\u0301\xff人 ,a")
	f.Fuzz(func(t *testing.T, pieces, text string) {
		v := wordVocab()
		for _, p := range strings.Fields(pieces) {
			if !slices.Contains(v.Tokens, p) {
				v.add(p, Normal, 0)
			}
		}
		alg, _, err := newWordPiece(&v)
		if err != nil {
			t.Fatal(err)
		}
		ids := alg.encode(nil, text, true)
		if strings.Trim(text, "abcdefghijklmnopqrstuvwxyz ") == "" {
			if got, want := texts(&v, ids), slowWords(&v, text); got != want {
				t.Errorf("%q is %q, want %q", text, got, want)
			}
		}
	})
}

func TestWordPieceDoesNotAllocate(t *testing.T) {
	v := wordVocab(wordPieces...)
	alg, _, err := newWordPiece(&v)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("Unable, Café 人人 unb! ", 100)
	dst := alg.encode(nil, text, true)
	if n := testing.AllocsPerRun(50, func() { dst = alg.encode(dst[:0], text, true) }); n > mostAllocs {
		t.Errorf("%v allocations a call", n)
	}
	if got := string(alg.appendRaw(alg.appendRaw(nil, "▁un"), "able")); got != " unable" {
		t.Errorf("raw text of two pieces is %q", got)
	}
}
