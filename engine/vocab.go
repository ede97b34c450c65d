package engine

import (
	"fmt"
	"math"

	"github.com/linnet-go/linnet/engine/token"
)

// meta is the metadata of a model by key. Values are uint64, int64, float64, bool, string or slices; float arrays may be []float32.
type meta interface {
	Meta(key string) (any, bool)
}

const vocabKeys = "tokenizer.ggml."

// readVocab reads the vocabulary of a GGUF file (the keys tokenizer.ggml.*). The error names the key at fault; what the keys mean together
// is checked by token.New.
func readVocab(m meta) (token.Vocab, error) {
	r := vocabReader{m: m}
	v := token.Vocab{
		Name:              r.text("general.name", false),
		Model:             r.text(vocabKeys+"model", true),
		Pre:               r.text(vocabKeys+"pre", false),
		Tokens:            r.texts(vocabKeys + "tokens"),
		Merges:            r.texts(vocabKeys + "merges"),
		AddBOS:            r.flag(vocabKeys + "add_bos_token"),
		AddEOS:            r.flag(vocabKeys + "add_eos_token"),
		AddSpacePrefix:    r.flag(vocabKeys + "add_space_prefix"),
		RemoveExtraSpaces: r.flag(vocabKeys + "remove_extra_whitespaces"),
		CharsMap:          r.bytes(vocabKeys + "precompiled_charsmap"),
	}
	n := len(v.Tokens)
	v.Scores = r.scores(n)
	v.Kinds = r.kinds(n)
	for _, role := range []struct {
		key string
		id  *int
	}{
		{"bos_token_id", &v.BOS}, {"eos_token_id", &v.EOS}, {"eot_token_id", &v.EOT}, {"eom_token_id", &v.EOM}, {"unknown_token_id", &v.UNK},
		{"seperator_token_id", &v.SEP}, // so spelled
		{"padding_token_id", &v.PAD}, {"cls_token_id", &v.CLS}, {"mask_token_id", &v.MASK},
	} {
		*role.id = r.id(vocabKeys+role.key, n)
	}
	if r.err == nil && n == 0 {
		r.fail(vocabKeys+"tokens", "an array of strings", nil)
	}
	return v, r.err
}

// vocabReader reads typed values and keeps the first error.
type vocabReader struct {
	m   meta
	err error
}

// fail notes that the value of a key is not what it must be. Long values are named by their type.
func (r *vocabReader) fail(key, need string, got any) {
	if r.err != nil {
		return
	}
	switch got.(type) {
	case nil:
		r.err = fmt.Errorf("key %q: missing, need %s", key, need)
	case uint64, int64, float64, bool:
		r.err = fmt.Errorf("key %q: got %v, need %s", key, got, need)
	default:
		r.err = fmt.Errorf("key %q: got %T, need %s", key, got, need)
	}
}

func (r *vocabReader) text(key string, must bool) string {
	x, ok := r.m.Meta(key)
	s, isText := x.(string)
	if ok != isText || must && !ok {
		r.fail(key, "a string", x)
	}
	return s
}

func (r *vocabReader) texts(key string) []string {
	x, ok := r.m.Meta(key)
	s, isTexts := x.([]string)
	if ok != isTexts {
		r.fail(key, "an array of strings", x)
	}
	return s
}

func (r *vocabReader) flag(key string) *bool {
	x, ok := r.m.Meta(key)
	if !ok {
		return nil
	}
	b, isFlag := x.(bool)
	if !isFlag {
		r.fail(key, "a boolean", x)
	}
	return &b
}

// id reads the id of a token; -1 where the file has none, or has the 2^32-1 that some conversions write for none.
func (r *vocabReader) id(key string, n int) int {
	x, ok := r.m.Meta(key)
	if !ok {
		return -1
	}
	id, isInt := integer(x)
	switch {
	case id == -1 || id == math.MaxUint32:
		return -1
	case !isInt || id < 0 || id >= int64(n):
		r.fail(key, fmt.Sprintf("an id below the %d tokens", n), x)
		return -1
	}
	return int(id)
}

func integer(x any) (int64, bool) {
	switch x := x.(type) {
	case int64:
		return x, true
	case uint64:
		return int64(min(x, math.MaxInt64)), true
	}
	return 0, false
}

// scores reads one number a token; integers are allowed.
func (r *vocabReader) scores(n int) []float32 {
	x, ok := r.m.Meta(vocabKeys + "scores")
	if !ok {
		return nil
	}
	var s []float32
	switch x := x.(type) {
	case []float32:
		s = x
	case []float64:
		s = converted[float32](x)
	case []int64:
		s = converted[float32](x)
	default:
		r.fail(vocabKeys+"scores", "an array of numbers", x)
	}
	r.length(vocabKeys+"scores", len(s), n)
	return s
}

// kinds reads one token.Kind a token.
func (r *vocabReader) kinds(n int) []token.Kind {
	x, ok := r.m.Meta(vocabKeys + "token_type")
	if !ok {
		return nil
	}
	k, bad := small[token.Kind](x)
	if bad {
		r.fail(vocabKeys+"token_type", "an array of small integers", x)
	}
	r.length(vocabKeys+"token_type", len(k), n)
	return k
}

func (r *vocabReader) bytes(key string) []byte {
	x, ok := r.m.Meta(key)
	if !ok {
		return nil
	}
	b, bad := small[byte](x)
	if bad {
		r.fail(key, "an array of bytes", x)
	}
	return b
}

func (r *vocabReader) length(key string, got, need int) {
	if r.err == nil && got != need {
		r.err = fmt.Errorf("key %q: got %d elements, need one for each of the %d tokens", key, got, need)
	}
}

// small narrows an array of integers to bytes; a signed byte is taken by its bits. bad: it is none, or one does not fit.
func small[To ~uint8](x any) (s []To, bad bool) {
	switch x := x.(type) {
	case []int64:
		s = converted[To](x)
		for _, v := range x {
			bad = bad || v < math.MinInt8 || v > math.MaxUint8
		}
	case []uint64:
		s = converted[To](x)
		for _, v := range x {
			bad = bad || v > math.MaxUint8
		}
	default:
		bad = true
	}
	return s, bad
}

func converted[To ~uint8 | float32, From int64 | uint64 | float64](x []From) []To {
	s := make([]To, len(x))
	for i, v := range x {
		s[i] = To(v)
	}
	return s
}
