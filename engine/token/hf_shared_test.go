package token

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sharedVocab returns the folder of reference vocabularies, or skips where it is absent.
func sharedDir(t testing.TB) string {
	root := os.Getenv("LINNET_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	if _, err := os.Stat(root); err != nil {
		if os.Getenv("LINNET_MUST_SHARED") == "1" {
			t.Fatal(err)
		}
		t.Skip("the reference vocabularies are not here: ", err)
	}
	return root
}

// readShared reads a file that may be packed.
func readShared(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		return b
	}
	f, err := os.Open(path + ".gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err == nil {
		b, err = io.ReadAll(z)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A sharedCase is one line of a cases.json. IDs nil: the call must return, with whatever ids.
type sharedCase struct {
	Label        string  `json:"label"`
	Text         string  `json:"text"`
	TextB64      []byte  `json:"text_b64"`
	AddSpecial   bool    `json:"add_special"`
	ParseSpecial bool    `json:"parse_special"`
	IDs          []int32 `json:"ids"`
	Detok        string  `json:"detok"`
}

func readCases(t testing.TB, path string) (cases []sharedCase) {
	t.Helper()
	if err := json.Unmarshal(readShared(t, path), &cases); err != nil {
		t.Fatal(err)
	}
	for i := range cases {
		if cases[i].TextB64 != nil {
			cases[i].Text = string(cases[i].TextB64)
		}
	}
	return cases
}

// checkCases encodes the texts of all cases.
func checkCases(t *testing.T, tok *Tokenizer, cases []sharedCase) {
	t.Helper()
	for _, c := range cases {
		o := Options{AddSpecial: c.AddSpecial, ParseSpecial: c.ParseSpecial}
		got := tok.Encode(c.Text, o)
		if n := tok.Count(c.Text, o); n != len(got) {
			t.Errorf("%s: Count is %d for %d ids", c.Label, n, len(got))
		}
		if c.IDs != nil && !slices.Equal(got, c.IDs) {
			i := 0
			for i < len(got) && i < len(c.IDs) && got[i] == c.IDs[i] {
				i++
			}
			t.Errorf("%s %+v: token %d of %d: got %v, want %v", c.Label, o, i, len(c.IDs), got[i:min(i+8, len(got))], c.IDs[i:min(i+8, len(c.IDs))])
		}
	}
}

// TestHuggingFace tries the folders that the Hugging Face library was tried on, to the ids and back.
func TestHuggingFace(t *testing.T) {
	dir := filepath.Join(sharedDir(t), "vocab", "hf")
	for _, name := range []string{"gpt-2", "bert-bge", "mistral"} {
		t.Run(name, func(t *testing.T) {
			v, err := VocabFromTokenizerJSON(readShared(t, filepath.Join(dir, name, "tokenizer.json")), readShared(t, filepath.Join(dir, name, "tokenizer_config.json")))
			if err != nil {
				t.Fatal(err)
			}
			tok := mustNew(t, v)
			cases := readCases(t, filepath.Join(dir, name, "cases.json"))
			checkCases(t, tok, cases)
			for _, c := range cases {
				got := tok.TrimPrefix(tok.Decode(c.IDs, true))
				if name == "bert-bge" {
					got = wordPieceText(tok, c.IDs)
				}
				if got := strings.ToValidUTF8(got, "\ufffd"); got != c.Detok {
					t.Errorf("%s: decoded %+q, want %+q", c.Label, got, c.Detok)
				}
			}
		})
	}
}

// wordPieceText is what the library's decoder makes of a WordPiece encoding: special tokens are words, and some spaces go.
func wordPieceText(tok *Tokenizer, ids []int32) string {
	var b strings.Builder
	for i, id := range ids {
		p := tok.Piece(id)
		if tok.Kind(id) != Normal && i > 0 {
			p = " " + p
		}
		if i == 0 {
			p = strings.TrimPrefix(p, " ")
		}
		for _, s := range []string{" .", " ?", " !", " ,", " n't", " 'm", " 's", " 've", " 're"} {
			p = strings.ReplaceAll(p, s, s[1:])
		}
		b.WriteString(strings.ReplaceAll(p, " ' ", "'"))
	}
	return b.String()
}

// TestSentencePiece tries the original files of three vocabularies on the cases of their GGUF forms.
func TestSentencePiece(t *testing.T) {
	dir := filepath.Join(sharedDir(t), "vocab")
	for _, name := range []string{"llama-spm", "unigram-1k", "unigram-ja"} {
		t.Run(name, func(t *testing.T) {
			v, err := VocabFromSentencePiece(readShared(t, filepath.Join(dir, "spm", name+".model")), nil)
			if err != nil {
				t.Fatal(err)
			}
			checkCases(t, mustNew(t, v), readCases(t, filepath.Join(dir, name+".cases.json")))
		})
	}
}

// TestOlderFiles writes vocabularies in the forms that came before tokenizer.json and tries them on the same cases.
func TestOlderFiles(t *testing.T) {
	dir := filepath.Join(sharedDir(t), "vocab", "hf")
	parts := func(name string) (vocab map[string]int, raw, merges, config []byte) {
		var f struct {
			Model struct {
				Vocab  json.RawMessage
				Merges []string
			}
		}
		if err := json.Unmarshal(readShared(t, filepath.Join(dir, name, "tokenizer.json")), &f); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(f.Model.Vocab, &vocab); err != nil {
			t.Fatal(err)
		}
		return vocab, f.Model.Vocab, []byte("#version: 0.2\n" + strings.Join(f.Model.Merges, "\n") + "\n"), readShared(t, filepath.Join(dir, name, "tokenizer_config.json"))
	}
	words, _, _, config := parts("bert-bge")
	lines := make([]string, len(words))
	for s, id := range words {
		lines[id] = s
	}
	v, err := VocabFromWordPiece([]byte(strings.Join(lines, "\r\n")), config)
	if err != nil {
		t.Fatal(err)
	}
	checkCases(t, mustNew(t, v), readCases(t, filepath.Join(dir, "bert-bge", "cases.json")))

	_, raw, merges, config := parts("gpt-2")
	if v, err = VocabFromBPE(raw, merges, config); err != nil {
		t.Fatal(err)
	}
	checkCases(t, mustNew(t, v), readCases(t, filepath.Join(dir, "gpt-2", "cases.json")))
}

// TestStoriesFolder: the two vocabularies of one folder give the same ids, with the files beside them and without.
func TestStoriesFolder(t *testing.T) {
	dir := filepath.Join(sharedDir(t), "models", "stories260K-hf")
	read := func(without string) *Tokenizer {
		v, err := VocabFromFolder(func(name string, limit int64) ([]byte, error) {
			if name == without {
				return nil, fs.ErrNotExist
			}
			return os.ReadFile(filepath.Join(dir, name))
		})
		if err != nil {
			t.Fatal(err)
		}
		return mustNew(t, v)
	}
	one, two := read(""), read("tokenizer.json")
	if want := []int32{1, 403, 407, 261, 378}; !slices.Equal(one.Encode("Once upon a time", Options{AddSpecial: true}), want) {
		t.Errorf("got %v, want %v", one.Encode("Once upon a time", Options{AddSpecial: true}), want)
	}
	for _, c := range readCases(t, filepath.Join(dir, "..", "..", "vocab", "llama-spm.cases.json")) {
		o := Options{AddSpecial: c.AddSpecial, ParseSpecial: c.ParseSpecial}
		if a, b := one.Encode(c.Text, o), two.Encode(c.Text, o); !slices.Equal(a, b) {
			t.Errorf("%s: tokenizer.json gives %v, tokenizer.model %v", c.Label, a, b)
		}
	}
}
