package token

import "fmt"

// A pretokenizer cuts a text into words; merges never cross the border of a word. Vocabularies publish theirs as
// regular expressions. Here each is a chain of splitters, each cutting the pieces of the one before further.
type pretokenizer struct {
	stages     []splitter
	nfc        bool // normalize first
	wholeWords bool // a word that is a token is that token, whatever the merges say
	defaults
}

// A splitter returns the length in bytes of the first piece of a non-empty, valid text. What its expression does not match, up
// to the next match, is a piece too.
type splitter func(u *classes, s string) int

// findPretokenizer looks a pre-tokenizer up by the name that a file gives (tokenizer.ggml.pre).
func findPretokenizer(name string) (*pretokenizer, error) {
	for i := range pretokenizers {
		for _, n := range pretokenizers[i].names {
			if n == name {
				return &pretokenizers[i].pretokenizer, nil
			}
		}
	}
	return nil, fmt.Errorf("token: pre-tokenizer %q is not supported", name)
}

var pretokenizers = []struct {
	names []string
	pretokenizer
}{
	{[]string{"gpt-2", "mpt"}, pretokenizer{stages: []splitter{gpt2}}},
	{[]string{"llama-bpe"}, pretokenizer{stages: []splitter{words{digits: 3, ends: "\r\n"}.split}, wholeWords: true, defaults: defaults{addBOS: true}}},
	{[]string{"qwen2"}, pretokenizer{stages: []splitter{words{digits: 1, ends: "\r\n"}.split}, nfc: true}},
}
