package token

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// replaced changes a part of the model's JSON.
func replaced(p hfParts, old, to string) hfParts {
	return with(p, func(p *hfParts) {
		if !strings.Contains(p.model, old) {
			panic(old)
		}
		p.model = strings.Replace(p.model, old, to, 1)
	})
}

type hfError struct {
	name string
	file hfParts
	want string // after "token: tokenizer.json: "
}

// unknownParts are files with a section that is not known.
func unknownParts() []hfError {
	pre := func(p hfParts, s string) hfParts { return with(p, func(p *hfParts) { p.pre = s }) }
	normalizer := func(p hfParts, s string) hfParts { return with(p, func(p *hfParts) { p.normalizer = s }) }
	decoder := func(p hfParts, s string) hfParts { return with(p, func(p *hfParts) { p.decoder = s }) }
	post := func(s string) hfParts { return with(bytesBPE(), func(p *hfParts) { p.post = s }) }
	const lower = `{"type":"Lowercase"}`
	return []hfError{
		{"regex bomb", pre(bytesBPE(), splitRegex(`(a+)+$`)), `pre_tokenizer: Split(behavior="Isolated" invert=false pattern=Regex:"(a+)+$") ByteLevel(add_prefix_space=false use_regex=false) is not supported`},
		{"regex of another behaviour", pre(bytesBPE(), strings.Replace(splitRegex(qwenRegex), "Isolated", "Removed", 1)), `pre_tokenizer: Split(behavior="Removed" invert=false pattern=Regex:"(?i:`},
		{"space prefix of bytes", pre(bytesBPE(), `{"type":"ByteLevel","add_prefix_space":true}`), "pre_tokenizer: ByteLevel(add_prefix_space=true use_regex=true) is not supported"},
		{"another pre-tokenizer", pre(bytesBPE(), `{"type":"Sequence","pretokenizers":[{"type":"Whitespace"},`+plainByteLevel+`]}`), "pre_tokenizer: Whitespace ByteLevel("},
		{"marks that split", pre(with(charsBPE(), func(p *hfParts) { p.normalizer = "" }), metaspaceJSON("always", true)), `pre_tokenizer: Metaspace(prepend_scheme="always" replacement="▁" split=true) is not`},
		{"marks of another kind", pre(with(charsBPE(), func(p *hfParts) { p.normalizer = "" }), `{"type":"Metaspace","replacement":"_","split":false}`), `pre_tokenizer: Metaspace(prepend_scheme="always" replacement="_" split=false) is not`},
		{"no pre-tokenizer", pre(wordsUnigram(), "null"), "pre_tokenizer: none is not supported here"},
		{"words with one prefix", pre(wordsUnigram(), `{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},`+metaspaceJSON("first", true)+`]}`), `pre_tokenizer: WhitespaceSplit Metaspace(prepend_scheme="first"`},
		{"cased words", pre(wordPieceJSON(`"lowercase":true`), `{"type":"Whitespace"}`), "pre_tokenizer: Whitespace is not supported"},
		{"normalizer of bytes", normalizer(bytesBPE(), lower), "normalizer: Lowercase is not supported"},
		{"normalizer of characters", normalizer(charsBPE(), `{"type":"Sequence","normalizers":[{"type":"NFKC"},`+prependSpace+`]}`), `normalizer: NFKC Prepend(prepend="▁") Replace(content="▁" pattern=String:" ") is not supported`},
		{"normalizer of Unigram", normalizer(wordsUnigram(), `{"type":"Sequence","normalizers":[{"type":"Precompiled","precompiled_charsmap":""},`+lower+`]}`), "pre_tokenizer: WhitespaceSplit"},
		{"normalizer of squeezed Unigram", with(wordsUnigram(), func(p *hfParts) { p.pre, p.normalizer = metaspaceJSON("always", true), lower }), "normalizer: Lowercase is not supported"},
		{"character map", normalizer(wordsUnigram(), `{"type":"Precompiled","precompiled_charsmap":"?"}`), "normalizer: precompiled_charsmap: illegal base64"},
		{"normalizer of words", normalizer(wordPieceJSON(`"lowercase":true`), lower), "normalizer: Lowercase is not supported"},
		{"text that is not cleaned", with(wordPieceJSON(`"lowercase":true`), func(p *hfParts) { p.normalizer = `{"type":"BertNormalizer","clean_text":false}` }), "normalizer: BertNormalizer(clean_text=false) is not supported"},
		{"no decoder", decoder(bytesBPE(), "null"), "decoder: none is not supported here"},
		{"decoder of bytes", decoder(bytesBPE(), `{"type":"WordPiece"}`), "decoder: WordPiece is not supported"},
		{"decoder that keeps the prefix", decoder(charsBPE(), joinDecoder), `decoder: Replace(content=" " pattern=String:"▁") ByteFallback Fuse is not supported`},
		{"decoder that strips what is not there", with(metaspaceBPE("never"), func(p *hfParts) { p.decoder = stripDecoder }), `decoder: Replace(`},
		{"decoder of marks that keeps the prefix", decoder(wordsUnigram(), metaspaceJSON("never", true)), `decoder: Metaspace(prepend_scheme="never"`},
		{"decoder of words", decoder(wordPieceJSON(`"lowercase":true`), `{"type":"WordPiece","prefix":"@@"}`), `decoder: WordPiece(prefix="@@") is not supported`},
		{"post-processor", post(`{"type":"Sequence","processors":[{"type":"ByteLevel"},{"type":"Other","x":1}]}`), "post_processor: Other(x=1) is not supported"},
		{"template without a text", post(`{"type":"TemplateProcessing","single":[]}`), "post_processor: the template of one text has 0"},
		{"template of an unknown token", post(`{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<z>"}}],"special_tokens":{}}`), `post_processor: the template names "<z>"`},
		{"template with a bad id", post(`{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<z>"}}],"special_tokens":{"<z>":{"ids":[-1]}}}`), `post_processor: "<z>" has the id -1`},
		{"no separator", post(`{"type":"BertProcessing","cls":["a",0]}`), "post_processor: sep is no pair"},
		{"section of text", with(bytesBPE(), func(p *hfParts) { p.decoder = `"ByteLevel"` }), "decoder: need an object, got ByteLevel"},
		{"steps without end", pre(bytesBPE(), `{"type":"Sequence","pretokenizers":[`+strings.Repeat(lower+",", 64)+lower+`]}`), "pre_tokenizer: more than 64 steps"},
	}
}

