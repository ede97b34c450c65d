package gguf

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// magics are the beginnings of files that are given for a model by mistake.
var magics = []struct{ magic, name string }{
	{"tjgg", "an older ggml file (ggjt)"},
	{"fmgg", "an older ggml file (ggmf)"},
	{"lmgg", "an older ggml file, or a whisper model"},
	{"\x1f\x8b", "a gzip archive, to be unpacked first"},
	{"\x28\xb5\x2f\xfd", "a zstd archive, to be unpacked first"},
	{"PK\x03\x04", "a zip archive, or a PyTorch model"},
	{"\x89HDF", "an HDF5 file"},
	{"version https://git-lfs", "the pointer that Git LFS leaves in place of a file"},
}

// looksLike says what a file that is no GGUF file looks like from its first bytes.
func looksLike(head []byte) string {
	if len(head) == 0 {
		return "it is empty"
	}
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return "it looks like " + m.name
		}
	}
	if len(head) > 9 && head[8] == '{' && bytes.Equal(head[5:8], []byte{0, 0, 0}) {
		return "it looks like a safetensors file"
	}
	if start, ok := firstText(head); ok {
		return fmt.Sprintf("begins with %q", start)
	}
	return fmt.Sprintf("begins with the bytes % x", head[:min(len(head), 4)])
}

// firstText returns the first five characters of head; ok is false if they are not those of a text.
func firstText(head []byte) (start string, ok bool) {
	end := 0
	for range 5 {
		c, n := utf8.DecodeRune(head[end:])
		if n == 0 {
			break
		}
		if c == utf8.RuneError && n == 1 || c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return "", false
		}
		end += n
	}
	return string(head[:end]), true
}
