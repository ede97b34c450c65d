package arch

import (
	"github.com/linnet-go/linnet/engine/internal/layer"
	"github.com/linnet-go/linnet/kernels"
)

// newPhi2 is Phi-1 to Phi-2 (Gunasekar et al. 2023; Javaheripi et al. 2023): attention and feed-forward net side by side behind one layer
// norm, biases everywhere, rotation of a part of each head.
func newPhi2(b *builder) *Model {
	type phi2Layer struct {
		AttnNorm layer.Norm `gguf:"attn_norm" shape:"dim"`
		attention
		plainFFN
	}
	m := &decoder[phi2Layer]{}
	m.read(b, layerNorms, split)
	m.bind(b, m)
	return m.model(func(r *layer.Run, l *phi2Layer, a *layer.Attention) {
		r.Norm(&l.AttnNorm)
		l.attend(r, a)
		r.Add(&l.O)
		r.FFN(&l.Up, kernels.GELU)
		r.Add(&l.Down)
	})
}

// newPhi3 is Phi-3 and Phi-4 (Abdin et al. 2024): a Llama with split pairs and fused matrices, and frequencies for short and long contexts.
func newPhi3(b *builder) *Model {
	type phi3Layer struct {
		preNorms
		attention
		fusedFFN
	}
	m := &decoder[phi3Layer]{}
	m.read(b, rms, split)
	m.bind(b, m)
	return m.model(func(r *layer.Run, l *phi3Layer, a *layer.Attention) {
		r.Norm(&l.AttnNorm)
		l.attend(r, a)
		r.Add(&l.O)

		r.Norm(&l.FFNNorm)
		r.GatedFFN(&l.GateUp, layer.SwiGLU)
		r.Add(&l.Down)
	})
}