// badModels are files whose model or added tokens contradict themselves.
func badModels() []hfError {
	add := func(p hfParts, s string) hfParts { return with(p, func(p *hfParts) { p.added = "[" + s + "]" }) }
	return []hfError{
		{"another model", replaced(bytesBPE(), `"BPE"`, `"WordLevel"`), `model: type "WordLevel" is not supported`},
		{"unknown field", replaced(bytesBPE(), `"type":"BPE"`, `"type":"BPE","new":1`), "model: new: is not known"},
		{"dropout", replaced(bytesBPE(), `"dropout":null`, `"dropout":0.1`), "model: dropout = 0.1 is not supported"},
		{"prefix of pieces", replaced(bytesBPE(), `"continuing_subword_prefix":""`, `"continuing_subword_prefix":"##"`), `model: continuing_subword_prefix = ## is not supported`},
		{"end of words", replaced(bytesBPE(), `"end_of_word_suffix":""`, `"end_of_word_suffix":"</w>"`), `model: end_of_word_suffix = </w> is not supported`},
		{"whole words of characters", replaced(charsBPE(), `"BPE"`, `"BPE","ignore_merges":true`), "model: ignore_merges is supported for byte-level BPE only"},
		{"unknown characters apart", replaced(charsBPE(), `"fuse_unk":true,"byte_fallback":true`, `"fuse_unk":false`), "model: fuse_unk = false is not supported"},
		{"unknown token", replaced(charsBPE(), `"unk_token":"<unk>"`, `"unk_token":"<z>"`), `model: unk_token "<z>" is not in the vocabulary`},
		{"no unknown token of words", replaced(wordPieceJSON(`"lowercase":true`), `"unk_token":"[UNK]"`, `"unk_token":null`), "model: needs an unk_token"},
		{"long words", replaced(wordPieceJSON(`"lowercase":true`), "100", "200"), "model: max_input_chars_per_word = 200 is not supported"},
		{"unknown id", replaced(wordsUnigram(), `"unk_id":0`, `"unk_id":8`), "model: unk_id needs to be one of the 8 tokens, got 8"},
		{"no unknown id", replaced(wordsUnigram(), `"unk_id":0`, `"unk_id":null`), "model: unk_id needs to be one of the 8 tokens, got <nil>"},
		{"score", replaced(wordsUnigram(), `-3.5`, `"x"`), "model: vocab: token 3 is no pair of text and score"},
		{"vocabulary", replaced(wordsUnigram(), `[["<unk>",0.0]`, `[7`), "model: vocab: token 0 is no pair"},
		{"no vocabulary", replaced(bytesBPE(), `"vocab":{`, `"vocab":0,"x":{`), "model: vocab: need an object or an array, got 0"},
		{"negative id", replaced(bytesBPE(), `"a":0`, `"a":-1`), "model: vocab: need an id below 2097152, got -1"},
		{"fractional id", replaced(bytesBPE(), `"a":0`, `"a":0.5`), "model: vocab: need an id below 2097152, got 0.5"},
		{"id past every vocabulary", replaced(bytesBPE(), `"a":0`, `"a":2097152`), "model: vocab: need an id below 2097152, got 2097152"},
		{"id of text", replaced(bytesBPE(), `"a":0`, `"a":"0"`), "model: vocab: need an id below 2097152, got 0"},
		{"gap of ids", replaced(bytesBPE(), `"x":8`, `"x":1048576`), "model: vocab: 1048567 ids have no token, at most 1024 may"},
		{"two tokens of one id", replaced(bytesBPE(), `"b":1`, `"b":0`), `model: vocab: id 0 has the tokens "a" and "b"`},
		{"token twice", replaced(bytesBPE(), `"b":1`, `"a":1`), `model: vocab: key "a" stands there twice`},
		{"merge of three", replaced(bytesBPE(), `"a b"`, `["a","b","c"]`), "model: merges: merge 0 is no pair"},
		{"merge of numbers", replaced(bytesBPE(), `"a b"`, `["a",1]`), "model: merges: merge 0 is no pair of pieces"},
		{"merge with spaces", replaced(bytesBPE(), `"a b"`, `["a b","c"]`), "model: merges: merge 0 is no pair of pieces without a space"},
		{"added token without an id", add(bytesBPE(), `{"content":"<s>"}`), "added_tokens: token 0 has no id below 2097152"},
		{"added token past every vocabulary", add(bytesBPE(), `{"id":1000000000,"content":"<s>"}`), "added_tokens: token 0 has no id below 2097152"},
		{"added token without text", add(bytesBPE(), `{"id":9,"content":""}`), "added_tokens: token 9 has no content"},
		{"added token in place of another", add(bytesBPE(), `{"id":3,"content":"<s>"}`), `added_tokens: id 3 is "<s>", the model has "Ġ" there`},
		{"added words", add(bytesBPE(), `{"id":9,"content":"<s>","single_word":true}`), `added_tokens: token 9 "<s>": single_word is not supported`},
		{"added number", add(bytesBPE(), `7`), "added_tokens: token 0 has no id"},
		{"added token in lower case", with(wordPieceJSON(`"lowercase":true`), func(p *hfParts) { p.added = `[{"id":3,"content":"a","normalized":true}]` }), `added_tokens: "a" is looked for in normalized text`},
	}
}

