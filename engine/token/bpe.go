package token

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// bpe is byte-level byte-pair encoding: a pre-tokenizer cuts the text into words, and the bytes of a word merge, pair by pair,
// in the order of the merge list. Source: Sennrich et al. 2016, Radford et al. 2019.
type bpe struct {
	stages     []splitter
	normal     func(string) string // brings a text into a form of Unicode first; nil: none
	wholeWords bool                // a word that is a token is that token, whatever the merges say
	u          *classes
	words      *index // bytes of a token → token
	merges     *merges
	unk        int32

	// rebuilt holds two bits a token, found when a text first has the token as a word: do merges make it of its bytes?
	// 1: yes, 3: no. Everyone who asks finds the same, so that a lost write costs only time.
	rebuilt []atomic.Uint32
	states  sync.Pool
}

// newBPE takes the index of the tokens by their texts beside them.
func newBPE(v *Vocab, texts *index) (algorithm, defaults, error) {
	pre, err := findPretokenizer(v.Pre)
	if err != nil {
		return nil, defaults{}, err
	}
	if len(v.Merges) == 0 {
		return nil, defaults{}, fmt.Errorf("token: byte-level BPE needs a list of merges")
	}
	b := &bpe{stages: pre.stages, wholeWords: pre.wholeWords, u: unicodeClasses(), unk: int32(v.UNK)}
	if pre.nfc {
		b.normal = nfc
	}
	if v.Rules != nil {
		b.wholeWords = v.Rules.WholeWords
		if b.normal, err = v.Rules.normal(); err != nil {
			return nil, defaults{}, err
		}
	}
	raw := blockStrings(len(v.Tokens), func(block []byte, id int) []byte {
		if v.Kinds[id] == Normal || v.Kinds[id] == UserDefined {
			if longer, ok := appendBytes(block, v.Tokens[id]); ok {
				return longer
			}
		}
		return block
	})
	b.words = newIndex(raw, func(id int) bool { return v.Kinds[id] == Normal })
	if b.merges, err = newMerges(v.Merges, texts, raw); err != nil {
		return nil, defaults{}, err
	}
	b.rebuilt = make([]atomic.Uint32, (len(raw)+15)/16)
	b.states.New = func() any { return new(mergeState) }
	return b, pre.defaults, nil
}

// byteRunes is the alphabet in which a vocabulary writes bytes: printable Latin-1 as itself, the others as U+0100 and up.
// runeBytes is its inverse; -1: not in the alphabet.
var byteRunes, runeBytes = func() (runes [256]rune, inverse [324]int16) {
	for i := range inverse {
		inverse[i] = -1
	}
	other := rune(256)
	for b := range runes {
		runes[b] = rune(b)
		if b < '!' || b > '~' && b < 0xA1 || b == 0xAD {
			runes[b] = other
			other++
		}
		inverse[runes[b]] = int16(b)
	}
	return runes, inverse
}()

// appendBytes reads a token written in the alphabet of bytes; ok is false when a character is not in it.
func appendBytes(dst []byte, text string) (_ []byte, ok bool) {
	for _, r := range text {
		if int(r) >= len(runeBytes) || runeBytes[r] < 0 {
			return dst, false
		}
		dst = append(dst, byte(runeBytes[r]))
	}
	return dst, true
}

func (b *bpe) appendRaw(dst []byte, text string) []byte {
	if raw, ok := appendBytes(dst, text); ok {
		return raw
	}
	return append(dst, text...)
}

func (b *bpe) encode(dst []int32, text string, first bool) []int32 {
	text, _ = b.normalize(text, first)
	return b.split(dst, text, b.stages)
}

func (b *bpe) normalize(text string, first bool) (string, bool) {
	if !utf8.ValidString(text) {
		text = repair(text)
	}
	if b.normal != nil {
		text = b.normal(text)
	}
	return text, first
}

// split cuts the text by the first stage and its pieces by the others.
func (b *bpe) split(dst []int32, text string, stages []splitter) []int32 {
	cut, rest := stages[0], stages[1:]
	for len(text) > 0 {
		n := cut(b.u, text)
		if len(rest) == 0 {
			dst = b.word(dst, text[:n])
		} else {
			dst = b.split(dst, text[:n], rest)
		}
		text = text[n:]
	}
	return dst
}

