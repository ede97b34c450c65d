package arch

import (
	"github.com/linnet-go/linnet/engine/internal/layer"
	"github.com/linnet-go/linnet/kernels"
)

// llama is the family of Llama 1 to 3, Mistral, TinyLlama, SmolLM and many others (Touvron et al. 2023; Grattafiori et al. 2024; Jiang et
// al. 2023): RMS norms before each branch, grouped-query attention with rotary positions in interleaved pairs, a gated feed-forward net, or
// instead of it a mixture of experts (Jiang et al. 2024). InternLM2 and XVERSE are the same.
type llama struct{ decoder[llamaLayer] }

type llamaLayer struct {
	preNorms
	attention
	Dense *gatedFFN // either
	MoE   *experts
}

func newLlama(b *builder) *Model {
	m := &llama{}
	m.read(b, rms, interleaved)
	return m.build(b)
}

// build finishes a model whose parameters have been read.
func (m *llama) build(b *builder) *Model {
	var routing layer.Routing
	mixed := b.optional("expert_count", 0) > 0
	if mixed {
		routing = m.routing(b, true)
	}
	for i := range m.Layers {
		if mixed {
			m.Layers[i].MoE = &experts{}
		} else {
			m.Layers[i].Dense = &gatedFFN{}
		}
	}
	m.bind(b, m)
	for i := range m.Layers {
		if mixed {
			m.Layers[i].MoE.use(routing, layer.SwiGLU)
		}
	}
	return m.model(m.block)
}

// block is x += O·attention(norm x), x += Down·(silu(Gate·norm x) · Up·norm x).
func (m *llama) block(r *layer.Run, l *llamaLayer, a *layer.Attention) {
	r.Norm(&l.AttnNorm)
	l.attend(r, a)
	r.Add(&l.O)

	r.Norm(&l.FFNNorm)
	if l.MoE != nil {
		r.MoE(&l.MoE.moe, 1)
		return
	}
	r.GatedFFN(&l.Dense.GateUp, layer.SwiGLU)
	r.Add(&l.Dense.Down)
}

// newMistral3 is Ministral 3 (Mistral AI 2025): a Llama with YaRN whose factor of cos and sin the file adjusts, and with scores that grow
// sharper with the position.
func newMistral3(b *builder) *Model {
	m := &llama{}
	m.read(b, rms, interleaved)
	m.rope.LogMultiplier = b.number("rope.scaling.yarn_log_multiplier", 0)
	if scale := b.number("attention.temperature_scale", 0); scale != 0 {
		for i := range m.attn {
			m.attn[i].Temperature = &layer.Temperature{Scale: scale, Every: m.rope.Original}
		}
	}
	return m.build(b)
}

// newSmolLM3 is SmolLM3 (Hugging Face 2025): a Llama without rotation on every fourth layer.
func newSmolLM3(b *builder) *Model {
	m := &llama{}
	m.read(b, rms, interleaved)
	model := m.build(b)
	for i := range m.attn {
		if (i+1)%4 == 0 {
			m.attn[i].Rope = nil
		}
	}
	return model
}

// newArcee is AFM-4.5B (Arcee 2025): a Llama with max(0, x)² in a feed-forward net without gate.
func newArcee(b *builder) *Model {
	type arceeLayer struct {
		preNorms
		attention
		plainFFN
	}
	m := &decoder[arceeLayer]{}
	m.read(b, rms, interleaved)
	m.bind(b, m)
	return m.model(func(r *layer.Run, l *arceeLayer, a *layer.Attention) {
		r.Norm(&l.AttnNorm)
		l.attend(r, a)
		r.Add(&l.O)

		r.Norm(&l.FFNNorm)
		r.FFN(&l.Up, kernels.ReLU2)
		r.Add(&l.Down)
	})
}
