package token

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestKnownSplits: the name that a pre-tokenizer is given depends on normalization and whole words too, and what the file says counts.
func TestKnownSplits(t *testing.T) {
	for _, c := range []struct {
		pre, normalizer string
		whole           bool
		want            string
	}{
		{regexByteLevel, "", false, `gpt-2 ""`},
		{regexByteLevel, `{"type":"NFC"}`, false, `gpt-2 "nfc"`},
		{`{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},` + regexByteLevel + `]}`, "", false, `starcoder ""`},
		{`{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},` + regexByteLevel + `]}`, `{"type":"NFC"}`, false, `command-r "nfc"`},
		{splitRegex(cl100kRegex), "", true, `llama-bpe ""`},
		{splitRegex(cl100kRegex), `{"type":"Sequence","normalizers":[]}`, false, `dbrx ""`},
		{strings.Replace(splitRegex(cl100kRegex), `"Isolated","invert":false`, `"Removed","invert":true`, 1), "", true, `llama-bpe ""`},
		{splitRegex(qwenRegex), `{"type":"NFC"}`, false, `qwen2 "nfc"`},
		{splitRegex(qwenRegex), `{"type":"NFKC"}`, true, `qwen2 "nfkc"`},
		{splitRegex(qwenRegex), "", false, `stablelm2 ""`},
		{splitRegex(strings.NewReplacer(`\r`, "\r", `\n`, "\n").Replace(o200kRegex)), "", true, `gpt-4o ""`},
		{splitRegex(tekkenRegex), "", true, `tekken ""`},
		{splitRegex(bloomRegex), "", false, `bloom ""`},
		{"", "", false, `gpt-2 ""`},
	} {
		p := bytesBPE()
		p.pre, p.normalizer = c.pre, c.normalizer
		p = replaced(p, `"type":"BPE"`, fmt.Sprintf(`"type":"BPE","ignore_merges":%v`, c.whole))
		if c.pre == "" {
			if _, err := VocabFromTokenizerJSON(p.json(), nil); err == nil || !strings.Contains(err.Error(), "pre_tokenizer: none") {
				t.Errorf("no pre-tokenizer: %v", err)
			}
			continue
		}
		v := mustVocab(t, p, "")
		if got := fmt.Sprintf("%s %q", v.Pre, v.Rules.Normalizer); got != c.want || v.Rules.WholeWords != c.whole {
			t.Errorf("%s: got %s, whole words %v, want %s", c.pre, got, v.Rules.WholeWords, c.want)
		}
		mustNew(t, v)
	}
	for _, k := range knownSplits {
		for _, name := range k.names {
			if _, err := findPretokenizer(name); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestConfigRoles: what tokenizer_config.json says of special tokens.
func TestConfigRoles(t *testing.T) {
	file := charsBPE(`"content":"<e>","special":true`, `"content":"<u>"`, `"content":"<|u|>"`)
	for _, c := range []struct{ config, want string }{
		{``, "{<s>}▁a"},
		{`{"bos_token":"<s>","eos_token":{"content":"<e>","lstrip":false}}`, "{<s>}▁a"},
		{`{"bos_token":"<s>","eos_token":"<e>","add_bos_token":false,"add_eos_token":true}`, "▁a{<e>}"},
		{`{"bos_token":"<s>","eos_token":"<e>","add_bos_token":true,"add_eos_token":false}`, "{<s>}▁a"},
		{`{"bos_token":"<e>","add_bos_token":true}`, "{<e>}{<s>}▁a"},
		{`{"bos_token":null,"add_bos_token":true,"pad_token":"<nowhere>","eos_token":7}`, "{<s>}▁a"},
	} {
		v := mustVocab(t, file, c.config)
		tok := mustNew(t, v)
		got := ""
		for _, id := range tok.Encode("a", Options{AddSpecial: true}) {
			if s := tok.Text(id); tok.Kind(id) == Normal {
				got += s
			} else {
				got += "{" + s + "}"
			}
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.config, got, c.want)
		}
		if eos := slices.Index(v.Tokens, "<e>"); strings.Contains(c.config, `"eos_token":"`) && (int(tok.EOS()) != eos || !tok.IsEOG(int32(eos))) {
			t.Errorf("%s: EOS is %d", c.config, tok.EOS())
		}
		for text, want := range map[string]Kind{"<unk>": Unknown, "<s>": Control, "<u>": UserDefined, "<|u|>": Control, "<0x41>": Byte, "▁": Normal} {
			if id := slices.Index(v.Tokens, text); tok.Kind(int32(id)) != want {
				t.Errorf("%s is of kind %d, want %d", text, tok.Kind(int32(id)), want)
			}
		}
	}
}

// TestFolder: the files of a folder, which come first and what they add to each other.
func TestFolder(t *testing.T) {
	const words, letters, merges = "[UNK]\n[CLS]\r\n[SEP]\na\n##b\nA\né\n", `{"a":0,"b":1,"ab":2,"<|endoftext|>":3}`, "#version: 0.2\na b\n\n"
	model := string(spmModel(spmBPE, false, "<unk>", "<s>", "</s>", "▁", "a", "▁a"))
	for _, c := range []struct {
		name  string
		files map[string]string
		text  string
		want  string
	}{
		{"tokenizer.json first", map[string]string{"tokenizer.json": string(bytesBPE().json()), "tokenizer.model": "x"}, "ab<s>", "ab {<s>}"},
		{"words", map[string]string{"vocab.txt": words}, "AB é", "{[CLS]} ▁a b {[UNK]} {[SEP]}"},
		{"cased words", map[string]string{"vocab.txt": words, "tokenizer_config.json": `{"do_lower_case":false}`}, "Ab é", "{[CLS]} ▁A b ▁é {[SEP]}"},
		{"words with accents", map[string]string{"vocab.txt": words, "tokenizer_config.json": `{"strip_accents":false}`}, "A é[SEP]", "{[CLS]} ▁a ▁é {[SEP]} {[SEP]}"},
		{"words without ends", map[string]string{"vocab.txt": "[UNK]\na"}, "a b", "▁a {[UNK]}"},
		{"bytes", map[string]string{"vocab.json": letters, "merges.txt": merges, "vocab.txt": words}, "ab<|endoftext|>a", "ab {<|endoftext|>} a"},
		{"bytes with ends", map[string]string{"vocab.json": letters, "merges.txt": merges,
			"tokenizer_config.json": `{"tokenizer_class":"RobertaTokenizerFast","bos_token":"<|endoftext|>","eos_token":"<|endoftext|>"}`}, "ab", "{<|endoftext|>} ab {<|endoftext|>}"},
		{"added tokens", map[string]string{"vocab.json": letters, "merges.txt": merges, "added_tokens.json": `{"<x>":5,"<y>":6,"<z>":7}`,
			"special_tokens_map.json": `{"eos_token":{"content":"<y>"},"additional_special_tokens":["<z>"]}`}, "a<x>b<y>a<z>", "a {<x>} b {<y>} a {<z>}"},
		{"pieces", map[string]string{"tokenizer.model": model}, "a a</s>", "{<s>} ▁a ▁a {</s>}"},
		{"pieces with added tokens", map[string]string{"tokenizer.model": model, "tokenizer_config.json": `{"add_bos_token":false,"add_eos_token":true,"added_tokens_decoder":{
			"2":{"content":"</s>","special":true},"3":{"content":"<|x|>"},"8":{"content":"<r>","rstrip":true,"normalized":true}}}`, "added_tokens.json": "x"},
			"a<r>  a<|x|>", "▁a {<r>} ▁a {<|x|>} {</s>}"},
	} {
		v, err := VocabFromFolder(folderOf(c.files))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		tok := mustNew(t, v)
		var got []string
		for _, id := range tok.Encode(c.text, Options{AddSpecial: true, ParseSpecial: true}) {
			if s := tok.Text(id); tok.Kind(id) == Normal {
				got = append(got, s)
			} else {
				got = append(got, "{"+s+"}")
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: got %s, want %s", c.name, s, c.want)
		}
	}
}

// The fields of protocol buffers.
func protoNumber(number, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, number<<3|wireVarint), v)
}

func protoBytes(number uint64, b []byte) []byte {
	return append(binary.AppendUvarint(binary.AppendUvarint(nil, number<<3|wireBytes), uint64(len(b))), b...)
}

func protoFloat(number uint64, f float32) []byte {
	return binary.LittleEndian.AppendUint32(binary.AppendUvarint(nil, number<<3|wire32), math.Float32bits(f))
}

// spmModel is a SentencePiece model of three tokens with a task and more pieces, each a little worse than the one before.
func spmModel(model uint64, squeeze bool, pieces ...string) (b []byte) {
	for id, s := range pieces {
		piece := append(protoBytes(pieceText, []byte(s)), protoFloat(pieceScore, float32(-id))...)
		if id < 3 {
			piece = append(piece, protoNumber(pieceKind, []uint64{2, 3, 3}[id])...)
		}
		b = append(b, protoBytes(spmPieces, piece)...)
	}
	flag := map[bool]uint64{true: 1}
	trainer := append(protoNumber(trainerModel, model), protoNumber(trainerPadding, math.MaxUint64)...)
	normal := append(protoBytes(normalizerName, []byte("nmt_nfkc")), protoNumber(normalizerSqueeze, flag[squeeze])...)
	b = append(b, protoBytes(spmTrainer, trainer)...)
	b = append(b, protoBytes(spmNormalizer, normal)...)
	return append(b, binary.LittleEndian.AppendUint64(binary.AppendUvarint(nil, 9<<3|wire64), 7)...) // what is not known is passed over
}

func TestSentencePieceModel(t *testing.T) {
	b := spmModel(spmUnigram, true, "<unk>", "<s>", "</s>", "▁", "a", "b", "▁a")
	v, err := VocabFromSentencePiece(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(v.Model, v.Tokens, v.Scores, v.Kinds, v.UNK, v.BOS, v.EOS, v.PAD, *v.AddSpacePrefix, *v.RemoveExtraSpaces)
	if want := "t5[<unk> <s> </s> ▁ a b ▁a] [0 -1 -2 -3 -4 -5 -6] [2 3 3 1 1 1 1] 0 1 2 -1 true true"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if ids := mustNew(t, v).Encode(" a  b ", Options{}); !slices.Equal(ids, []int32{6, 3, 5}) {
		t.Errorf("got %v", ids)
	}
	for n := range len(b) { // a file cut anywhere is refused, or is one with fewer fields
		if v, err := VocabFromSentencePiece(b[:n], nil); err == nil && len(v.Tokens) > 7 {
			t.Errorf("%d bytes: %d pieces", n, len(v.Tokens))
		}
	}
}

func TestSentencePieceErrors(t *testing.T) {
	good := spmModel(spmUnigram, true, "<unk>", "<s>", "</s>", "a")
	more := func(field uint64, b []byte) []byte { return append(slices.Clone(good), protoBytes(field, b)...) }
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"empty", nil, "has no pieces"},
		{"text", []byte("IQ== 0\nIg== 1\n"), "this is no SentencePiece model"},
		{"cut", good[:5], "field 1 does not fit into the "},
		{"length 2^64-1", append([]byte{spmPieces<<3 | wireBytes}, binary.AppendUvarint(nil, math.MaxUint64)...), "field 1 does not fit"},
		{"long number", append([]byte{5 << 3}, []byte(strings.Repeat("\xff", 20))...), "field 5 does not fit"},
		{"short float", []byte{9<<3 | wire32, 1, 2, 3}, "field 9 does not fit into the 3 bytes"},
		{"short double", []byte{9<<3 | wire64, 1, 2, 3}, "field 9 does not fit"},
		{"groups", []byte{9<<3 | 3}, "field 9 does not fit"},
		{"cut piece", more(spmPieces, []byte{0x0a, 9, 'a'}), "field 1 does not fit into the 2 bytes"},
		{"words", spmModel(3, true, "<unk>", "<s>", "</s>", "a"), "model type 3 is not supported"},
		{"BPE that squeezes", spmModel(spmBPE, true, "<unk>", "<s>", "</s>", "a"), `the normalizer "nmt_nfkc" (spaces squeezed: true) is not supported for BPE`},
		{"suffix", more(spmTrainer, protoNumber(trainerSuffix, 1)), "white space as suffix is not supported"},
		{"escape", more(spmNormalizer, protoNumber(normalizerEscape, 0)), "spaces that are not escaped"},
		{"many pieces", []byte(strings.Repeat("\x0a\x00", maxTokens+1)), "more than 2097152 pieces"},
		{"65 MB", make([]byte, 64<<20+1), "has 67108865 bytes"},
	} {
		if _, err := VocabFromSentencePiece(c.b, nil); err == nil || !strings.HasPrefix(err.Error(), "token: tokenizer.model: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	v, err := VocabFromSentencePiece(more(spmPieces, protoNumber(pieceKind, 300)), nil)
	if err == nil {
		_, err = New(v)
	}
	if err == nil || !strings.Contains(err.Error(), "token 4 has the unknown kind 255") {
		t.Errorf("got %v", err)
	}
}

// FuzzFiles: files from a stranger are refused with an error, or their vocabularies are refused, or serve any text.
func FuzzFiles(f *testing.F) {
	for _, c := range hfCases() {
		f.Add(c.file.json(), []byte(`{"bos_token":"<s>","add_bos_token":true}`), c.text)
	}
	for _, c := range append(unknownParts(), badModels()...) {
		f.Add(c.file.json(), []byte(nil), "a b")
	}
	f.Add(spmModel(spmBPE, false, "<unk>", "<s>", "</s>", "▁", "a", "▁a"), []byte(`{"added_tokens_decoder":{"6":{"content":"<x>","lstrip":true}}}`), "a <x>")
	f.Add(spmModel(spmUnigram, true, "<unk>", "<s>", "</s>", "▁", "a", "▁a"), []byte(nil), "a a")
	f.Add([]byte("[UNK]\n[CLS]\n[SEP]\na\n##b"), []byte(`{"do_lower_case":false}`), "ab A")
	f.Fuzz(func(t *testing.T, file, config []byte, text string) {
		for _, read := range []func() (Vocab, error){
			func() (Vocab, error) { return VocabFromTokenizerJSON(file, config) },
			func() (Vocab, error) { return VocabFromSentencePiece(file, config) },
			func() (Vocab, error) { return VocabFromWordPiece(file, config) },
			func() (Vocab, error) { return VocabFromBPE(file, []byte(text), config) },
		} {
			v, err := read()
			if err != nil {
				continue
			}
			tok, err := New(v)
			if err != nil {
				continue
			}
			for _, o := range []Options{{}, {AddSpecial: true, ParseSpecial: true}} {
				for _, id := range tok.Encode(text, o) {
					if id < 0 || int(id) >= tok.Len() {
						t.Fatalf("id %d in a vocabulary of %d tokens", id, tok.Len())
					}
				}
			}
		}
	})
}
