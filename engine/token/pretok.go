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

var (
	digit  = runsOf(number, 1) // \p{N}
	cl100k = words{digits: 3, ends: "\r\n"}.split
	qwen   = words{digits: 1, ends: "\r\n"}.split
	o200k  = mixed{digits: 3, contractions: true}.split
	bos    = defaults{addBOS: true}
)

var pretokenizers = []struct {
	names []string
	pretokenizer
}{
	{[]string{"gpt-2", "mpt"}, pretokenizer{stages: []splitter{gpt2}}},
	{[]string{"llama-bpe"}, pretokenizer{stages: []splitter{cl100k}, wholeWords: true, defaults: bos}},
	{[]string{"qwen2"}, pretokenizer{stages: []splitter{qwen}, nfc: true}},
	{[]string{"gpt-4o"}, pretokenizer{stages: []splitter{o200k}, wholeWords: true}},
	{[]string{"starcoder"}, pretokenizer{stages: []splitter{digit, gpt2}}},
	{[]string{"falcon"}, pretokenizer{stages: []splitter{punctuationOr("$+<=>^~|`"), gpt2, threeDigits}}},
	{[]string{"deepseek-coder"}, pretokenizer{stages: []splitter{newlines, afterBlank(isLetter), afterBlank(isPunct), runsWhere(cjk), digit}}},
	{[]string{"deepseek-v3"}, pretokenizer{stages: []splitter{runsOf(number, 3), runsWhere(hanKana), matches(deepseek3)}}},
}
