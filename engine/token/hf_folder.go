package token

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// VocabFromFolder reads the vocabulary of a Hugging Face folder: of its tokenizer.json, else tokenizer.model, else vocab.json and merges.txt,
// else vocab.txt, with what tokenizer_config.json, special_tokens_map.json and added_tokens.json add to them. read returns the content of
// a file of at most limit bytes, or an fs.ErrNotExist.
func VocabFromFolder(read func(name string, limit int64) ([]byte, error)) (Vocab, error) {
	optional := func(name string) ([]byte, error) {
		b, err := read(name, maxJSON)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return b, err
	}
	c, err := folderConfig(optional)
	if err != nil {
		return Vocab{}, err
	}
	for _, form := range []struct {
		names []string
		vocab func(files [][]byte) (Vocab, error)
	}{
		{[]string{"tokenizer.json"}, func(f [][]byte) (Vocab, error) { return vocabFromTokenizerJSON(f[0], c) }},
		{[]string{"tokenizer.model"}, func(f [][]byte) (Vocab, error) { return vocabFromSentencePiece(f[0], c) }},
		{[]string{"vocab.json", "merges.txt"}, func(f [][]byte) (Vocab, error) { return vocabFromBPE(f[0], f[1], c) }},
		{[]string{"vocab.txt"}, func(f [][]byte) (Vocab, error) { return vocabFromWordPiece(f[0], c) }},
	} {
		files := make([][]byte, len(form.names))
		for i, name := range form.names {
			if files[i], err = optional(name); err != nil {
				return Vocab{}, err
			}
		}
		if files[0] != nil && files[len(files)-1] != nil {
			return form.vocab(files)
		}
	}
	return Vocab{}, errors.New("token: the folder has no tokenizer.json, tokenizer.model, vocab.json with merges.txt, or vocab.txt")
}

// folderConfig reads the files beside the vocabulary.
func folderConfig(read func(name string) ([]byte, error)) (*hfConfig, error) {
	config, err := read("tokenizer_config.json")
	if err != nil {
		return nil, err
	}
	c, err := readConfig(config)
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name string
		take func([]byte) error
	}{{"special_tokens_map.json", c.merge}, {"added_tokens.json", c.addTokens}} {
		b, err := read(f.name)
		if err == nil && b != nil {
			err = f.take(b)
		}
		if err != nil {
			return nil, err
		}
	}
	return c, nil
}

// VocabFromBPE reads a byte-level BPE from a vocab.json and a merges.txt; config is the tokenizer_config.json beside them, or nil. How such a
// vocabulary cuts words is known by the class that the configuration names; without it, as GPT-2 does.
func VocabFromBPE(vocab, merges, config []byte) (Vocab, error) {
	c, err := readConfig(config)
	if err != nil {
		return Vocab{}, err
	}
	return vocabFromBPE(vocab, merges, c)
}

// bpeClasses are the tokenizers of transformers that read a vocab.json and a merges.txt.
var bpeClasses = map[string]struct {
	pre  string
	ends bool // BOS and EOS go around a text
}{
	"": {"gpt-2", false}, "GPT2Tokenizer": {"gpt-2", false}, "CodeGenTokenizer": {"gpt-2", false}, "WhisperTokenizer": {"gpt-2", false},
	"RobertaTokenizer": {"gpt-2", true}, "BartTokenizer": {"gpt-2", true}, "Qwen2Tokenizer": {"qwen2", false},
}

func vocabFromBPE(vocab, merges []byte, c *hfConfig) (Vocab, error) {
	class, ok := bpeClasses[c.class()]
	if !ok {
		return Vocab{}, fmt.Errorf("token: tokenizer_config.json: tokenizer_class %.64q is not supported with vocab.json and merges.txt", c.class())
	}
	var m hfModel
	r, err := newJSONReader(vocab)
	if err == nil {
		err = m.readVocab(r)
	}
	v := noVocab()
	if err == nil {
		v.Tokens, err = m.texts(c.added)
	}
	if err != nil {
		return v, fmt.Errorf("token: vocab.json: %w", err)
	}
	v.Model, v.Pre = "gpt2", class.pre
	for line := range strings.Lines(string(merges)) {
		if line = strings.TrimRight(line, "\r\n"); line == "" || strings.HasPrefix(line, "#version") {
			continue
		}
		if len(v.Merges) == maxMerges {
			return v, fmt.Errorf("token: merges.txt: more than %d merges", maxMerges)
		}
		v.Merges = append(v.Merges, line)
	}
	if class.ends {
		v.AddBOS, v.AddEOS = &class.ends, &class.ends
	}
	if err := c.apply(&v); err != nil {
		return v, fmt.Errorf("token: vocab.json: %w", err)
	}
	return v, nil
}

// VocabFromWordPiece reads a WordPiece vocabulary from a vocab.txt, one piece a line; config is the tokenizer_config.json beside it, or nil.
func VocabFromWordPiece(vocab, config []byte) (Vocab, error) {
	c, err := readConfig(config)
	if err != nil {
		return Vocab{}, err
	}
	return vocabFromWordPiece(vocab, c)
}

func vocabFromWordPiece(vocab []byte, c *hfConfig) (Vocab, error) {
	v := noVocab()
	if n := bytes.Count(vocab, []byte("\n")); n > maxTokens {
		return v, fmt.Errorf("token: vocab.txt: %d lines, at most %d are supported", n, maxTokens)
	}
	for line := range strings.Lines(string(vocab)) {
		v.Tokens = append(v.Tokens, strings.TrimRight(line, "\r\n"))
	}
	v.Model = "bert"
	lower := c.flagOr("do_lower_case", true)
	v.Rules = &Rules{Lowercase: lower, StripAccents: c.flagOr("strip_accents", lower), Ideographs: c.flagOr("tokenize_chinese_chars", true)}
	for name, text := range map[string]string{
		"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]",
	} {
		if c.text(name) == "" {
			c.fields[name] = text
		}
	}
	if err := c.apply(&v); err != nil {
		return v, fmt.Errorf("token: vocab.txt: %w", err)
	}
	if v.CLS >= 0 && v.SEP >= 0 {
		v.Rules.Before, v.Rules.After = []int32{int32(v.CLS)}, []int32{int32(v.SEP)}
	}
	v.markWords()
	return v, nil
}

// addTokens takes the tokens of an added_tokens.json, {"text": id}, unless the configuration has such a list. They are control tokens if
// some field of the configuration names them.
func (c *hfConfig) addTokens(b []byte) error {
	if len(c.added) > 0 {
		return nil
	}
	m := hfModel{}
	r, err := newJSONReader(b)
	if err == nil {
		err = m.readVocab(r)
	}
	if err != nil {
		return fmt.Errorf("token: added_tokens.json: %w", err)
	}
	special := map[string]bool{}
	for name := range c.fields {
		special[c.text(name)] = true
	}
	more, _ := c.fields["additional_special_tokens"].([]any)
	for _, x := range more {
		if s, ok := x.(string); ok {
			special[s] = true
		}
	}
	for text, id := range m.tokens {
		c.added = append(c.added, addedToken{id: id, text: text, special: special[text]})
	}
	return nil
}
