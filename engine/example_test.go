package engine_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/linnet-go/linnet/engine"
	"github.com/linnet-go/linnet/engine/sample"
)

// tiny is a model of 260,000 parameters that has read children's stories.
const tiny = "../cmd/internal/tiny/stories260K-q8_0.gguf"

func Example() {
	m, err := engine.Open(tiny)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	s := m.NewSession()
	for piece, err := range s.Generate(context.Background(), "Once upon a time", sample.Greedy(), engine.MaxTokens(27)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(piece)
	}
	fmt.Println()
	fmt.Println("ended by", s.Stats().Reason)
	// Output:
	// , there was a little girl named Lily. She loved to play outside in the park.
	// ended by length
}

// A model can be embedded in a program, or come from anywhere else.
func ExampleOpenBytes() {
	file, err := os.ReadFile(tiny) // or //go:embed
	if err != nil {
		log.Fatal(err)
	}
	m, err := engine.OpenBytes(file, engine.Threads(2), engine.Context(512))
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	i := m.Info()
	fmt.Println(i.Family, i.Layers, "layers of width", i.Dim, "and", i.Vocab, "tokens")
	// Output:
	// llama 5 layers of width 64 and 512 tokens
}

// The next-token distribution, here of the two most likely tokens.
func ExampleSession_Next() {
	m, err := engine.Open(tiny)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	dist, err := m.NewSession().Next(context.Background(), "Once upon a time, there was a little", sample.TopK(2))
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range dist {
		fmt.Printf("%q %.2f\n", m.Tokenizer().Piece(p.ID), p.P)
	}
	// Output:
	// " g" 0.72
	// " b" 0.28
}

// A session keeps what it has read. Handing it the whole text again costs only what is new in it.
func ExampleSession_Stats() {
	m, err := engine.Open(tiny)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	s := m.NewSession()
	for _, text := range []string{"Tom had a red ball.", "Tom had a red ball. He gave it to Lily."} {
		if _, err := s.Next(context.Background(), text); err != nil {
			log.Fatal(err)
		}
		fmt.Println(s.Stats().Prompt, "tokens,", s.Stats().Reused, "of them known")
	}
	// Output:
	// 10 tokens, 0 of them known
	// 18 tokens, 10 of them known
}

// The raw logits of every position.
func ExampleSession_Logits() {
	m, err := engine.Open(tiny)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	ids := []int32{1, 403, 407, 261, 378}
	for logits, err := range m.NewSession().Logits(context.Background(), ids, 3) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d logits, the last is %.3f\n", len(logits), logits[len(logits)-1])
	}
	// Output:
	// 512 logits, the last is -5.168
	// 512 logits, the last is -8.047
}
