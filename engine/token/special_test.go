package token

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// addTokens appends tokens of a kind to a vocabulary.
func addTokens(v *Vocab, k Kind, texts ...string) {
	for len(v.Kinds) < len(v.Tokens) {
		v.Kinds = append(v.Kinds, Normal)
	}
	for _, s := range texts {
		v.Tokens, v.Kinds = append(v.Tokens, s), append(v.Kinds, k)
	}
}

// pieces shows an encoding: special tokens in braces.
func pieces(tok *Tokenizer, ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		if tok.Kind(id) == Normal {
			b.WriteString(tok.Piece(id))
		} else {
			b.WriteString("{" + tok.Text(id) + "}")
		}
	}
	return b.String()
}

// TestSpecialTokens: the longest token at the first place where one stands; control tokens only when special tokens are parsed.
func TestSpecialTokens(t *testing.T) {
	v := newVocab("gpt-2", "a b")
	addTokens(&v, Control, "<s>", "<s>x", "<a>", "<abc>", "éé")
	addTokens(&v, UserDefined, "  ", "    ", "<tool>", "<too", "<s>xyz")
	addTokens(&v, Unknown, "<unk>")
	tok := mustNew(t, v)
	for _, c := range []struct {
		text, plain, special string
	}{
		{"", "", ""},
		{"ab", "ab", "ab"},
		{"<s>", "<s>", "{<s>}"},
		{"<s><s>", "<s><s>", "{<s>}{<s>}"},
		{"a<s>xy", "a<s>xy", "a{<s>x}y"},
		{"<s>xyz", "{<s>xyz}", "{<s>xyz}"}, // longer than the control token <s>x
		{"<a<ab<abc<abc>", "<a<ab<abc<abc>", "<a<ab<abc{<abc>}"},
		{"<tool>", "{<tool>}", "{<tool>}"},
		{"<tools<to", "{<too}ls<to", "{<too}ls<to"},
		{"     b", "{    } b", "{    } b"},
		{"      b", "{    }{  }b", "{    }{  }b"},
		{"caf\xc3", "caf\ufffd", "caf\ufffd"},
		{"caféé<", "caféé<", "caf{éé}<"},
		{"<unk>", "<unk>", "{<unk>}"},
	} {
		for i, want := range []string{c.plain, c.special} {
			if got := pieces(tok, tok.Encode(c.text, Options{ParseSpecial: i == 1})); got != want {
				t.Errorf("%q, special %v: got %q, want %q", c.text, i == 1, got, want)
			}
		}
	}
}

// TestStripRight: the tokens that Phi-3 added take the white space after them along; in other models nothing does.
func TestStripRight(t *testing.T) {
	for name, want := range map[string]string{
		"Phi-3-mini": "{<|user|>}ab{<s>} \nab{<|end|>}",
		"other":      "{<|user|>} \t\nab{<s>} \nab{<|end|>}  ",
	} {
		v := newVocab("gpt-2", "a b")
		v.Name = name
		addTokens(&v, Control, "<s>", "<|user|>", "<|end|>")
		tok := mustNew(t, v)
		if got := pieces(tok, tok.Encode("<|user|> \t\nab<s> \nab<|end|>  ", Options{ParseSpecial: true})); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// TestSpecialManyTokens: ten thousand added tokens, and a text made to look like them at every byte.
func TestSpecialManyTokens(t *testing.T) {
	v := newVocab("gpt-2", "a b")
	for i := range 10_000 {
		addTokens(&v, UserDefined, fmt.Sprintf("<extra_%d>", i))
	}
	addTokens(&v, UserDefined, strings.Repeat("<", 60)+">")
	tok := mustNew(t, v)
	got := tok.Encode("<extra_77><extra_9999><extra_10000>", Options{})
	if want := []int32{257 + 77, 257 + 9999}; !slices.Equal(got[:2], want) || tok.Decode(got, true) != "<extra_77><extra_9999><extra_10000>" {
		t.Errorf("got %v, want it to begin with %v", got, want)
	}
	start := time.Now()
	tok.Count(strings.Repeat("<", 1<<20), Options{})
	if d := time.Since(start); d > 5*slower*time.Second {
		t.Errorf("one megabyte takes %v", d)
	}
}

// TestKindsByText: tokens whose text tells their task are given its kind.
func TestKindsByText(t *testing.T) {
	type kinds map[string]string // kind and, with a star, end of generation
	for _, c := range []struct {
		name     string
		declared Kind
		tokens   string
		merges   []string
		want     kinds
	}{
		{"ends declared normal", Normal, "<|im_end|> <|eot_id|> <end_of_turn> <|im_start|> <|fim_prefix|>", nil,
			kinds{"<|im_end|>": "3*", "<|eot_id|>": "3*", "<end_of_turn>": "3*", "<|im_start|>": "1", "<|fim_prefix|>": "3"}},
		{"user-defined", UserDefined, "</s> <think> <｜fim▁hole｜> <|file_sep|>", nil,
			kinds{"</s>": "3*", "<think>": "4", "<｜fim▁hole｜>": "3", "<|file_sep|>": "3*"}},
		{"a piece of merges is text", Normal, "</ s> </s>", []string{"< /", "s >", "</ s>"}, kinds{"</s>": "1"}},
		{"harmony", Control, "<|channel|> <|message|> <|start|> <|constrain|> <|end|> <|return|> <|call|> <|endoftext|>", nil,
			kinds{"<|channel|>": "4", "<|message|>": "4", "<|start|>": "4", "<|constrain|>": "4", "<|end|>": "4", "<|return|>": "3*", "<|call|>": "3*",
				"<|endoftext|>": "3*"}},
		{"end of a turn elsewhere", Control, "<|end|> <|return|>", nil, kinds{"<|end|>": "3*", "<|return|>": "3*"}},
		{"Gemma 4", UserDefined, "</s> <|tool_response>", nil, kinds{"</s>": "1", "<|tool_response>": "3*"}},
	} {
		v := newVocab("gpt-2", append([]string{"a b"}, c.merges...)...)
		for _, s := range strings.Fields(c.tokens) {
			if !slices.Contains(v.Tokens, s) {
				addTokens(&v, c.declared, s)
			}
		}
		tok := mustNew(t, v)
		for text, want := range c.want {
			id := int32(slices.Index(v.Tokens, text))
			got := fmt.Sprint(tok.Kind(id))
			if tok.IsEOG(id) {
				got += "*"
			}
			if got != want {
				t.Errorf("%s: %s is %s, want %s", c.name, text, got, want)
			}
		}
	}
}
