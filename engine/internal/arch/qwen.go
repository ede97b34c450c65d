package arch

import "github.com/linnet-go/linnet/engine/internal/layer"

// newQwen2 is Qwen 1.5 to 2.5 (Yang et al. 2024): a Llama with split pairs and biases on queries, keys and values.
func newQwen2(b *builder) *Model {
	type qwen2Layer struct {
		preNorms
		attention
		gatedFFN
	}
	m := &decoder[qwen2Layer]{}
	m.read(b, rms, split)
	m.bind(b, m)
	return m.model(func(r *layer.Run, l *qwen2Layer, a *layer.Attention) {
		r.Norm(&l.AttnNorm)
		l.attend(r, a)
		r.Add(&l.O)

		r.Norm(&l.FFNNorm)
		r.GatedFFN(&l.GateUp, layer.SwiGLU)
		r.Add(&l.Down)
	})
}

// newQwen3 is Qwen3 (Yang et al. 2025): norms of each head of queries and keys instead of biases.
func newQwen3(b *builder) *Model {
	type qwen3Layer struct {
		preNorms
		attention
		headNorms
		gatedFFN
	}
	m := &decoder[qwen3Layer]{}
	m.read(b, rms, split)
	m.bind(b, m)
	m.eachLayer(func(_ int, l *qwen3Layer, a *layer.Attention) { l.use(a) })
	return m.model(func(r *layer.Run, l *qwen3Layer, a *layer.Attention) {
		r.Norm(&l.AttnNorm)
		l.attend(r, a)
		r.Add(&l.O)

		r.Norm(&l.FFNNorm)
		r.GatedFFN(&l.GateUp, layer.SwiGLU)
		r.Add(&l.Down)
	})
}

// newQwen3MoE is Qwen3 with a mixture of experts in each layer, whose weights are normalised.
func newQwen3MoE(b *builder) *Model {
	type qwen3MoELayer struct {
		preNorms
		attention
		headNorms
		experts
	}
	m := &decoder[qwen3MoELayer]{}
	m.read(b, rms, split)
	routing := m.routing(b, true)
	m.bind(b, m)
	m.eachLayer(func(_ int, l *qwen3MoELayer, a *layer.Attention) {
		l.headNorms.use(a)
		l.experts.use(routing, layer.SwiGLU)
	})
	return m.model(func(r *layer.Run, l *qwen3MoELayer, a *layer.Attention) {
		r.Norm(&l.AttnNorm)
		l.attend(r, a)
		r.Add(&l.O)

		r.Norm(&l.FFNNorm)
		r.MoE(&l.moe, 1)
	})
}

// newQwen2MoE is Qwen 1.5 and 2 with mixtures of experts (Yang et al. 2024), whose weights are not normalised, beside an expert for all tokens
// that has a gate of its own.
func newQwen2MoE(b *builder) *Model {
	type qwen2MoELayer struct {
		preNorms
		attention
		experts
		sharedExpert
		SharedGate layer.Linear `gguf:"ffn_gate_inp_shexp" shape:"dim,one"`
	}
	m := &decoder[qwen2MoELayer]{}
	m.read(b, rms, split)
	routing := m.routing(b, false)
	m.sharedWidth(b, m.ffn)
	m.bind(b, m)
	m.eachLayer(func(_ int, l *qwen2MoELayer, _ *layer.Attention) { l.use(routing, layer.SwiGLU) })
	return m.model(func(r *layer.Run, l *qwen2MoELayer, a *layer.Attention) {
		r.Norm(&l.AttnNorm)
		l.attend(r, a)
		r.Add(&l.O)

		r.Norm(&l.FFNNorm)
		r.MoE(&l.moe, 1)
		r.GatedFFN(&l.GateUp, layer.SwiGLU)
		r.GateRows(&l.SharedGate)
		r.Add(&l.sharedExpert.Down)
	})
}
