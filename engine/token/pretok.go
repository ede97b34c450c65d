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
	digit  = digitRuns(1)
	cl100k = words{letters: letter, digits: 3, contractions: true, ends: "\r\n"}.split
	qwen   = words{letters: letter, digits: 1, contractions: true, ends: "\r\n"}.split
	o200k  = mixed{digits: 3, contractions: true}.split
	bos    = defaults{addBOS: true}
)

// The names are those that conversions to GGUF use; names in one row mean the same expressions. Where the expressions in use elsewhere depart
// from those of the model's own tokenizer.json (NFC, marks), the latter stand here.
var pretokenizers = []struct {
	names []string
	pretokenizer
}{
	{[]string{"gpt-2", "mpt", "olmo", "phi-2", "exaone4", "jais", "trillion", "granite-docling", "gigachat", "a.x-4.0", "mellum",
		"modern-bert", "roberta-bpe", "jina-es", "jina-de", "jina-v1-en", "jina-v2-code", "jina-v2-es", "jina-v2-de"},
		pretokenizer{stages: []splitter{gpt2}}},
	{[]string{"starcoder", "refact", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2"}, pretokenizer{stages: []splitter{digit, gpt2}}},
	{[]string{"command-r"}, pretokenizer{stages: []splitter{digit, gpt2}, nfc: true}},
	{[]string{"default"}, pretokenizer{stages: []splitter{runs(classOr{punct, "$+<=>^~|"}), gpt2, runs(number), threeDigits}}},
	{[]string{"falcon"}, pretokenizer{stages: []splitter{runs(classOr{punct, "$+<=>^~|`"}), gpt2, threeDigits}}},

	{[]string{"falcon-original"}, pretokenizer{stages: []splitter{runs(classOr{punct, "$+<=>^~|`"}), gpt2, numberBytes, threeDigits}}}, // of its tokenizer.json

	{[]string{"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"},
		pretokenizer{stages: []splitter{cl100k}, wholeWords: true, defaults: bos}},
	{[]string{"dbrx", "smaug-bpe", "glm4", "chatglm-bpe"}, pretokenizer{stages: []splitter{cl100k}}},
	{[]string{"qwen2", "deepseek-r1-qwen", "f2llmv2"}, pretokenizer{stages: []splitter{qwen}, nfc: true}},
	{[]string{"stablelm2", "hunyuan", "solar-open", "grok-2", "kormo", "megrez", "bailingmoe", "bailingmoe2", "llada-moe"},
		pretokenizer{stages: []splitter{qwen}}},
	{[]string{"qwen35"}, pretokenizer{stages: []splitter{words{letters: letter | mark, digits: 1, contractions: true, ends: "\r\n"}.split}, nfc: true}},
	{[]string{"seed-coder"}, pretokenizer{stages: []splitter{words{letters: letter, digits: 1, contractions: true}.split}}},
	{[]string{"ufakzeka"}, pretokenizer{stages: []splitter{words{letters: letter, digits: 1, ends: "\r\n"}.split}}},

	{[]string{"gpt-4o", "llama4"}, pretokenizer{stages: []splitter{o200k}, wholeWords: true}},
	{[]string{"kanana2", "talkie", "minimax-m2"}, pretokenizer{stages: []splitter{o200k}}},
	{[]string{"tekken"}, pretokenizer{stages: []splitter{mixed{digits: 1}.split}, wholeWords: true, defaults: bos}},

	{[]string{"deepseek-llm"}, pretokenizer{stages: []splitter{newlines, afterBlank(deepseekLetters), afterBlank(deepseekPunct),
		trailingBlank, runs(cjk), digit}}},
	{[]string{"deepseek-coder"}, pretokenizer{stages: []splitter{newlines, afterBlank(letter), afterBlank(punct), runs(cjk), digit}}},
	{[]string{"deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"}, pretokenizer{stages: []splitter{digitRuns(3), runs(hanKana), matches(deepseek3)}}},
	{[]string{"bloom", "gpt3-finnish", "poro-chat"}, pretokenizer{stages: []splitter{bloomWord}}},
	{[]string{"viking"}, pretokenizer{stages: []splitter{bloomWord, digit}}},
}
