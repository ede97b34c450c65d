package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The models of a tokenizer.json: what each makes of the other sections. The error names the section at fault.

// bpe reads a byte-level BPE, or one of characters that fall back to bytes.
func (f *hfFile) bpe(v *Vocab) (err error) {
	m := &f.model
	v.Merges = m.merges
	if v.UNK, err = m.unknown(v.Tokens); err != nil {
		return err
	}
	for _, err := range []error{
		m.refuse("dropout", nil, json.Number("0.0"), json.Number("0")), m.refuse("continuing_subword_prefix", nil, ""), m.refuse("end_of_word_suffix", nil, ""),
	} {
		if err != nil {
			return err
		}
	}
	whole, _ := m.fields["ignore_merges"].(bool)
	bytes := func(s step) bool { return s.kind == "ByteLevel" }
	if slices.ContainsFunc(f.pretokenizer, bytes) || len(f.pretokenizer) == 0 && slices.ContainsFunc(f.decoder, bytes) {
		return f.byteLevel(v, whole)
	}
	if whole {
		return errors.New("model: ignore_merges is supported for byte-level BPE only")
	}
	return f.characters(v)
}

// byteLevel settles the rules of a byte-level BPE.
func (f *hfFile) byteLevel(v *Vocab, whole bool) error {
	v.Model = "gpt2"
	v.Rules.WholeWords = whole
	switch describe(f.normalizer) {
	case "":
	case "NFC":
		v.Rules.Normalizer = "nfc"
	case "NFKC":
		v.Rules.Normalizer = "nfkc"
	default:
		return unsupported("normalizer", f.normalizer)
	}
	if len(f.decoder) != 1 || f.decoder[0].kind != "ByteLevel" {
		return unsupported("decoder", f.decoder)
	}
	chain := describe(f.pretokenizer)
	for _, k := range knownSplits {
		if k.steps != chain {
			continue
		}
		v.Pre = k.names[0]
		for _, name := range k.names {
			if p, err := findPretokenizer(name); err == nil && p.wholeWords == whole && p.nfc == (v.Rules.Normalizer == "nfc") {
				v.Pre = name
				break
			}
		}
		return nil
	}
	return unsupported("pre_tokenizer", f.pretokenizer)
}

// bytes marks the byte tokens, if characters fall back to them.
func (m *hfModel) bytes(v *Vocab) bool {
	fallback, _ := m.fields["byte_fallback"].(bool)
	for id, s := range v.Tokens {
		if _, ok := byteOf(s); ok && fallback {
			v.Kinds[id] = Byte
		}
	}
	return fallback
}

// characters settles the rules of a BPE of characters, as SentencePiece's.
func (f *hfFile) characters(v *Vocab) error {
	v.Model = "llama"
	if !f.model.bytes(v) {
		if err := f.model.refuse("fuse_unk", true); err != nil {
			return err
		}
	}
	normalizer, pre := describe(f.normalizer), f.pretokenizer
	if normalizer == markSpaces && describe(pre) == splitSpaces {
		pre = nil // there are no spaces left
	}
	prefix := true
	switch {
	case normalizer == prependMark+" "+markSpaces && len(pre) == 0:
	case normalizer == markSpaces && len(pre) == 0:
		prefix = false
	case normalizer == "" && len(pre) == 1 && pre[0].kind == "Metaspace" && !pre[0].flag("split", true):
		var err error
		if prefix, err = f.metaspace(v, pre[0]); err != nil {
			return err
		}
	case normalizer == "" || normalizer == markSpaces || normalizer == prependMark+" "+markSpaces:
		return unsupported("pre_tokenizer", f.pretokenizer)
	default:
		return unsupported("normalizer", f.normalizer)
	}
	v.AddSpacePrefix = &prefix
	return f.spacedDecoder(prefix)
}

// metaspace settles where a space goes before a text.
func (f *hfFile) metaspace(v *Vocab, s step) (prefix bool, err error) {
	scheme := s.scheme()
	if scheme == "" {
		return false, unsupported("pre_tokenizer", []step{s})
	}
	v.Rules.PrefixOnce, v.Rules.PrefixAlone = scheme == "first", true
	return scheme != "never", nil
}

// scheme returns the prepend_scheme of a Metaspace, or nothing if the step is not known.
func (s step) scheme() string {
	for _, scheme := range []string{"always", "first", "never"} {
		if s.String() == fmt.Sprintf(`Metaspace(prepend_scheme=%q replacement="▁" split=%v)`, scheme, s.flag("split", true)) {
			return scheme
		}
	}
	return ""
}

