package token

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// hfParts are the sections of a tokenizer.json as JSON; what is left out is null.
type hfParts struct {
	added, normalizer, pre, post, decoder, model string
}

func (p hfParts) json() []byte {
	or := func(s, fallback string) string {
		if s == "" {
			return fallback
		}
		return s
	}
	return []byte(fmt.Sprintf(`{"version":"1.0","truncation":null,"padding":null,"added_tokens":%s,"normalizer":%s,"pre_tokenizer":%s,"post_processor":%s,"decoder":%s,"model":%s}`,
		or(p.added, "[]"), or(p.normalizer, "null"), or(p.pre, "null"), or(p.post, "null"), or(p.decoder, "null"), p.model))
}

// vocabJSON numbers pieces.
func vocabJSON(pieces ...string) string {
	var parts []string
	for id, s := range pieces {
		b, _ := json.Marshal(s)
		parts = append(parts, fmt.Sprintf("%s:%d", b, id))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func quoted(list ...string) string {
	b, _ := json.Marshal(list)
	return string(b)
}

// pairs writes merges in the newer form.
func pairs(list ...string) string {
	var l [][]string
	for _, s := range list {
		l = append(l, strings.SplitN(s, " ", 2))
	}
	b, _ := json.Marshal(l)
	return string(b)
}

const (
	plainByteLevel = `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}`
	regexByteLevel = `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true}` // old files do not say that there is a regex
	bytesDecoder   = `{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}`
	prependSpace   = `{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}`
	replaceSpace   = `{"type":"Replace","pattern":{"String":" "},"content":"▁"}`
	marksDecoder   = `{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}`
	joinDecoder    = `{"type":"Sequence","decoders":[` + marksDecoder + `]}`
	stripDecoder   = `{"type":"Sequence","decoders":[` + marksDecoder + `,{"type":"Strip","content":" ","start":1,"stop":0}]}`
)

// splitRegex is a pre-tokenizer of words and bytes.
func splitRegex(regex string) string {
	b, _ := json.Marshal(regex)
	return `{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":` + string(b) + `},"behavior":"Isolated","invert":false},` + plainByteLevel + `]}`
}

func metaspaceJSON(scheme string, split bool) string {
	return fmt.Sprintf(`{"type":"Metaspace","replacement":"▁","prepend_scheme":%q,"split":%v}`, scheme, split)
}

// bytesBPE is a byte-level BPE of a few letters.
func bytesBPE() hfParts {
	return hfParts{
		added: `[{"id":9,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}]`,
		pre:   regexByteLevel, decoder: bytesDecoder,
		model: `{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":"","end_of_word_suffix":"","fuse_unk":false,"byte_fallback":false,"vocab":` +
			vocabJSON("a", "b", "c", "Ġ", "1", "ab", "Ġab", "abc", "x") + `,"merges":` + quoted("a b", "Ġ ab", "ab c") + `}`,
	}
}

// charsBPE is a BPE of characters that fall back to bytes. Its unknown token is 0, BOS 1, and added tokens have what is given.
func charsBPE(added ...string) hfParts {
	pieces := []string{"<unk>", "<s>", "▁", "a", "b", "c", "ab", "▁a", "▁ab", "▁▁", "é"}
	for b := range 256 {
		pieces = append(pieces, fmt.Sprintf("<0x%02X>", b))
	}
	list := []string{`{"id":0,"content":"<unk>","special":true}`, `{"id":1,"content":"<s>","special":true}`}
	for i, a := range added {
		list = append(list, fmt.Sprintf(`{"id":%d,%s}`, len(pieces)+i, a))
	}
	return hfParts{
		added: "[" + strings.Join(list, ",") + "]", normalizer: prependSpace, decoder: stripDecoder,
		post: `{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],
			"special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}}`,
		model: `{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,"vocab":` + vocabJSON(pieces...) +
			`,"merges":` + pairs("a b", "▁ a", "▁ ab", "▁ ▁", "▁a b") + `}`,
	}
}

// wordsUnigram is a Unigram model.
func wordsUnigram() hfParts {
	return hfParts{
		added:   `[{"id":0,"content":"<unk>","special":true},{"id":8,"content":"<x>","special":false}]`,
		pre:     `{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace","replacement":"▁","add_prefix_space":true}]}`,
		decoder: `{"type":"Metaspace","replacement":"▁","add_prefix_space":true}`,
		model:   `{"unk_id":0,"vocab":[["<unk>",0.0],["▁",-2],["a",-3],["b",-3.5],["ab",-4],["▁a",-3.25],["\n",-9],["▁▁",-5]]}`,
	}
}

// wordPieceJSON is a WordPiece model with the given flags of its normalizer.
func wordPieceJSON(flags string) hfParts {
	return hfParts{
		added:      `[{"id":0,"content":"[UNK]","special":true},{"id":1,"content":"[CLS]","special":true},{"id":2,"content":"[SEP]","special":true}]`,
		normalizer: `{"type":"BertNormalizer","clean_text":true,` + flags + `}`, pre: `{"type":"BertPreTokenizer"}`,
		post: `{"type":"BertProcessing","sep":["[SEP]",2],"cls":["[CLS]",1]}`, decoder: `{"type":"WordPiece","prefix":"##","cleanup":true}`,
		model: `{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":` +
			vocabJSON("[UNK]", "[CLS]", "[SEP]", "a", "##b", "e", "é", "A", "É", "人", "##人", "i", "##\u0307") + `}`,
	}
}

func mustVocab(t testing.TB, p hfParts, config string) Vocab {
	t.Helper()
	v, err := VocabFromTokenizerJSON(p.json(), []byte(config))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// with changes a section of a file.
func with(p hfParts, change func(*hfParts)) hfParts {
	change(&p)
	return p
}

// hfCase is a text and its ids, special tokens parsed and added.
type hfCase struct {
	name string
	file hfParts
	text string
	want []int32
}

// metaspaceBPE is a BPE of characters whose spaces a pre-tokenizer marks.
func metaspaceBPE(scheme string) hfParts {
	return with(charsBPE(`"content":"<x>"`, `"content":"<n>","normalized":true`), func(p *hfParts) {
		p.normalizer, p.pre = "", metaspaceJSON(scheme, false)
		if scheme == "never" {
			p.decoder = joinDecoder
		}
	})
}

func hfCases() []hfCase {
	unigram := func(normalizer, pre string) hfParts {
		return with(wordsUnigram(), func(p *hfParts) { p.normalizer, p.pre, p.decoder = normalizer, pre, pre })
	}
	const squeeze = `{"type":"Sequence","normalizers":[{"type":"Strip","strip_left":false,"strip_right":true},{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"▁"}]}`
	flags := func(lower, accents, ideographs bool) hfParts {
		return wordPieceJSON(fmt.Sprintf(`"lowercase":%v,"strip_accents":%v,"handle_chinese_chars":%v`, lower, accents, ideographs))
	}
	const spaced, words = "a  b\u0085 a<x> ab<x>a  \n a ", "aÉ Aé İ 人人a Éb"
	added := charsBPE(`"content":"<l>","lstrip":true`, `"content":"<r>","rstrip":true`, `"content":"<n>","normalized":true`, `"content":"<n>b","normalized":true`)
	return []hfCase{
		{"byte-level", bytesBPE(), "ab abc<s> 1xé", []int32{5, 6, 2, 9, 3, 4, 8}},
		{"byte-level, whole words", with(bytesBPE(), func(p *hfParts) {
			p.model = strings.Replace(p.model, `"type":"BPE"`, `"type":"BPE","ignore_merges":true`, 1)
		}), "abc abc", []int32{7, 6, 2}},
		{"byte-level, NFKC", with(bytesBPE(), func(p *hfParts) {
			p.normalizer = `{"type":"NFKC"}`
			p.added = `[{"id":9,"content":"①","normalized":true},{"id":10,"content":"c①"}]`
		}), "ａ1 ①c①", []int32{0, 9, 3, 9, 10}},
		{"characters", charsBPE(), "ab  cé<s>a\n", []int32{1, 8, 9, 5, 10, 1, 7, 21}},
		{"characters, no prefix", with(charsBPE(), func(p *hfParts) { p.normalizer, p.decoder = replaceSpace, joinDecoder }), "ab a<s>ab a", []int32{1, 6, 7, 1, 6, 7}},
		{"characters, nothing to split", with(charsBPE(), func(p *hfParts) {
			p.normalizer, p.decoder = replaceSpace, joinDecoder
			p.pre = `{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":false}`
		}), "a  b a", []int32{1, 3, 9, 4, 7}},
		{"white space around added tokens", added, "a \u3000<l> a <r>  \u00a0b", []int32{1, 7, 267, 2, 7, 2, 268, 2, 4}},
		{"added tokens in normalized text", added, "<n>a <n>b<n> <n> <r><n>", []int32{1, 269, 3, 270, 71, 121, 73, 269, 2, 268, 269}},
		{"space before each fragment", metaspaceBPE("always"), "a<x>a<x> a<n>a", []int32{1, 7, 267, 7, 267, 7, 268, 7}},
		{"space before the text", metaspaceBPE("first"), "a<x>a<x> a<n>a", []int32{1, 7, 267, 3, 267, 7, 268, 3}},
		{"space before the text, after a token", metaspaceBPE("first"), "<x>a b", []int32{1, 267, 3, 2, 4}},
		{"no space before", metaspaceBPE("never"), "a<x>a<x> a<n>a", []int32{1, 3, 267, 3, 267, 7, 268, 3}},
		{"Unigram, words", wordsUnigram(), spaced, []int32{5, 1, 3, 5, 8, 1, 4, 8, 5, 5}},
		{"Unigram, squeezed", unigram(squeeze, metaspaceJSON("always", true)), spaced, []int32{5, 1, 3, 0, 5, 8, 1, 4, 8, 5, 1, 6, 5}},
		{"Unigram, squeezed, one prefix", unigram(squeeze, metaspaceJSON("first", true)), spaced, []int32{5, 1, 3, 0, 5, 8, 1, 4, 8, 2, 1, 6, 5}},
		{"Unigram, squeezed, no prefix", unigram(squeeze, metaspaceJSON("never", true)), spaced, []int32{2, 1, 3, 0, 5, 8, 1, 4, 8, 2, 1, 6, 5}},
		{"Unigram, spaces kept", unigram("", metaspaceJSON("always", true)), spaced, []int32{5, 1, 1, 3, 0, 5, 8, 1, 4, 8, 5, 1, 1, 6, 5, 1}},
		{"Unigram, spaces kept, one prefix", unigram("", metaspaceJSON("first", true)), spaced, []int32{5, 1, 1, 3, 0, 5, 8, 1, 4, 8, 2, 1, 1, 6, 5, 1}},
		{"WordPiece, lower case", flags(true, true, true), words, []int32{1, 0, 0, 11, 9, 9, 3, 5, 4, 2}},
		{"WordPiece, lower case with accents", flags(true, false, true), words, []int32{1, 0, 0, 11, 12, 9, 9, 3, 6, 4, 2}},
		{"WordPiece, cased", flags(false, false, true), words, []int32{1, 0, 0, 0, 9, 9, 3, 8, 4, 2}},
		{"WordPiece, cased without accents", flags(false, true, true), words, []int32{1, 0, 0, 0, 9, 9, 3, 0, 2}},
		{"WordPiece, ideographs in words", flags(true, true, false), words, []int32{1, 0, 0, 11, 0, 5, 4, 2}},
	}
}

// TestTokenizerJSON: small files of every model. The ids are those of the Hugging Face library.
func TestTokenizerJSON(t *testing.T) {
	for _, c := range hfCases() {
		tok := mustNew(t, mustVocab(t, c.file, ""))
		if got := tok.Encode(c.text, Options{AddSpecial: true, ParseSpecial: true}); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q is %v, want %v", c.name, c.text, got, c.want)
		}
	}
}
