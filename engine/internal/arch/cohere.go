package arch

import "github.com/linnet-go/linnet/engine/internal/layer"

// cohere is the family of Command R and Aya (Cohere 2024): both branches side by side behind one layer norm, logits that are scaled; in the
// greatest models norms of queries and keys with weights for each head.
type cohere struct{ decoder[cohereLayer] }

type cohereLayer struct {
	AttnNorm layer.Norm `gguf:"attn_norm" shape:"dim"`
	attention
	ownNorms
	gatedFFN
}

func newCommandR(b *builder) *Model {
	m := &cohere{}
	m.build(b)
	return m.model(m.block)
}

func (m *cohere) build(b *builder) {
	m.read(b, layerNorms, interleaved)
	if b.value("logit_scale") == nil {
		b.bad("logit_scale", "a finite number", nil)
	}
	m.squash.Scale = b.scale("logit_scale", 1)
	m.bind(b, m)
	m.eachLayer(func(i int, l *cohereLayer, a *layer.Attention) { l.use(b, i, a) })
}

// newCohere2 is Command R7B and Command A (Cohere 2024, 2025): three of four layers have a window and rotary positions, the others see all
// positions as they are.
func newCohere2(b *builder) *Model {
	m := &cohere{}
	m.build(b)
	for i, local := range b.local(m.layers, 4) {
		if !local {
			m.attn[i].Window, m.attn[i].Rope = 0, nil
		}
	}
	return m.model(m.block)
}

// block is x += O·attention(norm x) + Down·(silu(Gate·norm x) · Up·norm x).
func (m *cohere) block(r *layer.Run, l *cohereLayer, a *layer.Attention) {
	r.Norm(&l.AttnNorm)
	l.attend(r, a)
	r.Add(&l.O)
	r.GatedFFN(&l.GateUp, layer.SwiGLU)
	r.Add(&l.Down)
}
