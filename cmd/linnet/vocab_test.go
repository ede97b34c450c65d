package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestVocabularies gives every case of the reference vocabularies, files without weights of many families, to tokenize --jsonl.
func TestVocabularies(t *testing.T) {
	dir := shared(t, "vocab")
	paths, err := filepath.Glob(filepath.Join(dir, "*.cases.json"))
	if err != nil || len(paths) < 16 {
		t.Fatalf("%d vocabularies, %v", len(paths), err)
	}
	for _, cases := range paths {
		name := strings.TrimSuffix(filepath.Base(cases), ".cases.json")
		t.Run(name, func(t *testing.T) {
			list, lines := readCases(t, cases)
			model := unpacked(t, filepath.Join(dir, name+".gguf"))
			answers := strings.Split(strings.TrimSpace(ok(t, lines, "tokenize", "--jsonl", "-m", model)), "\n")
			if len(answers) != len(list) {
				t.Fatalf("%d answers to %d lines", len(answers), len(list))
			}
			for i, c := range list {
				var got tokenized
				if err := json.Unmarshal([]byte(answers[i]), &got); err != nil {
					t.Fatal(err)
				}
				if c.IDs != nil && !slices.Equal(got.IDs, c.IDs) || len(got.Pieces) != len(got.IDs) {
					t.Errorf("%s: got %v, want %v", c.Label, got.IDs, c.IDs)
				}
			}
		})
	}
}

// vocabCase is a text with its ids; nil: any will do.
type vocabCase struct {
	Label string
	IDs   []int32
}

// readCases returns the cases and, as lines of JSON, what tokenize --jsonl reads.
func readCases(t *testing.T, path string) (list []vocabCase, lines string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for _, r := range raw {
		var c vocabCase
		if err := json.Unmarshal(r, &c); err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
		if err := json.Compact(&text, r); err != nil {
			t.Fatal(err)
		}
		text.WriteByte('\n')
	}
	return list, text.String()
}

// unpacked returns the path of a file, unpacked if it is there only as .gz.
func unpacked(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path + ".gz")
	if os.IsNotExist(err) {
		return path
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
