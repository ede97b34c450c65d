package token

import (
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"
)

// spaceMark is how SentencePiece writes a space: "▁", U+2581.
const spaceMark = "▁"

// spm is the BPE of SentencePiece (Kudo and Richardson 2018, arXiv:1808.06226): the characters of a text are joined,
// the pair whose piece has the best score first, the leftmost of equals, until no two neighbours make a piece. What
// is left of unknown characters becomes byte tokens, where the vocabulary has them.
//
// The text is not cut into words before that. But two neighbouring characters that no piece holds side by side are
// never joined, so the text falls apart there into chunks that can be done one by one; in most vocabularies that is
// before every space.
//
// Hugging Face vocabularies of this kind have no scores but a list of merges, the best first.
type spm struct {
	vocab    int32
	prefix   bool // a space goes before a text
	alone    bool // but not before another
	chars    charTable
	extra    []string // characters inside pieces that are no pieces: extra[i] has the symbol vocab+i
	joint    joints
	pairs    pairTable
	fallback fallback
	states   sync.Pool // of *spmState
}

// spmState is the working memory of one call.
type spmState struct {
	long   mergeState
	tokens []int32 // result
	start  int     // tokens[:start] stood there before the call
	chunk  []int32 // symbols not joined yet
	last   byte    // class of the last character of chunk
}

// newSPM takes the index of the tokens by their texts beside them.
func newSPM(v *Vocab, texts *index) (algorithm, defaults, error) {
	d := defaults{addBOS: true, spacePrefix: v.AddSpacePrefix == nil || *v.AddSpacePrefix}
	if len(v.Scores) == 0 && len(v.Merges) == 0 {
		return nil, d, fmt.Errorf("token: the tokenizer model %q needs scores or merges, the vocabulary has neither", v.Model)
	}
	fb, err := newFallback(v)
	if err != nil {
		return nil, d, err
	}
	s := &spm{vocab: int32(len(v.Tokens)), prefix: d.spacePrefix, alone: v.Rules != nil && v.Rules.PrefixAlone, fallback: fb}
	s.states.New = func() any { return new(spmState) }
	s.learnChars(v)
	if len(v.Scores) == 0 {
		return s, d, s.learnMerges(v, texts)
	}
	s.learn(v)
	return s, d, nil
}

// plain says whether a token can come out of a text's characters, as opposed to being cut out or never meant by text.
func (v *Vocab) plain(id int) bool {
	k := v.Kinds[id]
	return v.Tokens[id] != "" && (k == Normal || k == UserDefined || k == Unused)
}

func (s *spm) appendRaw(dst []byte, text string) []byte { return appendSpaced(dst, text) }

// appendSpaced appends a piece with spaces in place of their marks.
func appendSpaced(dst []byte, piece string) []byte {
	for {
		before, after, found := strings.Cut(piece, spaceMark)
		dst = append(dst, before...)
		if !found {
			return dst
		}
		dst, piece = append(dst, ' '), after
	}
}

func (s *spm) encode(dst []int32, text string, first bool) []int32 {
	st := s.states.Get().(*spmState)
	defer s.states.Put(st)
	st.tokens, st.start, st.chunk = dst, len(dst), st.chunk[:0]
	if s.prefixes(text, first) {
		s.read(st, spaceMark)
	}
	if !utf8.ValidString(text) {
		// A broken character may swallow the first byte of a space mark, so they have to be there.
		text = strings.ReplaceAll(text, " ", spaceMark)
	}
	s.read(st, text)
	s.flush(st)
	dst, st.tokens = st.tokens, nil
	return dst
}

// prefixes says whether a space goes before a fragment.
func (s *spm) prefixes(text string, first bool) bool {
	return s.prefix && first && !(s.alone && (text[0] == ' ' || strings.HasPrefix(text, spaceMark)))
}

// normalize writes the spaces of a fragment as marks, unless a pre-tokenizer does it, which comes later.
func (s *spm) normalize(text string, first bool) (string, bool) {
	if s.alone {
		return text, first
	}
	marked := strings.ReplaceAll(text, " ", spaceMark)
	if s.prefixes(text, first) {
		marked = spaceMark + marked
	}
	return marked, false
}

// read takes the characters of a text into chunks.
func (s *spm) read(st *spmState, text string) {
	for i := 0; i < len(text); {
		symbol, now, n := int32(0), text[i], 1
		if now < utf8.RuneSelf {
			symbol = s.chars.ascii[now]
		} else {
			var value uint32
			value, n = charOf(text[i:])
			symbol, now = s.chars.find(value), charClass(value, now)
		}
		if symbol < 0 {
			s.flush(st)
			char := text[i : i+n]
			if char == " " {
				char = spaceMark
			}
			st.tokens = s.fallback.add(st.tokens, st.start, char)
		} else {
			if len(st.chunk) > 0 && !s.joint.has(st.last, now) {
				s.flush(st)
			}
			st.chunk, st.last = append(st.chunk, symbol), now
		}
		i += n
	}
}

// flush appends the tokens of the chunk and empties it.
func (s *spm) flush(st *spmState) {
	for _, id := range s.pairs.merge(st.chunk, &st.long) {
		if id < s.vocab {
			st.tokens = append(st.tokens, id)
		} else {
			st.tokens = s.fallback.add(st.tokens, st.start, s.extra[id-s.vocab])
		}
	}
	st.chunk = st.chunk[:0]
}

// fallback gives tokens to the characters that have none: a token for each byte, or, unless all of them have one, the unknown token.
type fallback struct {
	bytes [256]int32 // -1: there is none
	unk   int32
}

func newFallback(v *Vocab) (fallback, error) {
	f := fallback{unk: int32(v.UNK)}
	for b := range f.bytes {
		f.bytes[b] = -1
	}
	n := 0
	for id, k := range v.Kinds {
		if k == Byte {
			if b, ok := byteOf(v.Tokens[id]); ok && f.bytes[b] < 0 {
				f.bytes[b] = int32(id)
				n++
			}
		}
	}
	if n < 256 && f.unk < 0 {
		return f, fmt.Errorf("token: the vocabulary has %d of 256 byte tokens and no unknown token", n)
	}
	return f, nil
}

// add appends to the ids of a text, which begin at dst[start], what stands for a character without a token: its bytes,
// or the unknown token once for a run.
func (f *fallback) add(dst []int32, start int, char string) []int32 {
	for i := range len(char) {
		if f.bytes[char[i]] < 0 {
			if len(dst) > start && dst[len(dst)-1] == f.unk {
				return dst
			}
			return append(dst, f.unk)
		}
	}
	for i := range len(char) {
		dst = append(dst, f.bytes[char[i]])
	}
	return dst
}
