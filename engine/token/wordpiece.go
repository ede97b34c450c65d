package token

import (
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// wordPiece is the tokenizer of BERT (Devlin et al. 2019, arXiv:1810.04805; Wu et al. 2016, arXiv:1609.08144, section
// 4.1). A text is cleaned of control characters, its letters lose case and accents, and it is cut into words at white
// space and around punctuation and ideographs. From the start of a word the longest piece is taken, and so on; a word
// that does not work out, or of more than wordLimit characters, is unknown.
//
// A vocabulary writes a piece that begins a word with a space mark, "▁un", and one that goes on without, "able".
type wordPiece struct {
	pieces *doubleArray // keys: startKey or goOnKey, then the piece
	begin  int32        // node after startKey, or -1
	goOn   int32        // node after goOnKey, or -1
	unk    int32

	lowercase, accents bool      // letters lose their case, keep their accents
	ideographs         bool      // each is a word
	states             sync.Pool // of *wordState
}

// wordState is the working memory of one call.
type wordState struct {
	text []byte // decomposed (NFD)
	word []byte
	size int // characters in word
}

const (
	wordLimit    = 100                     // characters
	longestPiece = wordLimit * utf8.UTFMax // bytes; a longer one fits into no word
	startKey     = "\x01"
	goOnKey      = "\x02"
	capitals     = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

func newWordPiece(v *Vocab) (algorithm, defaults, error) {
	d := defaults{addBOS: true, addSep: true}
	if v.UNK < 0 {
		return nil, d, fmt.Errorf("token: the tokenizer model %q needs an unknown token, the vocabulary has none", v.Model)
	}
	w := &wordPiece{unk: int32(v.UNK)}
	w.states.New = func() any { return new(wordState) }
	cased := false // some piece has capital letters
	var keys []string
	var ids []int32
	for id, text := range v.Tokens {
		if !v.plain(id) || len(text) > len(spaceMark)+longestPiece {
			continue
		}
		key := goOnKey + text
		if rest, ok := strings.CutPrefix(text, spaceMark); ok {
			key = startKey + rest
		}
		if len(key) > 1 {
			keys, ids = append(keys, key), append(ids, int32(id))
			cased = cased || text[0] != '[' && strings.ContainsAny(text, capitals)
		}
	}
	w.pieces = newDoubleArray(keys, ids)
	w.lowercase, w.accents, w.ideographs = !cased, cased, true
	if r := v.Rules; r != nil {
		w.lowercase, w.accents, w.ideographs = r.Lowercase, !r.StripAccents, r.Ideographs
	}
	w.begin, w.goOn = w.pieces.step(0, startKey[0]), w.pieces.step(0, goOnKey[0])
	return w, d, nil
}

func (w *wordPiece) appendRaw(dst []byte, text string) []byte { return appendSpaced(dst, text) }

func (w *wordPiece) encode(dst []int32, text string, _ bool) []int32 {
	st := w.states.Get().(*wordState)
	defer w.states.Put(st)
	if w.accents {
		st.text = append(st.text[:0], text...)
	} else {
		st.text = norm.NFD.AppendString(st.text[:0], text)
	}
	st.word, st.size = st.word[:0], 0
	for i := 0; i < len(st.text); {
		r, n := rune(st.text[i]), 1
		class := inWord
		if r < utf8.RuneSelf {
			class = asciiClass[r]
		} else {
			r, n = utf8.DecodeRune(st.text[i:])
			class = w.classOf(r)
		}
		i += n
		switch class {
		case inWord:
			if r == 'İ' && w.lowercase { // the only character whose lower case is two
				st.word = append(st.word, "i\u0307"...)
				st.size += 2
				continue
			}
			if w.lowercase {
				r = unicode.ToLower(r)
			}
			st.word = utf8.AppendRune(st.word, r)
			st.size++
		case between:
			dst = w.flush(dst, st)
		case byItself:
			dst = w.flush(dst, st)
			st.word = utf8.AppendRune(st.word, r)
			st.size++
			dst = w.flush(dst, st)
		}
	}
	return w.flush(dst, st)
}

// flush appends the tokens of the word and empties it.
func (w *wordPiece) flush(dst []int32, st *wordState) []int32 {
	word, size, mark := st.word, st.size, len(dst)
	st.word, st.size = st.word[:0], 0
	if size > wordLimit {
		return append(dst, w.unk)
	}
	for from := w.begin; len(word) > 0; from = w.goOn {
		id, length := int32(-1), 0
		if from >= 0 {
			id, length = w.longest(from, word)
		}
		if id < 0 {
			return append(dst[:mark], w.unk)
		}
		dst, word = append(dst, id), word[length:]
	}
	return dst
}

// longest returns the longest piece below a node of the trie that the text begins with, or -1, and its length in bytes.
func (w *wordPiece) longest(node int32, text []byte) (id int32, length int) {
	id = -1
	for i, c := range text {
		if node = w.pieces.step(node, c); node < 0 {
			break
		}
		if at := w.pieces.units[node].id; at >= 0 {
			id, length = at, i+1
		}
	}
	return id, length
}

// wordClass says what becomes of a character.
type wordClass uint8

const (
	inWord   wordClass = iota
	dropped            // control, format and private-use characters, U+FFFD, accents
	between            // white space
	byItself           // punctuation, ideographs
)

var asciiClass = func() (table [utf8.RuneSelf]wordClass) {
	for i := range table {
		switch r := rune(i); {
		case r == ' ' || r == '\t' || r == '\n' || r == '\r':
			table[i] = between
		case r < ' ' || r == 0x7F:
			table[i] = dropped
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			table[i] = byItself
		}
	}
	return table
}()

// classOf is the class of a character beyond ASCII.
func (w *wordPiece) classOf(r rune) wordClass {
	switch {
	case r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co):
		return dropped
	case unicode.IsSpace(r):
		return between
	case unicode.Is(unicode.Mn, r):
		if w.accents {
			return inWord
		}
		return dropped
	case unicode.Is(unicode.P, r) || w.ideographs && unicode.Is(ideographs, r):
		return byItself
	}
	return inWord
}

// ideographs are the blocks that BERT takes for Chinese, each character of which is a word.
var ideographs = &unicode.RangeTable{
	R16: []unicode.Range16{{0x3400, 0x4DBF, 1}, {0x4E00, 0x9FFF, 1}, {0xF900, 0xFAFF, 1}},
	R32: []unicode.Range32{{0x20000, 0x2A6DF, 1}, {0x2A700, 0x2B73F, 1}, {0x2B740, 0x2B81F, 1}, {0x2B820, 0x2CEAF, 1}, {0x2F800, 0x2FA1F, 1}},
}
