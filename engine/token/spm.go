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
type spm struct {
	vocab    int32
	prefix   bool // a space goes before a text
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

func newSPM(v *Vocab) (algorithm, defaults, error) {
	d := defaults{addBOS: true, spacePrefix: v.AddSpacePrefix == nil || *v.AddSpacePrefix}
	if len(v.Scores) == 0 {
		return nil, d, fmt.Errorf("token: the tokenizer model %q needs scores, the vocabulary has none", v.Model)
	}
	fb, err := newFallback(v)
	if err != nil {
		return nil, d, err
	}
	s := &spm{vocab: int32(len(v.Tokens)), prefix: d.spacePrefix, fallback: fb}
	s.states.New = func() any { return new(spmState) }
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
	if s.prefix && first {
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

// fallback gives tokens to the characters that have none.
type fallback struct {
	bytes [256]int32
	all   bool  // there is a token for each byte; without, none is used
	unk   int32 // then in their place
}

func newFallback(v *Vocab) (fallback, error) {
	f := fallback{unk: int32(v.UNK)}
	var have [256]bool
	n := 0
	for id, k := range v.Kinds {
		if k == Byte {
			if b, ok := byteOf(v.Tokens[id]); ok && !have[b] {
				f.bytes[b], have[b] = int32(id), true
				n++
			}
		}
	}
	f.all = n == 256
	if !f.all && f.unk < 0 {
		return f, fmt.Errorf("token: the vocabulary has %d of 256 byte tokens and no unknown token", n)
	}
	return f, nil
}

// add appends to the ids of a text, which begin at dst[start], what stands for a character without a token: its bytes,
// or the unknown token once for a run.
func (f *fallback) add(dst []int32, start int, char string) []int32 {
	if f.all {
		for i := range len(char) {
			dst = append(dst, f.bytes[char[i]])
		}
		return dst
	}
	if len(dst) > start && dst[len(dst)-1] == f.unk {
		return dst
	}
	return append(dst, f.unk)
}
