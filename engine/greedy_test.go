package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/linnet-go/linnet/engine/sample"
)

// storyIDs are the first tokens after "Once upon a time", with F32 and with Q8_0 weights.
var storyIDs = []int32{
	432, 383, 286, 261, 376, 298, 315, 421, 395, 317, 426, 338, 401, 396, 267, 337, 410, 408, 419, 292, 411, 322, 265, 282, 295, 433, 426, 385, 328, 432,
	358, 394, 261, 370, 432, 352, 266, 268, 388, 426, 338, 391, 266, 267, 337, 335, 312, 432, 398, 312, 286, 267, 414, 270, 333, 415, 426, 13, 438, 310,
}

// stories are the texts that the F32 model writes greedily, computed by other means.
var stories = []struct {
	prompt string
	tokens int
	text   string
}{
	{"Once upon a time", 160, `, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but it was too high.
Lily's mom said, "Lily, let's go to the park." Lily was sad and didn't know what to do. She said, "I want to play with your ball, but I can't find it."
Lily was sad and didn't know what to do. She said, "I'm sorry,`},
	{"The little dog", 120, ` was a little girl named Lily. She loved to play with her toys and her toys. One day, she saw a big box with a big box. It was a big, red ball. She wanted to play with it, but she did not want to play with it.
Lily's mom said, "Lily, let's go to the box." Lily said, "Yes, it is. It's a small box`},
}

// write generates greedily and returns ids and text.
func write(t testing.TB, s *Session, prompt string, tokens int, opts ...GenerateOption) (ids []int32, text string) {
	t.Helper()
	var b strings.Builder
	opts = append([]GenerateOption{sample.Greedy(), MaxTokens(tokens)}, opts...)
	for tok, err := range s.Generate(context.Background(), prompt, opts...) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(&b, tok)
		if tok.ID >= 0 {
			ids = append(ids, tok.ID)
		}
	}
	return ids, b.String()
}

func TestGreedyStories(t *testing.T) {
	file := sharedFiles(t, "models/stories260K.gguf")[0]
	for _, level := range levelNames() {
		s := openModel(t, file, Level(level)).NewSession()
		for _, want := range stories {
			if _, text := write(t, s, want.prompt, want.tokens); text != want.text {
				t.Errorf("%s: after %q: %q, want %q", level, want.prompt, text, want.text)
			}
		}
	}
}

func TestGreedyTiny(t *testing.T) {
	for _, level := range levelNames() {
		s := openModel(t, tinyFile, Level(level)).NewSession()
		ids, text := write(t, s, "Once upon a time", len(storyIDs))
		if !slices.Equal(ids, storyIDs) || !strings.HasPrefix(stories[0].text, text) {
			t.Errorf("%s: %v %q, want %v", level, ids, text, storyIDs)
		}
		if st := s.Stats(); st.Reason != MaxTokensDone || st.Prompt != 5 || st.Generated != len(storyIDs) {
			t.Errorf("%s: %+v", level, st)
		}
	}
}
