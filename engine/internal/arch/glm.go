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

// newGLM4MoE is GLM-4.5 to 4.7 (Zeng et al. 2025): split pairs, behind some dense layers mixtures of experts chosen by σ beside one for all
// tokens. The last layers, which guess a token further, are not used.
func newGLM4MoE(b *builder) *Model {
	type glm4MoELayer struct {
		AttnNorm layer.Norm `gguf:"attn_norm" shape:"dim"`
		attention
		QNorm   layer.Norm `gguf:"attn_q_norm,optional" shape:"head"`
		KNorm   layer.Norm `gguf:"attn_k_norm,optional" shape:"head"`
		FFNNorm layer.Norm `gguf:"post_attention_norm" shape:"dim"`
		Dense   *gatedFFN  // either
		MoE     *experts
		Shared  *sharedExpert
	}
	m := &decoder[glm4MoELayer]{}
	m.further = b.optional("nextn_predict_layers", 0)
	m.read(b, rms, split)
	routing := m.routing(b, true)
	routing.Sigmoid = b.optional("expert_gating_func", gateSigmoid) == gateSigmoid
	m.sharedWidth(b, m.moe.FFN)
	dense := b.optional("leading_dense_block_count", 0)
	for i := range m.Layers {
		if i < dense {
			m.Layers[i].Dense = &gatedFFN{}
		} else {
			m.Layers[i].MoE, m.Layers[i].Shared = &experts{}, &sharedExpert{}
		}
	}
	m.bind(b, m)
	m.eachLayer(func(i int, l *glm4MoELayer, a *layer.Attention) {
		useBoth(b, i, a, &l.QNorm, &l.KNorm)
		if l.MoE != nil {
			l.MoE.use(routing, layer.SwiGLU)
		}
	})
	return m.model(func(r *layer.Run, l *glm4MoELayer, a *layer.Attention) {
		r.Norm(&l.AttnNorm)
		l.attend(r, a)
		r.Add(&l.O)

		r.Norm(&l.FFNNorm)
		if l.Dense != nil {
			r.GatedFFN(&l.Dense.GateUp, layer.SwiGLU)
			r.Add(&l.Dense.Down)
			return
		}
		r.MoE(&l.MoE.moe, 1)
		r.GatedFFN(&l.Shared.GateUp, layer.SwiGLU)
		r.Add(&l.Shared.Down)
	})
}
