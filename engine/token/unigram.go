package token

import (
	"bytes"
	"fmt"
	"math"
	"sync"
	"unicode"
	"unicode/utf8"
)

// unigram is the Unigram model of SentencePiece (Kudo 2018, "Subword regularization", arXiv:1804.10959, section 3.2):
// of all ways to cut the normalized text into pieces the one with the greatest sum of scores, found from left to right
// (Viterbi). A character that is no piece counts as an unknown one of a score below all.
//
// Two libraries define what such a vocabulary does, and differ in rare cases: SentencePiece itself, and Hugging Face
// tokenizers, which the models with a padding token (T5, Pegasus, XLM-R) are used with.
//
//	                 SentencePiece           Hugging Face
//	sums             of the text, float32    of each word, float64 (decides between ways of equal scores)
//	character map    longest sequence        by grapheme cluster
//	white space      what the map makes one  U+0085 and the like too
type unigram struct {
	words    bool // as Hugging Face tokenizers
	chars    *charsMap
	prefix   bool // a space goes before a text
	alone    bool // but not before another
	spaces   SpaceRule
	pieces   *doubleArray
	scores   []float64 // [vocab] what a piece adds to the sum
	unknown  float64   // what an unknown character adds
	fallback fallback
	states   sync.Pool // of *unigramState
}

// unigramState is the working memory of one call.
type unigramState struct {
	mapped []byte  // the text after the character map
	text   []byte  // the same with its spaces put right
	best   []cut   // the best way to cut a segment up to each byte
	ends   []int32 // of the pieces of a segment, the last first
}

// cut is the last piece of a way to cut a text.
type cut struct {
	score float64 // sum up to here
	id    int32   // -1: an unknown character
	start int32   // of the piece in the segment; -1: no way leads here
}

// longestUnigram bounds, in bytes, the pieces, and with them the steps of the search at each place of a text.
const longestUnigram = 512

// unknownPenalty is how far the score of an unknown character lies below the least score of a piece.
const unknownPenalty = 10

func newUnigram(v *Vocab) (algorithm, defaults, error) {
	d := defaults{addEOS: true, spacePrefix: v.AddSpacePrefix == nil || *v.AddSpacePrefix}
	if len(v.Scores) == 0 {
		return nil, d, fmt.Errorf("token: the tokenizer model %q needs scores, the vocabulary has none", v.Model)
	}
	for id, text := range v.Tokens {
		if v.plain(id) && len(text) > longestUnigram {
			return nil, d, fmt.Errorf("token: token %d has %d bytes, a Unigram piece has at most %d", id, len(text), longestUnigram)
		}
	}
	chars, err := newCharsMap(v.CharsMap)
	if err != nil {
		return nil, d, err
	}
	fb, err := newFallback(v)
	if err != nil {
		return nil, d, err
	}
	u := &unigram{
		words:    v.PAD >= 0 && v.PAD != v.UNK,
		chars:    chars,
		prefix:   d.spacePrefix,
		scores:   make([]float64, len(v.Tokens)),
		fallback: fb,
	}
	if v.RemoveExtraSpaces != nil && !*v.RemoveExtraSpaces {
		u.spaces = KeepSpaces
	}
	if r := v.Rules; r != nil {
		u.words, u.alone, u.spaces = true, r.PrefixAlone, r.Spaces
	}
	u.states.New = func() any { return new(unigramState) }
	u.learn(v)
	return u, d, nil
}

// learn fills the trie and the scores. A user-defined piece beats everything else that spells the same.
func (u *unigram) learn(v *Vocab) {
	least, most := float32(math.MaxFloat32), float32(-math.MaxFloat32)
	var keys []string
	var ids []int32
	for id, k := range v.Kinds {
		if k == Normal {
			least, most = min(least, v.Scores[id]), max(most, v.Scores[id])
		}
		if v.Tokens[id] != "" && (k == Normal || k == UserDefined) {
			keys, ids = append(keys, v.Tokens[id]), append(ids, int32(id))
		}
	}
	if least > most {
		least, most = 0, 0 // no normal piece
	}
	u.pieces = newDoubleArray(keys, ids)
	u.unknown = u.round(float64(least) - unknownPenalty)
	for _, id := range ids {
		u.scores[id] = float64(v.Scores[id])
		if v.Kinds[id] == UserDefined {
			u.scores[id] = float64(float32(len(v.Tokens[id]))*most) - 0.1
		}
	}
}

func (u *unigram) appendRaw(dst []byte, text string) []byte { return appendSpaced(dst, text) }

func (u *unigram) encode(dst []int32, text string, first bool) []int32 {
	st := u.states.Get().(*unigramState)
	defer u.states.Put(st)
	u.normalize(st, text, first)
	if !u.words {
		return u.viterbi(dst, st, st.text)
	}
	mark := []byte(spaceMark)
	for rest := st.text; len(rest) > 0; {
		end := bytes.Index(rest[1:], mark) + 1
		if end == 0 {
			end = len(rest)
		}
		dst = u.viterbi(dst, st, rest[:end])
		rest = rest[end:]
	}
	return dst
}

