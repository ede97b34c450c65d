package arch

import "github.com/linnet-go/linnet/engine/internal/layer"

// newGLM4 is GLM-4-0414 (Z.ai 2025): norms before and after the branches, gate and up in one matrix, rotation of a part of each head.
func newGLM4(b *builder) *Model {
	type glm4Layer struct {
		preNorms
		attention
		fusedFFN
		postNorms
	}
	m := &decoder[glm4Layer]{}
	m.read(b, rms, interleaved)
	m.bind(b, m)
	return m.model(func(r *layer.Run, l *glm4Layer, a *layer.Attention) {
		r.Norm(&l.AttnNorm)
		l.attend(r, a)
		r.AddNormed(&l.O, &l.PostAttn)

		r.Norm(&l.FFNNorm)
		r.GatedFFN(&l.GateUp, layer.SwiGLU)
		r.AddNormed(&l.Down, &l.PostFFN)
	})
}
