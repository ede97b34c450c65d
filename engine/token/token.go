// Package token turns text into token ids and ids back into text, the way the vocabulary of a model defines it.
// It takes a plain Vocab struct, which it also reads from the files of Hugging Face folders, and imports nothing else of linnet.
package token

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

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
	Model  string    // tokenizer.ggml.model: "llama" (SentencePiece BPE), "gpt2" (byte-level BPE), "bert" (WordPiece), "t5" (Unigram)
	Pre    string    // tokenizer.ggml.pre: the pre-tokenizer of a byte-level BPE
	Name   string    // general.name: a few models are recognised by it
	Tokens []string  // [vocab]
	Scores []float32 // [vocab] or empty; a "llama" vocabulary without has merges
	Kinds  []Kind    // [vocab] or empty (all Normal)
	Merges []string  // "left right", the best first

	BOS, EOS, EOT, EOM, UNK, SEP, PAD, CLS, MASK int // ids; -1: none

	AddBOS, AddEOS, AddSpacePrefix, RemoveExtraSpaces *bool  // nil: the tokenizer's own default
	CharsMap                                          []byte // tokenizer.ggml.precompiled_charsmap (Unigram)

	Match []Match // [vocab] or empty: how special tokens are found
	Rules *Rules  // of a tokenizer.json; nil: as the names above imply
}

// Options of Encode.
type Options struct {
	AddSpecial   bool // add what the vocabulary asks for: BOS, EOS, CLS, SEP
	ParseSpecial bool // the text of a control token becomes that token; false: it is plain text
}

// An algorithm is one way to cut plain text into tokens. It is safe for concurrent use.
type algorithm interface {
	// encode appends the ids of one fragment: a text between two special tokens, never empty. first says that nothing or a
	// special token stands before it (where SentencePiece puts its space prefix). It does not allocate per token.
	encode(dst []int32, text string, first bool) []int32

	// appendRaw appends the bytes that a Normal token with this text stands for, such as " the" for "▁the" or "Ġthe".
	appendRaw(dst []byte, text string) []byte
}

// A normalizer is an algorithm that rewrites a fragment before it cuts it. Of the result it makes the same if it is told what is returned as
// first: whether a space goes before it still.
type normalizer interface {
	normalize(text string, first bool) (string, bool)
}

// defaults are what a tokenizer does where the file is silent.
type defaults struct {
	addBOS, addEOS, addSep bool // addSep: SEP closes a text
	spacePrefix            bool // a space is put before the text; TrimPrefix takes it off again
}

// A Tokenizer encodes and decodes with one vocabulary. It does not change after New and is safe for concurrent use.
type Tokenizer struct {
	v       Vocab // Kinds has an entry for every token, after the rules of kinds.go
	alg     algorithm
	pieces  []string // [vocab] raw bytes
	special matcher
	late    *matcher // of special tokens that are found in normalized text; nil: there are none
	once    bool     // the algorithm hears of the start of a text only
	eog     []bool   // [vocab]
	prefix  []int32
	suffix  []int32 // what AddSpecial puts before and after a text
	trim    bool    // TrimPrefix takes one leading space off
	buffers sync.Pool
}

// New checks a vocabulary and prepares its tokenizer. The error names the field at fault, or the model or
// pre-tokenizer that is not supported.
func New(v Vocab) (*Tokenizer, error) {
	texts, err := v.check()
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{v: v}
	t.v.Kinds, t.eog = classify(&v)
	t.v.fillRoles()
	alg, def, err := newAlgorithm(&t.v, texts)
	if err != nil {
		return nil, err
	}
	t.alg = alg
	t.pieces = rawPieces(&t.v, alg)
	t.findSpecial()
	t.ends(def)
	t.buffers.New = func() any { return new([]int32) }
	return t, nil
}

// newAlgorithm picks the algorithm that the vocabulary asks for. v has passed check and has a Kind for every token.
func newAlgorithm(v *Vocab, texts *index) (algorithm, defaults, error) {
	switch v.Model {
	case "gpt2":
		return newBPE(v, texts)
	case "llama":
		return newSPM(v, texts)
	case "t5":
		return newUnigram(v)
	case "bert":
		return newWordPiece(v)
	}
	return nil, defaults{}, fmt.Errorf("token: tokenizer model %q is not supported", v.Model)
}

// Encode returns the ids of a text.
func (t *Tokenizer) Encode(text string, o Options) []int32 {
	return t.AppendEncode(make([]int32, 0, len(text)/3+8), text, o)
}

// AppendEncode appends the ids of a text to dst.
func (t *Tokenizer) AppendEncode(dst []int32, text string, o Options) []int32 {
	if o.AddSpecial {
		dst = append(dst, t.prefix...)
	}
	first := true
	for len(text) > 0 {
		m := t.special.next(text, o.ParseSpecial)
		if m.start > 0 {
			if t.late == nil {
				dst = t.alg.encode(dst, text[:m.start], first)
			} else {
				dst = t.encodeLate(dst, text[:m.start], first, o)
			}
		}
		first = !t.once
		if m.id >= 0 {
			dst = append(dst, m.id)
		}
		text = text[m.end:]
	}
	if o.AddSpecial {
		dst = append(dst, t.suffix...)
	}
	return dst
}

