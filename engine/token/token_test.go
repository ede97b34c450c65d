package token

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestCheck: faults that any vocabulary can have.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		change func(*Vocab)
		want   string
	}{
		{func(v *Vocab) { v.Tokens = nil }, `token: the vocabulary has no tokens`},
		{func(v *Vocab) { v.Tokens = make([]string, maxTokens+1) }, `token: the vocabulary has 2097153 tokens, at most 2097152 are supported`},
		{func(v *Vocab) { v.Scores = []float32{1} }, `token: 1 scores for 257 tokens`},
		{func(v *Vocab) { v.Scores = make([]float32, 257); v.Scores[3] = float32(math.NaN()) }, `token: token 3 has the score NaN`},
		{func(v *Vocab) { v.Scores = make([]float32, 257); v.Scores[3] = float32(math.Inf(-1)) }, `token: token 3 has the score -Inf`},
		{func(v *Vocab) { v.Kinds = []Kind{Normal} }, `token: 1 kinds for 257 tokens`},
		{func(v *Vocab) { v.Kinds = make([]Kind, 257) }, `token: token 0 has the unknown kind 0`},
		{func(v *Vocab) { v.Kinds = slices.Repeat([]Kind{7}, 257) }, `token: token 0 has the unknown kind 7`},
		{func(v *Vocab) { addTokens(v, Byte, "<0x-1>") }, `token: token 257 is a byte, but its text is "<0x-1>", not of the form "<0x0A>"`},
		{func(v *Vocab) { addTokens(v, Byte, "<0xZZ>") }, `token: token 257 is a byte, but its text is "<0xZZ>", not of the form "<0x0A>"`},
		{func(v *Vocab) { addTokens(v, Byte, "") }, `token: token 257 is a byte, but its text is "", not of the form "<0x0A>"`},
		{func(v *Vocab) { addTokens(v, Control, strings.Repeat("x", 1025)) }, `token: special token 257 has 1025 bytes, at most 1024 are supported`},
		{func(v *Vocab) { v.Tokens[7] = "ab" }, `token: tokens 7 and 256 have the same text "ab"`},
		{func(v *Vocab) { v.BOS = 257 }, `token: the bos id 257 is outside the vocabulary of 257 tokens`},
		{func(v *Vocab) { v.MASK = -2 }, `token: the mask id -2 is outside the vocabulary of 257 tokens`},
	} {
		v := newVocab("gpt-2", "a b")
		c.change(&v)
		if _, err := New(v); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	v := newVocab("gpt-2", "a b")
	addTokens(&v, Control, "", "")
	mustNew(t, v) // tokens without a text are found in no text, and do no harm
}

// TestAddSpecial: what the file says counts, then what the tokenizer does by itself.
func TestAddSpecial(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		pre            string
		bos, eos       int
		addBOS, addEOS *bool
		want           string
	}{
		{"gpt-2", 257, 258, nil, nil, "ab"},
		{"gpt-2", 257, 258, &yes, &yes, "{<s>}ab{<e>}"},
		{"gpt-2", -1, -1, &yes, &yes, "ab"},
		{"llama-bpe", 257, 258, nil, nil, "{<s>}ab"},
		{"llama-bpe", 257, 258, &no, nil, "ab"},
		{"llama-bpe", -1, 258, nil, &yes, "ab{<e>}"},
	} {
		v := newVocab(c.pre, "a b")
		addTokens(&v, Control, "<s>", "<e>")
		v.BOS, v.EOS, v.AddBOS, v.AddEOS = c.bos, c.eos, c.addBOS, c.addEOS
		tok := mustNew(t, v)
		if got := pieces(tok, tok.Encode("ab", Options{AddSpecial: true})); got != c.want {
			t.Errorf("%s %d %d: got %s, want %s", c.pre, c.bos, c.eos, got, c.want)
		}
		if got := pieces(tok, tok.Encode("ab", Options{})); got != "ab" {
			t.Errorf("%s: got %s without AddSpecial", c.pre, got)
		}
		if got, want := tok.AddsBOS(), strings.HasPrefix(c.want, "{<s>}"); got != want {
			t.Errorf("%s: AddsBOS is %v", c.pre, got)
		}
		if tok.BOS() != int32(c.bos) || tok.EOS() != int32(c.eos) || tok.IsEOG(258) != (c.eos == 258) || tok.IsEOG(257) {
			t.Errorf("%s: BOS %d, EOS %d, IsEOG %v", c.pre, tok.BOS(), tok.EOS(), tok.IsEOG(258))
		}
	}
}

