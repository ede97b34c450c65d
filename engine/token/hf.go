package token

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// hfFile is what is read of a tokenizer.json, the format of the Hugging Face tokenizers library.
type hfFile struct {
	model                                          hfModel
	added                                          []addedToken
	normalizer, pretokenizer, postprocess, decoder []step
}

// addedToken is a token that is cut out of a text before the model sees it.
type addedToken struct {
	id      int
	text    string
	special bool
	match   Match
}

// maxAdded bounds the added tokens (Gemma 3 has 6,415).
const maxAdded = 1 << 17

// VocabFromTokenizerJSON reads a tokenizer.json. config is the tokenizer_config.json beside it, or nil. The error names the section at fault:
// a model, normalizer, pre-tokenizer or decoder that is not known is refused.
func VocabFromTokenizerJSON(tokenizer, config []byte) (Vocab, error) {
	c, err := readConfig(config)
	if err != nil {
		return Vocab{}, err
	}
	return vocabFromTokenizerJSON(tokenizer, c)
}

func vocabFromTokenizerJSON(tokenizer []byte, c *hfConfig) (Vocab, error) {
	f, err := readTokenizerJSON(tokenizer)
	var v Vocab
	if err == nil {
		v, err = f.vocab(c)
	}
	if err != nil {
		return Vocab{}, fmt.Errorf("token: tokenizer.json: %w", err)
	}
	return v, nil
}

