// Package tiny holds the model that linnet runs when no other is named. It is not a model to ask questions of.
package tiny

import _ "embed"

// Model is a GGUF file: stories260K, a Llama of 260,000 parameters that has read children's stories and writes their like. 5 layers of
// width 64, 512 SentencePiece tokens, context 2,048; weights Q8_0, rows of 172 values F16. NOTICE names its source.
//
//go:embed stories260K-q8_0.gguf
var Model []byte
