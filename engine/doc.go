// Package engine runs transformer language models on the CPU.
//
//	m, err := engine.Open("model.gguf")
//	s := m.NewSession()
//	for piece, err := range s.Generate(ctx, "Once upon a time", sample.Temperature(0.8)) { ... }
//
// A token's way: token.Encode turns a text into ids. A Session finds out which of them its cache already holds and hands the others to
// the model's scheduler (schedule.go), which makes up steps from the rows of all sessions: some that decode one token each, and a chunk of a
// prompt. A step goes through the family's blocks (internal/arch), which are written in pieces (internal/layer), which are phases
// that a team of workers shares, which call kernels. What comes out are logits; sample draws an id from them, and token.Stream turns ids
// into text again.
//
// The logits of a token are the same bits on every CPU, for any number of workers, however a prompt is cut into steps, alone or
// beside other sessions, with or without a reused beginning.
package engine
