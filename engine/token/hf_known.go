package token

import (
	"fmt"
	"strings"
)

// The normalizers, pre-tokenizers and decoders that are known, as describe writes them. A file with another one is refused; its regular
// expressions are compared with these texts and never run.

const (
	prependMark   = `Prepend(prepend="▁")`
	markSpaces    = `Replace(content="▁" pattern=String:" ")`
	squeezeSpaces = `Replace(content=" " pattern=Regex:" {2,}")`
	squeezeToMark = `Replace(content="▁" pattern=Regex:" {2,}")`
	splitSpaces   = `Split(behavior="MergedWithPrevious" invert=false pattern=String:" ")`
	stripEnd      = `Strip(strip_left=false strip_right=true)`
	byteLevel     = ` ByteLevel(add_prefix_space=false use_regex=false)`
	gpt2Words     = `ByteLevel(add_prefix_space=false use_regex=true)`
	eachDigit     = `Digits(individual_digits=true)`
)

// isolated is the pre-tokenizer that makes pieces of what a regular expression matches and of what lies between.
func isolated(regex string) string {
	return fmt.Sprintf(`Split(behavior="Isolated" invert=false pattern=Regex:%q)`, regex)
}

// matched is the pre-tokenizer that drops what a regular expression does not match: nothing, with those that it is used with.
func matched(regex string) string {
	return fmt.Sprintf(`Split(behavior="Removed" invert=true pattern=Regex:%q)`, regex)
}

const (
	blanks      = `|\s*[\r\n]+|\s+(?!\S)|\s+`
	apostrophes = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
	gpt2Regex   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	cl100kRegex = apostrophes + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*` + blanks
	qwenRegex   = apostrophes + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*` + blanks
	seedRegex   = apostrophes + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+` + blanks
	qwen35Regex = apostrophes + `|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*` + blanks

	upperLower    = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`
	upperLower2   = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*`
	o200kRegex    = upperLower + apostrophes + `?|` + upperLower2 + apostrophes + `?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*` + blanks
	tekkenRegex   = upperLower + `|` + upperLower2 + `|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*` + blanks
	deepseekRegex = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]" + `[A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*` + blanks
	cjkRegex      = `[一-龥ࠀ-一가-퟿]+`
	bloomRegex    = ` ?[^(\s|[.,!?…。，、।۔،])]+`
)

// knownSplits are the pre-tokenizers of byte-level BPE with the names that they go by in findPretokenizer: more than one where models differ in
// normalization and whole words alone.
var knownSplits = []struct {
	steps string
	names []string
}{
	{gpt2Words, []string{"gpt-2"}},
	{isolated(gpt2Regex) + byteLevel, []string{"gpt-2"}},
	{eachDigit + " " + gpt2Words, []string{"starcoder", "command-r"}},
	{isolated(cl100kRegex) + byteLevel, []string{"llama-bpe", "dbrx"}},
	{matched(cl100kRegex) + byteLevel, []string{"llama-bpe", "dbrx"}},
	{isolated(qwenRegex) + byteLevel, []string{"qwen2", "stablelm2"}},
	{isolated(qwen35Regex) + byteLevel, []string{"qwen35"}},
	{isolated(o200kRegex) + byteLevel, []string{"gpt-4o", "kanana2"}},
	{matched(o200kRegex) + byteLevel, []string{"gpt-4o", "kanana2"}},
	{isolated(tekkenRegex) + byteLevel, []string{"tekken"}},
	{isolated(`\p{N}{1,3}`) + " " + isolated(`[一-龥぀-ゟ゠-ヿ]+`) + " " + isolated(deepseekRegex) + byteLevel, []string{"deepseek-v3"}},
	{isolated(`[\r\n]`) + " " + isolated(`\s?\p{L}+`) + " " + isolated(`\s?\p{P}+`) + " " + isolated(cjkRegex) + " " + eachDigit + byteLevel, []string{"deepseek-coder"}},
	{isolated(`[\r\n]`) + " " + isolated(`\s?`+deepseekLetters.regex()+`+`) + " " + isolated(`\s?[!-/:-~！-／：-～‘-‟　-。]+`) + " " + isolated(`\s+$`) + " " +
		isolated(cjkRegex) + " " + eachDigit + byteLevel, []string{"deepseek-llm"}},
	{isolated(seedRegex) + byteLevel, []string{"seed-coder"}},
	{isolated(bloomRegex) + byteLevel, []string{"bloom"}},
	{isolated(bloomRegex) + " " + eachDigit + byteLevel, []string{"viking"}},
	{`Punctuation(behavior="Contiguous") ` + gpt2Words + ` Digits(individual_digits=false) ` + isolated(`[0-9][0-9][0-9]`), []string{"falcon-original"}},
}

// regex writes a set of characters as regular expressions do.
func (t runeRanges) regex() string {
	var b strings.Builder
	for _, r := range t {
		b.WriteRune(r[0])
		if r[1] > r[0]+1 {
			b.WriteByte('-')
		}
		if r[1] > r[0] {
			b.WriteRune(r[1])
		}
	}
	return "[" + b.String() + "]"
}
