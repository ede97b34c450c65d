package token

import (
	"fmt"
	"slices"
)

// Rules are what a tokenizer.json says and a GGUF file cannot: they take the place of what the tokenizer would do by the names in a Vocab.
type Rules struct {
	Before, After []int32 // ids that AddSpecial puts before and after a text, in place of what AddBOS and AddEOS say

	Normalizer string // byte-level BPE: "nfc", "nfkc" or none, in place of what Pre implies
	WholeWords bool   // byte-level BPE: a word that is a token is that token, whatever the merges say, in place of what Pre implies

	PrefixOnce  bool      // the space prefix stands at the start of a text only, not after special tokens inside it
	PrefixAlone bool      // no space prefix before a text that begins with a space
	Spaces      SpaceRule // Unigram

	Lowercase, StripAccents, Ideographs bool // WordPiece; Ideographs: each is a word
}

// Match says how a special token is found in a text.
type Match uint8

const (
	StripLeft  Match = 1 << iota // white space before it belongs to it
	StripRight                   // white space after it belongs to it
	Normalized                   // looked for after the others, in what the normalizer makes of the text between them
)

// SpaceRule is what a Unigram tokenizer does with white space.
type SpaceRule uint8

const (
	SplitSpaces   SpaceRule = iota // any run of white space parts two words, those at the ends nothing
	SqueezeSpaces                  // runs of U+0020 become one; white space at the end goes
	KeepSpaces
)

// check reports what does not fit a vocabulary of n tokens.
func (r *Rules) check(n int) error {
	if r == nil {
		return nil
	}
	for _, id := range slices.Concat(r.Before, r.After) {
		if id < 0 || int(id) >= n {
			return fmt.Errorf("token: id %d, which goes around a text, is outside the vocabulary of %d tokens", id, n)
		}
	}
	return nil
}

// normal returns what brings a text into the form of Unicode; nil: nothing.
func (r *Rules) normal() (func(string) string, error) {
	switch r.Normalizer {
	case "":
		return nil, nil
	case "nfc":
		return nfc, nil
	case "nfkc":
		return nfkc, nil
	}
	return nil, fmt.Errorf("token: normalizer %q is not supported", r.Normalizer)
}
