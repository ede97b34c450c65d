package arch

import "github.com/linnet-go/linnet/engine/internal/layer"

// newStableLM is StableLM 2 and 3B (Bellagente et al. 2024): layer norms, rotation of a part of each head; in some models norms of queries
// and keys with weights for each head, and both branches side by side, which have no norm between them then.
func newStableLM(b *builder) *Model {
	type stableLMLayer struct {
		AttnNorm layer.Norm `gguf:"attn_norm" shape:"dim"`
		attention
		ownNorms
		FFNNorm layer.Norm `gguf:"ffn_norm,optional" shape:"dim"`
		gatedFFN
	}
	m := &decoder[stableLMLayer]{}
	m.read(b, layerNorms, split)
	b.flag("use_parallel_residual", false) // the tensors tell
	m.bind(b, m)
	m.eachLayer(func(i int, l *stableLMLayer, a *layer.Attention) { l.use(b, i, a) })
	return m.model(func(r *layer.Run, l *stableLMLayer, a *layer.Attention) {
		r.Norm(&l.AttnNorm)
		l.attend(r, a)
		r.Add(&l.O)

		if l.FFNNorm.Bound() {
			r.Norm(&l.FFNNorm)
		}
		r.GatedFFN(&l.GateUp, layer.SwiGLU)
		r.Add(&l.Down)
	})
}
