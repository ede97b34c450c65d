// Package token turns text into token ids and ids back into text, the way the vocabulary of a model defines it.
// It takes a plain Vocab struct, knows no file format, and imports nothing else of linnet.
package token

// Kind says what a token is for, by its number in the GGUF format (tokenizer.ggml.token_type).
type Kind uint8

const (
	Normal      Kind = 1
	Unknown     Kind = 2
	Control     Kind = 3 // <s>, <|eot_id|>: found in a text only when special tokens are parsed
	UserDefined Kind = 4 // found in a text always, before anything else
	Unused      Kind = 5
	Byte        Kind = 6 // <0x0A>
)

// Vocab is a vocabulary as a file states it.
type Vocab struct {
	Model  string    // tokenizer.ggml.model: "llama" (SentencePiece), "gpt2" (byte-level BPE), "bert" (WordPiece), "t5" (Unigram)
	Pre    string    // tokenizer.ggml.pre: the pre-tokenizer of a byte-level BPE
	Name   string    // general.name: a few models are recognised by it
	Tokens []string  // [vocab]
	Scores []float32 // [vocab] or empty
	Kinds  []Kind    // [vocab] or empty (all Normal)
	Merges []string  // "left right", the best first

	BOS, EOS, EOT, EOM, UNK, SEP, PAD, CLS, MASK int // ids; -1: none

	AddBOS, AddEOS, AddSpacePrefix, RemoveExtraSpaces *bool // nil: the tokenizer's own default
	CharsMap                                          []byte // tokenizer.ggml.precompiled_charsmap (Unigram)
}

// Options of Encode.
type Options struct {
	AddSpecial   bool // add what the vocabulary asks for: BOS, EOS, CLS, SEP
	ParseSpecial bool // the text of a control token becomes that token; false: it is plain text
}