// spacedDecoder checks that the decoder takes off the space that goes before a text, and no other.
func (f *hfFile) spacedDecoder(prefix bool) error {
	want := `Replace(content=" " pattern=String:"▁") ByteFallback Fuse`
	if prefix {
		want += ` Strip(content=" " start=1 stop=0)`
	}
	if describe(f.decoder) == want {
		return nil
	}
	if len(f.decoder) == 1 {
		if scheme := f.decoder[0].scheme(); scheme != "" && (scheme != "never") == prefix {
			return nil
		}
	}
	return unsupported("decoder", f.decoder)
}

// unigram settles the rules of a Unigram model.
func (f *hfFile) unigram(v *Vocab) error {
	m := &f.model
	v.Model, v.Scores = "t5", slices.Concat(m.scores, make([]float32, len(v.Tokens)-len(m.scores)))
	var ok bool
	if v.UNK, ok = tokenID(m.fields["unk_id"]); !ok || v.UNK >= len(m.scores) {
		return fmt.Errorf("model: unk_id needs to be one of the %d tokens, got %v", len(m.scores), m.fields["unk_id"])
	}
	v.Kinds[v.UNK] = Unknown
	m.bytes(v)
	normalizer := f.normalizer
	if len(normalizer) > 0 && normalizer[0].kind == "Precompiled" {
		text, _ := normalizer[0].fields["precompiled_charsmap"].(string)
		var err error
		if v.CharsMap, err = base64.StdEncoding.DecodeString(text); err != nil {
			return fmt.Errorf("normalizer: precompiled_charsmap: %w", err)
		}
		normalizer = normalizer[1:]
	}
	pre := f.pretokenizer
	split := len(pre) == 2 && pre[0].String() == "WhitespaceSplit"
	if split {
		pre = pre[1:]
	}
	if len(pre) != 1 || pre[0].kind != "Metaspace" || !pre[0].flag("split", true) {
		return unsupported("pre_tokenizer", f.pretokenizer)
	}
	prefix, err := f.metaspace(v, pre[0])
	if err != nil {
		return err
	}
	switch n := describe(normalizer); {
	case split && (n == "" || n == squeezeSpaces) && prefix && !v.Rules.PrefixOnce:
		v.Rules.Spaces = SplitSpaces
	case split:
		return unsupported("pre_tokenizer", f.pretokenizer)
	case n == "":
		v.Rules.Spaces = KeepSpaces
	case n == stripEnd+" "+squeezeToMark:
		v.Rules.Spaces = SqueezeSpaces
	default:
		return unsupported("normalizer", f.normalizer)
	}
	v.AddSpacePrefix = &prefix
	return f.spacedDecoder(prefix)
}

// wordPiece settles the rules of a WordPiece model and writes its pieces as GGUF files do.
func (f *hfFile) wordPiece(v *Vocab) (err error) {
	m := &f.model
	v.Model = "bert"
	if v.UNK, err = m.unknown(v.Tokens); err == nil && v.UNK < 0 {
		err = errors.New("model: needs an unk_token")
	}
	if err == nil {
		err = m.refuse("continuing_subword_prefix", nil, "##")
	}
	if err == nil {
		err = m.refuse("max_input_chars_per_word", nil, json.Number("100"))
	}
	if err != nil {
		return err
	}
	v.Kinds[v.UNK] = Unknown
	if len(f.normalizer) != 1 || f.normalizer[0].String() != "BertNormalizer(clean_text=true)" {
		return unsupported("normalizer", f.normalizer)
	}
	if describe(f.pretokenizer) != "BertPreTokenizer" {
		return unsupported("pre_tokenizer", f.pretokenizer)
	}
	if len(f.decoder) != 1 || f.decoder[0].kind != "WordPiece" || f.decoder[0].fields["prefix"] != "##" {
		return unsupported("decoder", f.decoder)
	}
	n := f.normalizer[0]
	v.Rules.Lowercase = n.flag("lowercase", true)
	v.Rules.StripAccents = n.flag("strip_accents", v.Rules.Lowercase)
	v.Rules.Ideographs = n.flag("handle_chinese_chars", true)
	for _, t := range f.added {
		if t.match&Normalized != 0 {
			return fmt.Errorf("added_tokens: %.64q is looked for in normalized text, which is not supported for WordPiece", t.text)
		}
	}
	return nil
}

// markWords writes the pieces of a WordPiece vocabulary with a space mark where they begin a word and without "##" where they go on. Special
// tokens stay as they are.
func (v *Vocab) markWords() {
	for id, s := range v.Tokens {
		if v.Kinds[id] != Normal || s == "" {
			continue
		}
		if rest, ok := strings.CutPrefix(s, "##"); ok {
			v.Tokens[id] = rest
		} else {
			v.Tokens[id] = spaceMark + s
		}
	}
}