func readTokenizerJSON(b []byte) (*hfFile, error) {
	r, err := newJSONReader(b)
	if err != nil {
		return nil, err
	}
	f := &hfFile{}
	err = r.object(func(key string) error {
		err := f.read(r, key)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	return f, err
}

// read reads one section. Those that do not change ids are passed over: version, truncation, padding.
func (f *hfFile) read(r *jsonReader, key string) (err error) {
	into := map[string]*[]step{
		"normalizer": &f.normalizer, "pre_tokenizer": &f.pretokenizer, "post_processor": &f.postprocess, "decoder": &f.decoder,
	}[key]
	switch {
	case key == "model":
		return f.model.read(r)
	case key == "added_tokens":
		f.added, err = readAdded(r)
		return err
	case into == nil:
		return r.skip()
	}
	section, err := r.value()
	if err == nil {
		*into, err = stepsOf(section)
	}
	return err
}

func readAdded(r *jsonReader) (list []addedToken, err error) {
	err = r.list(func(first json.Token) error {
		x, err := r.valueFrom(first)
		if err != nil {
			return err
		}
		m, _ := x.(map[string]any)
		id, ok := tokenID(m["id"])
		if !ok {
			return r.errorf("token %d has no id below %d", len(list), maxTokens)
		}
		t, err := newAddedToken(id, m)
		if err != nil {
			return err
		}
		if list = append(list, t); len(list) > maxAdded {
			return fmt.Errorf("more than %d tokens", maxAdded)
		}
		return nil
	})
	return list, err
}

// newAddedToken reads the description of an added token.
func newAddedToken(id int, m map[string]any) (addedToken, error) {
	text, ok := m["content"].(string)
	if !ok || text == "" {
		return addedToken{}, fmt.Errorf("token %d has no content", id)
	}
	s := step{fields: m}
	if s.flag("single_word", false) {
		return addedToken{}, fmt.Errorf("token %d %.64q: single_word is not supported", id, text)
	}
	t := addedToken{id: id, text: text, special: s.flag("special", false)}
	for name, match := range map[string]Match{"lstrip": StripLeft, "rstrip": StripRight, "normalized": Normalized} {
		if s.flag(name, false) {
			t.match |= match
		}
	}
	return t, nil
}

// vocab turns the file into a vocabulary.
func (f *hfFile) vocab(c *hfConfig) (Vocab, error) {
	v := noVocab()
	v.Rules = &Rules{}
	var err error
	if v.Tokens, err = f.model.texts(f.added); err != nil {
		return v, fmt.Errorf("model: %w", err)
	}
	v.Kinds = slices.Repeat([]Kind{Normal}, len(v.Tokens))
	switch kind := f.model.kind(); kind {
	case "BPE":
		err = f.bpe(&v)
	case "Unigram":
		err = f.unigram(&v)
	case "WordPiece":
		err = f.wordPiece(&v)
	default:
		err = fmt.Errorf("model: type %.64q is not supported", kind)
	}
	if err == nil {
		err = v.addSpecial(f.added)
	}
	if v.Model == "bert" {
		v.markWords()
	}
	if err == nil {
		err = c.roles(&v)
	}
	if err == nil {
		err = f.ends(&v, c)
	}
	return v, err
}

// noVocab has no token with a task.
func noVocab() Vocab {
	return Vocab{BOS: -1, EOS: -1, EOT: -1, EOM: -1, UNK: -1, SEP: -1, PAD: -1, CLS: -1, MASK: -1}
}

// addSpecial gives the added tokens their texts and kinds.
func (v *Vocab) addSpecial(added []addedToken) error {
	v.Match = make([]Match, len(v.Tokens))
	for id, s := range v.Tokens {
		if s == "" {
			v.Kinds[id] = Unused
		}
	}
	for _, t := range added {
		if old := v.Tokens[t.id]; old != "" && old != t.text {
			return fmt.Errorf("added_tokens: id %d is %.64q, the model has %.64q there", t.id, t.text, old)
		}
		v.Tokens[t.id], v.Match[t.id] = t.text, t.match
		switch {
		case v.Kinds[t.id] == Byte:
		case t.id == v.UNK && v.Model != "gpt2": // there all bytes are known
			v.Kinds[t.id] = Unknown
		case t.special || looksSpecial(t.text):
			v.Kinds[t.id] = Control
		default:
			v.Kinds[t.id] = UserDefined
		}
	}
	return nil
}

// looksSpecial tells control tokens that a file does not call special, by their texts: what a text from outside must not be able to say.
// Conversions to GGUF have the same rule.
func looksSpecial(text string) bool {
	for _, around := range [][2]string{{"<|", "|>"}, {"<｜", "｜>"}, {"<unused", ">"}} {
		if strings.HasPrefix(text, around[0]) && strings.HasSuffix(text, around[1]) {
			return true
		}
	}
	return slices.Contains([]string{"<pad>", "<mask>", "<2mass>", "[@BOS@]"}, text)
}

// ends settles what goes before and after a text: what the post-processor says, and for BOS and EOS the configuration, if it says anything.
func (f *hfFile) ends(v *Vocab, c *hfConfig) error {
	r := v.Rules
	for _, s := range f.postprocess {
		var err error
		switch s.kind {
		case "ByteLevel": // of offsets
		case "TemplateProcessing":
			err = r.template(s)
		case "BertProcessing", "RobertaProcessing":
			err = r.clsSep(s)
		default:
			err = unsupported("post_processor", []step{s})
		}
		if err != nil {
			return err
		}
	}
	if v.BOS < 0 && v.CLS < 0 && len(r.Before) > 0 {
		v.BOS = int(r.Before[0])
	}
	bos, eos := int32(v.BOS), int32(v.EOS)
	if add := c.flag("add_bos_token"); add != nil && bos >= 0 {
		has := len(r.Before) > 0 && r.Before[0] == bos
		if *add && !has {
			r.Before = slices.Insert(r.Before, 0, bos)
		} else if !*add && has {
			r.Before = r.Before[1:]
		}
	}
	if add := c.flag("add_eos_token"); add != nil && eos >= 0 {
		n := len(r.After)
		has := n > 0 && r.After[n-1] == eos
		if *add && !has {
			r.After = append(r.After, eos)
		} else if !*add && has {
			r.After = r.After[:n-1]
		}
	}
	return nil
}

// template takes the form of a single text: special tokens, the text, special tokens.
func (r *Rules) template(s step) error {
	single, _ := s.fields["single"].([]any)
	tokens, _ := s.fields["special_tokens"].(map[string]any)
	texts := 0
	for _, x := range single {
		part, _ := x.(map[string]any)
		if _, ok := part["Sequence"]; ok {
			texts++
			continue
		}
		name, _ := part["SpecialToken"].(map[string]any)
		text, _ := name["id"].(string)
		token, _ := tokens[text].(map[string]any)
		ids, _ := token["ids"].([]any)
		if len(ids) == 0 {
			return fmt.Errorf("post_processor: the template names %.64q, which special_tokens does not define", text)
		}
		for _, x := range ids {
			id, ok := tokenID(x)
			if !ok {
				return fmt.Errorf("post_processor: %.64q has the id %.32v", text, x)
			}
			if texts == 0 {
				r.Before = append(r.Before, int32(id))
			} else {
				r.After = append(r.After, int32(id))
			}
		}
	}
	if texts != 1 {
		return fmt.Errorf("post_processor: the template of one text has %d", texts)
	}
	return nil
}

// clsSep takes the two tokens around a text: "cls": ["[CLS]", 101].
func (r *Rules) clsSep(s step) error {
	for name, ids := range map[string]*[]int32{"cls": &r.Before, "sep": &r.After} {
		pair, _ := s.fields[name].([]any)
		if len(pair) != 2 {
			return fmt.Errorf("post_processor: %s is no pair of text and id", name)
		}
		id, ok := tokenID(pair[1])
		if !ok {
			return fmt.Errorf("post_processor: %s has the id %.32v", name, pair[1])
		}
		*ids = append(*ids, int32(id))
	}
	return nil
}