func TestTokenizerJSONErrors(t *testing.T) {
	for _, c := range append(unknownParts(), badModels()...) {
		_, err := VocabFromTokenizerJSON(c.file.json(), nil)
		if err == nil || !strings.HasPrefix(err.Error(), "token: tokenizer.json: "+c.want) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 600 {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// TestMergesOfFile: what only New can see.
func TestMergesOfFile(t *testing.T) {
	for _, c := range []struct {
		file hfParts
		want string
	}{
		{replaced(bytesBPE(), `"a b"`, `"a z"`), `token: merge 0 "a z" needs the token "z", which is not in the vocabulary`},
		{replaced(bytesBPE(), `"a b"`, `"a "`), `token: merge 0 "a " is not two pieces with a space between`},
		{replaced(charsBPE(), `["a","b"]`, `["a","a"]`), `token: merge 0 "a a" needs the token "aa", which is not in the vocabulary`},
		{replaced(charsBPE(), `["a","b"]`, `["","a"]`), ``},
	} {
		v, err := VocabFromTokenizerJSON(c.file.json(), nil)
		if err == nil {
			_, err = New(v)
		}
		if err == nil || c.want != "" && err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// TestHostileJSON: texts that are made to cost time or memory.
func TestHostileJSON(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "EOF"},
		{"no object", "[]", "need {, got ["},
		{"cut", `{"model":{"vocab":{"a":`, "EOF"},
		{"key twice", `{"model":{},"model":{}}`, `key "model" stands there twice`},
		{"section twice", `{"decoder":null,"decoder":null}`, `key "decoder" stands there twice`},
		{"65 MB", strings.Repeat(" ", 64<<20+1), "has 67108865 bytes, at most 67108864 are supported"},
		{"depth 1e6", strings.Repeat(`{"a":`, 1e6), "deeper than 64"},
		{"depth 1e6 of steps", `{"normalizer":` + strings.Repeat(`{"type":"Sequence","normalizers":[`, 1e6), "deeper than 64"},
		{"depth 1e6 of lists", `{"model":{"vocab":` + strings.Repeat("[", 1e6), "deeper than 64"},
		{"values", `{"x":[` + strings.Repeat("0,", 5e6) + `0]}`, "more than 4194304 values"},
		{"1e7 added tokens", `{"added_tokens":[` + strings.Repeat(`{},`, 1e7) + `{}]}`, "added_tokens: token 0 has no id"},
		{"added tokens", `{"added_tokens":[` + strings.Repeat(`{"id":1,"content":"a"},`, 2e5) + `{}]}`, "added_tokens: more than 131072 tokens"},
		{"prefix tree", `{"model":{"vocab":{"` + strings.Repeat("a", 60<<20) + `":0}}}`, "model: needs an unk_token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := []byte(c.text)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, err := VocabFromTokenizerJSON(b, nil)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if err == nil || !strings.HasPrefix(err.Error(), "token: tokenizer.json: ") || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 600 {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > uint64(8*len(b))+512<<20 {
				t.Errorf("%d bytes allocated for %d", n, len(b))
			}
			if took > 5*slower*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []struct{ config, want string }{
		{`[]`, "token: tokenizer_config.json: need {, got ["},
		{`{"bos_token":"<z>"}`, `token: tokenizer.json: tokenizer_config.json: bos_token "<z>" is not in the vocabulary`},
		{`{"eos_token":{"content":"<z>"}}`, `token: tokenizer.json: tokenizer_config.json: eos_token "<z>" is not in the vocabulary`},
		{`{"added_tokens_decoder":{"x":{}}}`, `token: tokenizer_config.json: added_tokens_decoder: need an id below 2097152, got "x"`},
		{`{"added_tokens_decoder":{"5":{}}}`, "token: tokenizer_config.json: added_tokens_decoder: token 5 has no content"},
		{`{"a":1,"a":2}`, `token: tokenizer_config.json: key "a" stands there twice`},
	} {
		if _, err := VocabFromTokenizerJSON(bytesBPE().json(), []byte(c.config)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.config, err, c.want)
		}
	}
}

// folderOf reads from a map of files.
func folderOf(files map[string]string) func(string, int64) ([]byte, error) {
	return func(name string, limit int64) ([]byte, error) {
		s, ok := files[name]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: name, Err: os.ErrNotExist}
		}
		if int64(len(s)) > limit {
			return nil, fmt.Errorf("%s has %d bytes", name, len(s))
		}
		return []byte(s), nil
	}
}

func TestFolderErrors(t *testing.T) {
	broken := errors.New("disk on fire")
	if _, err := VocabFromFolder(func(string, int64) ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	const words = "[UNK]\n[CLS]\n[SEP]\na\n"
	for _, c := range []struct {
		files map[string]string
		want  string
	}{
		{nil, "token: the folder has no tokenizer.json, "},
		{map[string]string{"vocab.json": "{}"}, "token: the folder has no"},
		{map[string]string{"tokenizer.json": "{"}, "token: tokenizer.json: "},
		{map[string]string{"tokenizer.model": "x"}, "token: tokenizer.model: "},
		{map[string]string{"vocab.json": `{"a":1025}`, "merges.txt": ""}, "token: vocab.json: vocab: 1025 ids have no token"},
		{map[string]string{"vocab.json": `7`, "merges.txt": ""}, "token: vocab.json: need an object or an array"},
		{map[string]string{"vocab.json": `{"a":0}`, "merges.txt": "", "tokenizer_config.json": `{"tokenizer_class":"XTokenizer"}`}, `token: tokenizer_config.json: tokenizer_class "XTokenizer" is not supported with vocab.json`},
		{map[string]string{"vocab.txt": words, "special_tokens_map.json": "x"}, "token: special_tokens_map.json: "},
		{map[string]string{"vocab.txt": words, "added_tokens.json": `{"<x>":-1}`}, "token: added_tokens.json: need an id"},
		{map[string]string{"vocab.txt": words, "added_tokens.json": `{"<x>":5000}`}, "added tokens: 4996 ids have no token, at most 1024 may"},
		{map[string]string{"vocab.txt": words, "tokenizer_config.json": `{"bos_token":"<z>"}`}, `bos_token "<z>" is not in the vocabulary`},
		{map[string]string{"vocab.txt": strings.Repeat("\n", maxTokens+1)}, "token: vocab.txt: 2097153 lines, at most 2097152 are supported"},
	} {
		if _, err := VocabFromFolder(folderOf(c.files)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want %s", len(c.files), err, c.want)
		}
	}
}
