package engine

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/linnet-go/linnet/engine/token"
	"github.com/linnet-go/linnet/loader"
)

// sharedVocab returns the files of the reference vocabularies, or skips where they are absent.
func sharedVocab(t testing.TB) []string {
	root := os.Getenv("LINNET_SHARED")
	if root == "" {
		dir, err := os.Getwd()
		for err == nil && dir != filepath.Dir(dir) {
			if _, e := os.Stat(filepath.Join(dir, "go.mod")); e == nil {
				break
			}
			dir = filepath.Dir(dir)
		}
		root = filepath.Join(dir, "..", "shared")
	}
	files, _ := filepath.Glob(filepath.Join(root, "vocab", "*.gguf*"))
	if len(files) == 0 {
		if os.Getenv("LINNET_MUST_SHARED") == "1" {
			t.Fatalf("no vocabularies in %s", root)
		}
		t.Skipf("no vocabularies in %s", root)
	}
	return files
}

func vocabName(file string) string {
	name, _, _ := strings.Cut(filepath.Base(file), ".")
	return name
}

// openVocab opens a vocabulary-only file, unpacked in memory where it is packed.
func openVocab(t testing.TB, file string) *token.Tokenizer {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil && strings.HasSuffix(file, ".gz") {
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(b)); err == nil {
			b, err = io.ReadAll(z)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := loader.OpenBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	v, err := readVocab(m)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := token.New(v)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// A vocabCase is one line of a cases.json. IDs nil: the call must return, with whatever ids.
type vocabCase struct {
	Label        string  `json:"label"`
	Text         string  `json:"text"`
	TextB64      []byte  `json:"text_b64"`
	AddSpecial   bool    `json:"add_special"`
	ParseSpecial bool    `json:"parse_special"`
	IDs          []int32 `json:"ids"`
	Detok        string  `json:"detok"`
	DetokB64     []byte  `json:"detok_b64"`
	Raw          *string `json:"detok_raw"`
	RawB64       []byte  `json:"detok_raw_b64"`
}

func (c vocabCase) text() string {
	if c.TextB64 != nil {
		return string(c.TextB64)
	}
	return c.Text
}

// raw is the joined pieces of the ids.
func (c vocabCase) raw() string {
	switch {
	case c.RawB64 != nil:
		return string(c.RawB64)
	case c.Raw != nil:
		return *c.Raw
	case c.DetokB64 != nil:
		return string(c.DetokB64)
	}
	return c.Detok
}

// TestVocabConformance tries every reference vocabulary on all its cases, from the file to the ids and back.
func TestVocabConformance(t *testing.T) {
	for _, file := range sharedVocab(t) {
		t.Run(vocabName(file), func(t *testing.T) {
			tok := openVocab(t, file)
			b, err := os.ReadFile(filepath.Join(filepath.Dir(file), vocabName(file)+".cases.json"))
			if err != nil {
				t.Fatal(err)
			}
			var cases []vocabCase
			if err := json.Unmarshal(b, &cases); err != nil {
				t.Fatal(err)
			}
			for i, c := range cases {
				o := token.Options{AddSpecial: c.AddSpecial, ParseSpecial: c.ParseSpecial}
				got := tok.Encode(c.text(), o)
				if n := tok.Count(c.text(), o); n != len(got) {
					t.Errorf("case %d %q: Count is %d for %d ids", i, c.Label, n, len(got))
				}
				if c.IDs == nil {
					continue
				}
				if !slices.Equal(got, c.IDs) {
					t.Errorf("case %d %q %+v: %s", i, c.Label, o, firstDifference(tok, got, c.IDs))
				}
				if got := tok.Decode(c.IDs, true); got != c.raw() {
					t.Errorf("case %d %q: decoded %+q, want %+q", i, c.Label, got, c.raw())
				}
				s, streamed := tok.Stream(true), []byte(nil)
				for _, id := range c.IDs {
					streamed = s.AppendPush(streamed, id)
				}
				if got := string(streamed) + s.Flush(); got != c.raw() {
					t.Errorf("case %d %q: streamed %+q, want %+q", i, c.Label, got, c.raw())
				}
			}
		})
	}
}

// firstDifference shows a few tokens of two encodings from the first place where they differ.
func firstDifference(tok *token.Tokenizer, got, want []int32) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	show := func(ids []int32) (s []string) {
		for _, id := range ids[i:min(i+6, len(ids))] {
			s = append(s, fmt.Sprintf("%d %q", id, tok.Text(id)))
		}
		return s
	}
	return fmt.Sprintf("from token %d on got %v, want %v", i, show(got), show(want))
}

// BenchmarkEncode gives the speed of every reference vocabulary on one core: English, and one word of a megabyte.
func BenchmarkEncode(b *testing.B) {
	files := sharedVocab(b)
	letters := make([]byte, 1<<20)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range letters {
		letters[i] = 'a' + byte(rnd.IntN(26))
	}
	texts := []struct{ name, text string }{{"english", english(1 << 20)}, {"letters", string(letters)}}
	for _, file := range files {
		tok := openVocab(b, file)
		for _, x := range texts {
			b.Run(vocabName(file)+"/"+x.name, func(b *testing.B) {
				b.SetBytes(int64(len(x.text)))
				b.ReportAllocs()
				for b.Loop() {
					tok.Count(x.text, token.Options{})
				}
			})
		}
	}
}

// english makes n bytes of sentences in which words come as often as their rank lets expect (Zipf): 600 common words and, the
// rarer, ever new ones built of common syllables, so that neither the caches nor the vocabulary know them all.
func english(n int) string {
	common := strings.Fields(`the of and a to in is was he for it with as his on be at by i this had not are but from or have an they which one
		you were her all she there would their we him been has when who will more no if out so said what up its about into than them can only
		other new some could time these two may then do first any my now such like our over man me even most made after also did many before
		must through back years where much your way well down should because each just those people too little state good very make world
		still own see men work long get here between both life being under never day same another know while last might us great old year
		off come since against go came right used take three house morning river winter letter garden window bread stone bird wind light`)
	syllables := strings.Fields(`con ver tion al ing re ment der est pro ly in ter com per an de ble ous tri mer ac ness ful pre sub or gan
		is ti ca li mo na ro sen ta vi wor lan ber shi cro fen gra hol jun kel mar nor ped quin rud sol tem ul vex win yar zen`)
	rnd := rand.New(rand.NewPCG(5, 6))
	rare := rand.NewZipf(rnd, 1.1, 8, 1<<16)
	var b strings.Builder
	for b.Len() < n {
		for k, words := 0, 4+rnd.IntN(18); k < words; k++ {
			w := ""
			if i := int(rare.Uint64()); i < len(common) {
				w = common[i]
			} else {
				own := rand.New(rand.NewPCG(uint64(i), 7))
				for range 1 + own.IntN(4) {
					w += syllables[own.IntN(len(syllables))]
				}
			}
			if k == 0 {
				w = strings.ToUpper(w[:1]) + w[1:]
			}
			b.WriteString(w)
			b.WriteString([]string{" ", " ", " ", " ", " ", " ", " ", " ", " ", ", ", "'s ", " 1984 "}[rnd.IntN(12)])
		}
		b.WriteString([]string{". ", ".\n", "? ", "!\n\n"}[rnd.IntN(4)])
	}
	return b.String()[:n]
}

// metaMap is metadata in memory.
type metaMap map[string]any

func (m metaMap) Meta(key string) (any, bool) {
	v, ok := m[key]
	return v, ok
}

// TestReadVocab: the values a file may write in more than one way.
func TestReadVocab(t *testing.T) {
	v, err := readVocab(metaMap{
		"general.name":                        "Phi-3",
		"tokenizer.ggml.model":                "llama",
		"tokenizer.ggml.tokens":               []string{"<unk>", "a", "b"},
		"tokenizer.ggml.scores":               []float64{0, -1, -2},
		"tokenizer.ggml.token_type":           []uint64{2, 1, 1},
		"tokenizer.ggml.bos_token_id":         int64(1),
		"tokenizer.ggml.unknown_token_id":     uint64(0),
		"tokenizer.ggml.padding_token_id":     uint64(1<<32 - 1),
		"tokenizer.ggml.eos_token_id":         int64(-1),
		"tokenizer.ggml.add_bos_token":        false,
		"tokenizer.ggml.precompiled_charsmap": []int64{1, -1},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(v.Name, v.Model, v.Pre, v.Tokens, v.Scores, v.Kinds, v.BOS, v.UNK, v.PAD, v.EOS, v.CLS, *v.AddBOS, v.AddEOS == nil, v.CharsMap)
	if want := "Phi-3llama[<unk> a b] [0 -1 -2] [2 1 1] 1 0 -1 -1 -1 false true [1 255]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestReadVocabErrors: a value of the wrong type or length is an error that names its key.
func TestReadVocabErrors(t *testing.T) {
	for _, c := range []struct {
		key   string
		value any
		want  string
	}{
		{"model", nil, `missing, need a string`},
		{"model", uint64(3), `got 3, need a string`},
		{"pre", []string{"gpt-2"}, `got []string, need a string`},
		{"tokens", nil, `missing, need an array of strings`},
		{"tokens", []uint64{1, 2}, `got []uint64, need an array of strings`},
		{"merges", "a b", `got string, need an array of strings`},
		{"scores", []string{"0", "0"}, `got []string, need an array of numbers`},
		{"scores", []float32{0}, `got 1 elements, need one for each of the 2 tokens`},
		{"token_type", []int64{1, 300}, `got []int64, need an array of small integers`},
		{"token_type", []uint64{1, 1, 1}, `got 3 elements, need one for each of the 2 tokens`},
		{"bos_token_id", uint64(2), `got 2, need an id below the 2 tokens`},
		{"eos_token_id", int64(-2), `got -2, need an id below the 2 tokens`},
		{"eot_token_id", uint64(1 << 63), `got 9223372036854775808, need an id below the 2 tokens`},
		{"unknown_token_id", 0.5, `got 0.5, need an id below the 2 tokens`},
		{"add_bos_token", uint64(1), `got 1, need a boolean`},
		{"precompiled_charsmap", []uint64{256}, `got []uint64, need an array of bytes`},
	} {
		m := metaMap{"tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": []string{"a", "b"}}
		key := "tokenizer.ggml." + c.key
		if m[key] = c.value; c.value == nil {
			delete(m, key)
		}
		_, err := readVocab(m)
		if want := fmt.Sprintf("key %q: %s", key, c.want); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