// word appends the tokens of one pre-token.
func (b *bpe) word(dst []int32, w string) []int32 {
	id := b.words.find(w)
	if id < 0 {
		return b.merge(dst, w)
	}
	if b.wholeWords {
		return append(dst, id)
	}
	flags, bit := &b.rebuilt[id/16], uint32(1)<<(id%16*2)
	switch got := flags.Load() / bit & 3; got {
	case 1:
		return append(dst, id)
	case 3:
		return b.merge(dst, w)
	}
	mark := len(dst)
	dst = b.merge(dst, w)
	if len(dst) == mark+1 && dst[mark] == id {
		flags.Or(bit)
	} else {
		flags.Or(3 * bit)
	}
	return dst
}

// merge appends the tokens that the merge list makes of a word.
func (b *bpe) merge(dst []int32, w string) []int32 {
	mark := len(dst)
	if len(w) <= shortWord {
		dst = b.merges.short(dst, w)
	} else {
		st := b.states.Get().(*mergeState)
		dst = b.long(dst, w, st)
		b.states.Put(st)
	}
	for i := mark; i < len(dst); i++ {
		if dst[i] < 0 {
			return b.fillUnknown(dst, i)
		}
	}
	return dst
}

// fillUnknown gives the unknown token to bytes that have none, or drops them when there is no unknown token either.
func (b *bpe) fillUnknown(dst []int32, from int) []int32 {
	n := from
	for _, id := range dst[from:] {
		if id < 0 {
			id = b.unk
		}
		if id >= 0 {
			dst[n] = id
			n++
		}
	}
	return dst[:n]
}

// A long word is merged in blocks, so that its working memory stays in the first-level cache.
const (
	blockBytes = 2048
	overlap    = 8 // tokens of what is done that are merged again with the next block
)

// long appends the tokens of a word of any length. What it relies on: ids are the encoding of their text if and only if each two neighbours
// are the encoding of theirs (the first merge that crossed a border would cross it in the pair alone too). So the encoding of a prefix less its last few tokens, and
// the encoding of the rest, together are the encoding of the whole when the two tokens at the seam stay apart by themselves.
func (b *bpe) long(dst []int32, w string, st *mergeState) []int32 {
	mark, done := len(dst), 0
	for done < len(w) {
		end := min(done+blockBytes, len(w))
		for redo := overlap; ; redo *= 2 {
			redo = min(redo, len(dst)-mark)
			if redo > blockBytes/4 {
				return b.merges.heaped(dst[:mark], w, st) // a list of merges made to defeat this
			}
			keep := len(dst) - redo
			from := done
			for _, id := range dst[keep:] {
				from -= b.size(id)
			}
			st.out = b.merges.heaped(st.out[:0], w[from:end], st)
			if keep == mark || b.apart(dst[keep-1], st.out[0], w, from, st) {
				dst = append(dst[:keep], st.out...)
				break
			}
		}
		done = end
	}
	return dst
}

// size is the number of bytes of a token, or of a byte that has none.
func (b *bpe) size(id int32) int {
	if id < 0 {
		return 1
	}
	return len(b.words.texts[id])
}

// apart reports whether two tokens that meet at w[seam] are also the encoding of their text alone.
func (b *bpe) apart(left, right int32, w string, seam int, st *mergeState) bool {
	pair := w[seam-b.size(left) : seam+b.size(right)]
	n := len(st.out)
	st.out = b.merges.heaped(st.out, pair, st)
	ok := len(st.out) == n+2 && st.out[n] == left && st.out[n+1] == right
	st.out = st.out[:n]
	return ok
}

// repair replaces what is not UTF-8: a byte that cannot begin a character and a character cut short become U+FFFD, an
// overlong form the character it means.
func repair(text string) string {
	var s strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 {
			r, n = loose(text)
		}
		s.WriteRune(r)
		text = text[n:]
	}
	return s.String()
}

// loose decodes an overlong form at the start of a text that has no valid character there, or gives U+FFFD for one byte.
func loose(text string) (r rune, n int) {
	switch c := text[0]; {
	case c == 0xC0 || c == 0xC1:
		r, n = rune(c&0x1F), 2
	case c == 0xE0:
		n = 3
	case c == 0xF0:
		n = 4
	}
	if n == 0 || len(text) < n {
		return utf8.RuneError, 1
	}
	for _, c := range []byte(text[1:n]) {
		if c&0xC0 != 0x80 {
			return utf8.RuneError, 1
		}
		r = r<<6 | rune(c&0x3F)
	}
	return r, n
}