// encodeLate appends the ids of a fragment in which special tokens are found after it was normalized.
func (t *Tokenizer) encodeLate(dst []int32, text string, first bool, o Options) []int32 {
	if n, ok := t.alg.(normalizer); ok {
		text, first = n.normalize(text, first)
	}
	for len(text) > 0 {
		m := t.late.next(text, o.ParseSpecial)
		if m.start > 0 {
			dst = t.alg.encode(dst, text[:m.start], first)
		}
		first = first && !t.once
		if m.id >= 0 {
			dst = append(dst, m.id)
		}
		text = text[m.end:]
	}
	return dst
}

// Count returns the number of ids that Encode gives. It does not allocate per token.
func (t *Tokenizer) Count(text string, o Options) int {
	buf := t.buffers.Get().(*[]int32)
	*buf = t.AppendEncode((*buf)[:0], text, o)
	n := len(*buf)
	t.buffers.Put(buf)
	return n
}

// rawPieces returns the bytes each token stands for.
func rawPieces(v *Vocab, alg algorithm) []string {
	return blockStrings(len(v.Tokens), func(block []byte, id int) []byte {
		s := v.Tokens[id]
		switch k := v.Kinds[id]; {
		case k == Byte:
			b, _ := byteOf(s)
			return append(block, b)
		case k == Normal, v.Rules != nil && (v.Model == "llama" || v.Model == "t5"): // their decoders write the spaces of all tokens
			return alg.appendRaw(block, s)
		}
		return append(block, s...)
	})
}

// blockStrings makes n strings in one block of memory: add appends that of an id.
func blockStrings(n int, add func(block []byte, id int) []byte) []string {
	var block []byte
	ends := make([]int, n)
	for id := range ends {
		block = add(block, id)
		ends[id] = len(block)
	}
	all, start := string(block), 0
	s := make([]string, n)
	for id, end := range ends {
		s[id], start = all[start:end], end
	}
	return s
}

// byteOf reads the text of a Byte token, "<0x0A>".
func byteOf(text string) (byte, bool) {
	if len(text) != 6 || text[:3] != "<0x" || text[5] != '>' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[3:5], 16, 8)
	return byte(n), err == nil
}

// ends settles what AddSpecial adds: what the file says, or the tokenizer's default.
func (t *Tokenizer) ends(d defaults) {
	t.trim = d.spacePrefix
	if r := t.v.Rules; r != nil {
		t.prefix, t.suffix, t.once = r.Before, r.After, r.PrefixOnce
		return
	}
	if t.v.AddBOS != nil {
		d.addBOS = *t.v.AddBOS
	}
	if t.v.AddEOS != nil {
		d.addEOS = *t.v.AddEOS
	}
	if bos := t.BOS(); d.addBOS && bos >= 0 {
		t.prefix = append(t.prefix, bos)
	}
	if d.addSep && t.v.SEP >= 0 {
		t.suffix = append(t.suffix, int32(t.v.SEP))
	}
	if d.addEOS && t.v.EOS >= 0 {
		t.suffix = append(t.suffix, int32(t.v.EOS))
	}
}

// Len returns the number of tokens in the vocabulary.
func (t *Tokenizer) Len() int { return len(t.pieces) }

// BOS returns the token that opens a text (CLS for BERT), or -1.
func (t *Tokenizer) BOS() int32 {
	if t.v.BOS < 0 {
		return int32(t.v.CLS)
	}
	return int32(t.v.BOS)
}

// EOS returns the token that closes a text, or -1.
func (t *Tokenizer) EOS() int32 { return int32(t.v.EOS) }

// AddsBOS reports whether AddSpecial puts BOS before a text.
func (t *Tokenizer) AddsBOS() bool { return len(t.prefix) > 0 }

// IsEOG reports whether a token ends a generation.
func (t *Tokenizer) IsEOG(id int32) bool { return t.has(id) && t.eog[id] }

// Kind returns what a token is for; Unknown where the vocabulary has no such id.
func (t *Tokenizer) Kind(id int32) Kind {
	if !t.has(id) {
		return Unknown
	}
	return t.v.Kinds[id]
}

// Text returns a token as the vocabulary writes it, such as "Ġthe" or "<0x0A>".
func (t *Tokenizer) Text(id int32) string {
	if !t.has(id) {
		return ""
	}
	return t.v.Tokens[id]
}

// Piece returns the bytes a token stands for, such as " the", which need not be whole characters; nothing where the
// vocabulary has no such id.
func (t *Tokenizer) Piece(id int32) string {
	if !t.has(id) {
		return ""
	}
	return t.pieces[id]
}

func (t *Tokenizer) has(id int32) bool { return uint32(id) < uint32(len(t.pieces)) }

// shown is the piece of a token in a decoded text.
func (t *Tokenizer) shown(id int32, special bool) string {
	if !special && t.has(id) && (t.v.Kinds[id] == Control || t.v.Kinds[id] == Unknown || t.v.Kinds[id] == Unused) {
		return ""
	}
	return t.Piece(id)
}

// Decode joins the pieces of the ids. special: control tokens are shown as their text; otherwise they give nothing. The
// space that SentencePiece puts before a text stays; TrimPrefix takes it off.
func (t *Tokenizer) Decode(ids []int32, special bool) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(t.shown(id, special))
	}
	return b.String()
}

// TrimPrefix takes from a decoded text the one space that the tokenizer puts before every text.
func (t *Tokenizer) TrimPrefix(text string) string {
	if t.trim {
		return strings.TrimPrefix(text, " ")
	}
	return text
}