// TestTokens: single tokens, and ids that the vocabulary does not have.
func TestTokens(t *testing.T) {
	v := newVocab("gpt-2", "Ġ a")
	addTokens(&v, Control, "<s>", "ĠĠ")
	addTokens(&v, Unused, "[unused7]")
	addTokens(&v, Normal, "日本") // not in the alphabet of bytes: stands for itself
	tok := mustNew(t, v)
	for _, c := range []struct {
		id          int32
		kind        Kind
		text, piece string
	}{
		{'a', Normal, "a", "a"}, {'\n', Normal, "Ċ", "\n"}, {0xFF, Normal, "ÿ", "\xff"}, {256, Normal, "Ġa", " a"},
		{257, Control, "<s>", "<s>"}, {258, Control, "ĠĠ", "ĠĠ"}, {259, Unused, "[unused7]", "[unused7]"}, {260, Normal, "日本", "日本"},
		{261, Unknown, "", ""}, {-1, Unknown, "", ""}, {math.MaxInt32, Unknown, "", ""}, {math.MinInt32, Unknown, "", ""},
	} {
		if got := fmt.Sprintf("%d %q %q", tok.Kind(c.id), tok.Text(c.id), tok.Piece(c.id)); got != fmt.Sprintf("%d %q %q", c.kind, c.text, c.piece) {
			t.Errorf("token %d: got %s, want %d %q %q", c.id, got, c.kind, c.text, c.piece)
		}
		if tok.IsEOG(c.id) {
			t.Errorf("token %d ends a generation", c.id)
		}
	}
	if n := tok.Len(); n != 261 {
		t.Errorf("%d tokens, want 261", n)
	}
	ids := []int32{257, 256, 259, 'b', -5}
	if got := tok.Decode(ids, true); got != "<s> a[unused7]b" {
		t.Errorf("decoded %q", got)
	}
	if got := tok.Decode(ids, false); got != " ab" {
		t.Errorf("decoded without special tokens %q", got)
	}
	if got := tok.TrimPrefix(" a"); got != " a" {
		t.Errorf("a byte-level BPE puts no space before a text, but TrimPrefix gives %q", got)
	}
}

// TestConcurrent: one tokenizer serves many goroutines, which all meet its words for the first time.
func TestConcurrent(t *testing.T) {
	v := train("gpt-2", lesson, 300)
	tok := mustNew(t, v)
	text := lesson + strings.Repeat("there", 1000)
	want := encodeSlowly(v, text)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := tok.Encode(text, Options{}); !slices.Equal(got, want) {
				t.Errorf("got %d tokens, want %d", len(got), len(want))
			}
		})
	}
	wg.Wait()
}

// hostileVocab reads a vocabulary of any shape out of a text: its first line is model, pre-tokenizer and an id for every role, a line "m ..." is
// a merge, any other line its kind and its token.
func hostileVocab(text string) Vocab {
	head, rest, _ := strings.Cut(text, "\n")
	var v Vocab
	id := -1
	fmt.Sscanf(head, "%s %s %d", &v.Model, &v.Pre, &id)
	v.BOS, v.EOS, v.EOT, v.EOM, v.UNK, v.SEP, v.PAD, v.CLS, v.MASK = id, id, -1, -1, id, id, -1, id, -1
	v.CharsMap = []byte(head)
	for _, line := range strings.Split(rest, "\n") {
		if m, ok := strings.CutPrefix(line, "m "); ok {
			v.Merges = append(v.Merges, m)
			continue
		}
		kind := Normal
		if line != "" && line[0] <= '9' {
			kind, line = Kind(line[0]-'0'), line[1:]
		}
		v.Tokens, v.Kinds, v.Scores = append(v.Tokens, line), append(v.Kinds, kind), append(v.Scores, -float32(len(v.Tokens)))
	}
	return v
}

// FuzzNew: a vocabulary from a stranger is refused with an error, or serves any text.
func FuzzNew(f *testing.F) {
	f.Add("gpt2 gpt-2 1\na\nb\nab\n3<s>\n4  \nm a b", "ab<s> abba  \xff")
	f.Add("gpt2 qwen2 -1\na\nm a a\naa\nm aa aa\naaaa", "aaaaaaaaaaa e\u0301")
	f.Add("llama default 0\n2<unk>\n3<s>\n3</s>\n6<0x61>\n6<0x-1>\n▁\nab\n▁ab\nb", "ab cab <s>")
	f.Add("t5 default 2\n3<pad>\n3</s>\n2<unk>\n▁a\nb\nab\n5c", "ab  ab\tc")
	f.Add("bert x 0\n3[UNK]\n3[CLS]\n3[SEP]\n▁a\nb\n▁ab", "Ab, abc é")
	f.Fuzz(func(t *testing.T, vocab, text string) {
		tok, err := New(hostileVocab(vocab))
		if err != nil {
			return
		}
		for _, o := range []Options{{}, {AddSpecial: true, ParseSpecial: true}} {
			ids := tok.Encode(text, o)
			s := tok.Stream(true)
			var streamed []byte
			for _, id := range ids {
				if id < 0 || int(id) >= tok.Len() {
					t.Fatalf("id %d in a vocabulary of %d tokens", id, tok.Len())
				}
				streamed = s.AppendPush(streamed, id)
			}
			if got, want := string(streamed)+s.Flush(), tok.Decode(ids, true); got != want {
				t.Errorf("streamed %+q, decoded %+q", got, want)
			}
		}
	})
}