// normalize sets st.text to the text with its characters replaced, its spaces put right and written as marks.
func (u *unigram) normalize(st *unigramState, text string, first bool) {
	if u.words {
		st.mapped = u.chars.appendClusters(st.mapped[:0], text)
		if u.spaces == SplitSpaces {
			st.mapped = spaced(st.mapped)
		}
	} else {
		st.mapped = u.chars.append(st.mapped[:0], text)
	}
	squeeze := u.spaces != KeepSpaces
	out, rest := st.text[:0], st.mapped
	if squeeze {
		rest = bytes.TrimLeft(rest, " ")
	}
	if u.spaces == SqueezeSpaces {
		rest = bytes.TrimRightFunc(rest, unicode.IsSpace)
	}
	led := len(rest) < len(st.mapped) && st.mapped[0] == ' ' && u.spaces == SqueezeSpaces // one space of those before it stays
	if len(rest) > 0 && (led || u.prefixes(rest, first)) {
		out = append(out, spaceMark...)
	}
	var last byte
	for _, c := range rest {
		switch {
		case c != ' ':
			out = append(out, c)
		case last != ' ' || !squeeze:
			out = append(out, spaceMark...)
		}
		last = c
	}
	for squeeze && bytes.HasSuffix(out, []byte(spaceMark)) {
		out = out[:len(out)-len(spaceMark)]
	}
	st.text = out
}

// prefixes says whether a space goes before a fragment, not empty.
func (u *unigram) prefixes(text []byte, first bool) bool {
	return u.prefix && first && !(u.alone && (text[0] == ' ' || bytes.HasPrefix(text, []byte(spaceMark))))
}

// spaced makes spaces of all white space, in place.
func spaced(text []byte) []byte {
	out := text[:0]
	for len(text) > 0 {
		r, n := rune(text[0]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(text)
		}
		if unicode.IsSpace(r) {
			out = append(out, ' ')
		} else {
			out = append(out, text[:n]...)
		}
		text = text[n:]
	}
	return out
}

// viterbi appends the tokens of a normalized text.
func (u *unigram) viterbi(dst []int32, st *unigramState, text []byte) []int32 {
	start, score := len(dst), 0.0
	for len(text) > 0 {
		n := u.segment(st, text, score)
		score = st.best[n].score
		dst = u.appendPath(dst, start, st, text[:n])
		text = text[n:]
	}
	return dst
}

// segment finds the best way to cut the text up to the first place that every way to cut it passes, and returns that
// place. score is the sum before the text.
func (u *unigram) segment(st *unigramState, text []byte, score float64) int {
	st.best = append(st.best[:0], cut{score: score})
	units, reach := u.pieces.units, 0
	for at := 0; at == 0 || at < reach; {
		before := st.best[at].score
		charEnd := at + min(int(charLen[text[at]>>4]), len(text)-at)
		whole := false // the character is a piece
		node := int32(0)
		for i := at; i < len(text); i++ {
			next := units[node].base ^ int32(text[i])
			if units[next].parent != node {
				break
			}
			node = next
			id := units[node].id
			if id < 0 {
				continue
			}
			whole = whole || i+1 == charEnd
			reach = u.consider(st, reach, i+1, cut{before + u.scores[id], id, int32(at)})
		}
		if !whole {
			reach = u.consider(st, reach, charEnd, cut{u.round(before + u.unknown), -1, int32(at)})
		}
		at = charEnd
	}
	return reach
}

// consider takes c, which ends at end, if no way leads there yet or none of so great a score.
func (u *unigram) consider(st *unigramState, reach, end int, c cut) int {
	for ; reach < end; reach++ {
		st.best = append(st.best, cut{start: -1})
	}
	if old := &st.best[end]; old.start < 0 || c.score > old.score {
		c.score = u.round(c.score)
		*old = c
	}
	return reach
}

// round gives a sum the precision in which the library keeps it. SentencePiece compares a new sum before it is rounded.
func (u *unigram) round(score float64) float64 {
	if u.words {
		return score
	}
	return float64(float32(score))
}

// appendPath appends the tokens of the best way to cut a segment.
func (u *unigram) appendPath(dst []int32, start int, st *unigramState, text []byte) []int32 {
	st.ends = st.ends[:0]
	for at := int32(len(text)); at > 0; at = st.best[at].start {
		st.ends = append(st.ends, at)
	}
	for i := len(st.ends) - 1; i >= 0; i-- {
		end := st.ends[i]
		if c := st.best[end]; c.id >= 0 {
			dst = append(dst, c.id)
		} else {
			dst = u.fallback.add(dst, start, string(text[c.start:end]))
		}
	}
	return dst
}
