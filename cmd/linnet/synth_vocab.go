package main

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/linnet-go/linnet/engine/token"
	"github.com/linnet-go/linnet/loader"
	"github.com/linnet-go/linnet/loader/gguf"
)

const tokenizerKeys = "tokenizer.ggml."

// paddingScore is the score of tokens that are there for their number alone.
const paddingScore = -1000

// setBytesVocab sets a SentencePiece vocabulary of n tokens that knows single bytes and the space; the rest are placeholders.
func setBytesVocab(w *gguf.Writer, n int) error {
	v := vocabColumns{texts: []string{"<unk>", "<s>", "</s>"}, kinds: []int32{int32(token.Unknown), int32(token.Control), int32(token.Control)}}
	for i := range 256 {
		v.texts, v.kinds = append(v.texts, fmt.Sprintf("<0x%02X>", i)), append(v.kinds, int32(token.Byte))
	}
	v.texts, v.kinds = append(v.texts, "▁"), append(v.kinds, int32(token.Normal))
	v.scores = make([]float32, len(v.texts))
	if err := v.pad(n); err != nil {
		return err
	}
	w.Set(tokenizerKeys+"model", "llama")
	v.set(w)
	w.Set(tokenizerKeys+"bos_token_id", uint32(1))
	w.Set(tokenizerKeys+"eos_token_id", uint32(2))
	w.Set(tokenizerKeys+"unknown_token_id", uint32(0))
	w.Set(tokenizerKeys+"add_bos_token", true)
	return nil
}

// vocabColumns are the arrays of a vocabulary. scores and kinds may be missing.
type vocabColumns struct {
	texts  []string
	scores []float32
	kinds  []int32
}

// pad adds placeholders until there are n tokens.
func (v *vocabColumns) pad(n int) error {
	if len(v.texts) > n {
		return fmt.Errorf("%d tokens, the shape has room for %d", len(v.texts), n)
	}
	for i := len(v.texts); i < n; i++ {
		v.texts = append(v.texts, fmt.Sprintf("[PAD%d]", i))
		if v.scores != nil {
			v.scores = append(v.scores, paddingScore)
		}
		if v.kinds != nil {
			v.kinds = append(v.kinds, int32(token.Unused))
		}
	}
	return nil
}

func (v *vocabColumns) set(w *gguf.Writer) {
	w.Set(tokenizerKeys+"tokens", v.texts)
	if v.scores != nil {
		w.Set(tokenizerKeys+"scores", v.scores)
	}
	if v.kinds != nil {
		w.Set(tokenizerKeys+"token_type", v.kinds)
	}
}

// copyVocab sets the tokenizer of a file, padded to n tokens. Values are stored as the types that the format prescribes, whatever the
// file has.
func copyVocab(w *gguf.Writer, path string, n int) (err error) {
	f, err := loader.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var v vocabColumns
	for _, key := range f.Keys() {
		if strings.HasPrefix(key, "tokenizer.") {
			value, _ := f.Meta(key)
			if err := v.take(w, key, value); err != nil {
				return fmt.Errorf("%s: key %q: %w", path, key, err)
			}
		}
	}
	if len(v.texts) == 0 {
		return fmt.Errorf("%s: key %q: missing, need an array of strings", path, tokenizerKeys+"tokens")
	}
	for key, length := range map[string]int{"scores": len(v.scores), "token_type": len(v.kinds)} {
		if length != 0 && length != len(v.texts) {
			return fmt.Errorf("%s: key %q: got %d elements, need one for each of the %d tokens", path, tokenizerKeys+key, length, len(v.texts))
		}
	}
	if err := v.pad(n); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	v.set(w)
	return f.Err()
}

// take keeps one of the arrays, and sets any other value.
func (v *vocabColumns) take(w *gguf.Writer, key string, value any) error {
	ok := true
	switch strings.TrimPrefix(key, tokenizerKeys) {
	case "tokens":
		v.texts, ok = value.([]string)
	case "scores":
		v.scores, ok = narrow(value).([]float32)
	case "token_type":
		v.kinds, ok = narrow(value).([]int32)
	case "precompiled_charsmap":
		w.Set(key, byteArray(value))
	default:
		w.Set(key, narrow(value))
	}
	if !ok {
		return fmt.Errorf("got %T", value)
	}
	return nil
}

// narrow gives integers of a tokenizer the 32 bits that they have in the format. Token types are signed whatever the file says.
func narrow(value any) any {
	switch v := value.(type) {
	case uint64:
		return uint32(min(v, math.MaxUint32))
	case int64:
		return int32(v)
	case float64:
		return float32(v)
	case []uint64:
		return converted[int32](v)
	case []int64:
		return converted[int32](v)
	case []float64:
		return converted[float32](v)
	}
	return value
}

// byteArray is an array of bytes, which the file may have stored as signed ones.
func byteArray(value any) any {
	switch v := value.(type) {
	case []uint64:
		return converted[uint8](v)
	case []int64:
		return converted[uint8](v)
	}
	return value
}

func converted[To int32 | uint8 | float32, From int64 | uint64 | float64](v []From) []To {
	list := make([]To, len(v))
	for i, x := range v {
		list[i] = To(x)
	}
	return list
}
