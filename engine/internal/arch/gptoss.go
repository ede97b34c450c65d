package arch

import "github.com/linnet-go/linnet/engine/internal/layer"

// newGPTOSS is gpt-oss (OpenAI 2025): a mixture of experts with biases and a bounded SwiGLU, attention sinks, a window on every second layer,
// YaRN whose bounds are not rounded.
func newGPTOSS(b *builder) *Model {
	type gptOSSLayer struct {
		AttnNorm layer.Norm `gguf:"attn_norm" shape:"dim"`
		attention
		Sinks   []float32  `gguf:"attn_sinks" shape:"heads"`
		FFNNorm layer.Norm `gguf:"post_attention_norm" shape:"dim"`
		experts
	}
	m := &decoder[gptOSSLayer]{}
	m.read(b, rms, split)
	m.rope.Unrounded = true
	routing := m.routing(b, true)
	window := b.count("attention.sliding_window", required)
	local := b.local(m.layers, 2)
	m.bind(b, m)
	if b.err != nil {
		return nil
	}
	m.eachLayer(func(i int, l *gptOSSLayer, a *layer.Attention) {
		l.use(routing, layer.ClampedSwiGLU)
		a.Sinks, a.Window = m.heads.PerQuery(l.Sinks), 0
		if local[i] {
			a.Window = window
		}
	})
	return m.model(func(r *layer.Run, l *gptOSSLayer, a *layer.Attention) {
		r.Norm(&l.AttnNorm)
		l.attend(r, a)
		r.Add(&l.O)

		r.Norm(&l.FFNNorm)
		r.MoE(&l.moe, 1)
	})
}
