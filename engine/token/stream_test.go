package token

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// byteStream returns a stream of a vocabulary whose token n is the byte n; 257 is <s>, 258 is <tool>.
func byteStream(t *testing.T, special bool) *Stream {
	v := newVocab("gpt-2", "a b")
	addTokens(&v, Control, "<s>")
	addTokens(&v, UserDefined, "<tool>")
	return mustNew(t, v).Stream(special)
}

// TestStream: what comes out of each token when the tokens are single bytes. A dot stands for nothing.
func TestStream(t *testing.T) {
	for _, c := range []struct{ text, want, flush string }{
		{"ab", "a b", ""},
		{"é", ". é", ""},
		{"a€b", "a . . € b", ""},
		{"😀😀", ". . . 😀 . . . 😀", ""},
		{"\xf0\x9f\x98", ". . .", "\xf0\x9f\x98"},
		{"\xe2\x82a", ". . \xe2\x82a", ""}, // a torn character is let go by what cannot continue it
		{"\xe2\x82\xe2\x82\xac", ". . \xe2\x82 . €", ""},
		{"\x80\xff\xc0a", "\x80 \xff \xc0 a", ""}, // bytes that begin nothing are not held
		{"\xf4\x90a", ". \xf4\x90 a", ""},
	} {
		for name, push := range map[string]func(*Stream, int32) string{
			"Push":       (*Stream).Push,
			"AppendPush": func(s *Stream, id int32) string { return string(s.AppendPush([]byte("kept"), id))[len("kept"):] },
		} {
			s := byteStream(t, true)
			var got []string
			for _, b := range []byte(c.text) {
				got = append(got, push(s, int32(b)))
			}
			for i, p := range got {
				if p == "" {
					got[i] = "."
				}
			}
			if g := strings.Join(got, " "); g != c.want {
				t.Errorf("%s %+q: got %+q, want %+q", name, c.text, g, c.want)
			}
			if f := s.Flush(); f != c.flush || s.Flush() != "" {
				t.Errorf("%s %+q: flushed %+q, want %+q", name, c.text, f, c.flush)
			}
		}
	}
}

// TestStreamSpecial: control tokens come out as text or not at all, and do not complete a character.
func TestStreamSpecial(t *testing.T) {
	for special, want := range map[bool]string{true: "a<s>\xc3<s><tool>", false: "a\xc3<tool>"} {
		s, got := byteStream(t, special), ""
		for _, id := range []int32{'a', 257, 0xC3, 257, 258, -1, 9999} {
			got += s.Push(id)
		}
		if got += s.Flush(); got != want {
			t.Errorf("special %v: got %+q, want %+q", special, got, want)
		}
	}
}

func TestStreamAllocs(t *testing.T) {
	s, text := byteStream(t, true), []byte("plain, é, €, 😀")
	dst := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(50, func() {
		dst = dst[:0]
		for _, b := range text {
			dst = s.AppendPush(dst, int32(b))
		}
	}); n != 0 || string(dst) != string(text) {
		t.Errorf("%v allocations for %q", n, dst)
	}
}

// FuzzStream: however bytes are spread over tokens, what comes out joined is what went in, and every part ends where a character does.
func FuzzStream(f *testing.F) {
	f.Add("a€b\xf0\x9f\x98\xffé", uint64(0x5a))
	f.Fuzz(func(t *testing.T, text string, cuts uint64) {
		// the vocabulary is the parts of this text: one ends after byte i where bit i of cuts is set
		tok, start := &Tokenizer{}, 0
		for i := range len(text) {
			if cuts>>(i%64)&1 == 1 || i == len(text)-1 {
				tok.pieces = append(tok.pieces, text[start:i+1])
				start = i + 1
			}
		}
		s, got := tok.Stream(true), []byte(nil)
		for id := range tok.pieces {
			p := s.Push(int32(id))
			if utf8.ValidString(text) && !utf8.ValidString(p) {
				t.Errorf("%+q, cuts %x: torn part %+q", text, cuts, p)
			}
			got = append(got, p...)
		}
		if got := string(got) + s.Flush(); got != text {
			t.Errorf("got %+q, want %+q", got, text)
		}
	})
}
