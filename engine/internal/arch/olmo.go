package arch

import "github.com/linnet-go/linnet/engine/internal/layer"

// newOLMo is OLMo 1 (Groeneveld et al. 2024): layer norms without weights; queries, keys and values that are cut.
func newOLMo(b *builder) *Model {
	type olmoLayer struct {
		attention
		gatedFFN
	}
	m := &decoder[olmoLayer]{}
	m.read(b, layerNorms, interleaved)
	limit := b.number("attention.clamp_kqv", 0)
	m.Norm = m.norm
	m.Norm.Dim, m.Norm.Weight = m.dim, ones(m.dim)
	m.bind(b, m)
	m.eachLayer(func(_ int, _ *olmoLayer, a *layer.Attention) { a.Clamp = float32(limit) })
	return m.model(func(r *layer.Run, l *olmoLayer, a *layer.Attention) {
		r.Norm(&m.Norm)
		l.attend(r, a)
		r.Add(&l.O)

		r.Norm(&m.Norm)
		r.GatedFFN(&l.GateUp, layer.SwiGLU)
		r.Add(&l.Down)
	})
}

// ones are weights that change nothing, padded with zeros.
func ones(n int) []float32 {
	w := make([]float32, (n+15)&^15)
	for i := range n {
		w[i] = 1
	}
	return w
}

// postNormed is a layer whose branches have a norm behind them and none in front.
type postNormed struct {
	attention
	gatedFFN
	postNorms
}

// block is x += norm(O·attention(x)), x += norm(Down·(silu(Gate·x) · Up·x)).
func (l *postNormed) block(r *layer.Run, a *layer.Attention) {
	r.Raw()
	l.attend(r, a)
	r.AddNormed(&l.O, &l.PostAttn)

	r.Raw()
	r.GatedFFN(&l.GateUp, layer.SwiGLU)
	r.AddNormed(&l.Down, &l.PostFFN)
}

// newOLMo2 is OLMo 2 and 3 (OLMo Team 2024, 2025): norms behind the branches and of all queries and keys; in OLMo 3 windows on three of
// four layers, whose rotation is not stretched.
func newOLMo2(b *builder) *Model {
	type olmo2Layer struct {
		postNormed
		allNorms
	}
	m := &decoder[olmo2Layer]{}
	m.read(b, rms, split)
	local := b.local(m.layers, 4)
	m.bind(b, m)
	near := m.rope
	near.Scaling, near.Factor, near.AttnFactor = "none", 1, 1
	var nearby *layer.Rope
	if m.heads.Window > 0 {
		nearby = m.addRope(b, near)
	}
	m.eachLayer(func(i int, l *olmo2Layer, a *layer.Attention) {
		l.use(a)
		switch {
		case !local[i]:
			a.Window = 0
		case a.Window > 0:
			a.Rope = nearby
		}
	})
	return m.model(func(r *layer.Run, l *olmo2Layer, a *layer.Attention) { l.block(r, a) })
}

// newOLMoE is OLMoE (Muennighoff et al. 2024): a mixture of experts whose weights are not normalised, norms of all queries and keys.
func newOLMoE(b *builder) *Model {
	type olmoeLayer struct {
		preNorms
		attention
		allNorms
		experts
	}
	m := &decoder[olmoeLayer]{}
	m.read(b, rms, split)
	routing := m.routing(b, false)
	m.bind(b, m)
	m.eachLayer(func(_ int, l *olmoeLayer, a *layer.Attention) {
		l.allNorms.use(a)
		l.experts.use(routing, layer.SwiGLU)
	})
	return m.model(func(r *layer.Run, l *olmoeLayer, a *layer.Attention) {
		r.Norm(&l.AttnNorm)
		l.attend(r, a)
		r.Add(&l.O)

		r.Norm(&l.FFNNorm)
		r.MoE(&l.moe, 1)
	})
}

// newExaone4 is EXAONE 4 (LG AI Research 2025): norms behind the branches and of each head; with a window, only the layers that have it
// turn queries and keys.
func newExaone4(b *builder) *Model {
	type exaone4Layer struct {
		postNormed
		headNorms
	}
	m := &decoder[exaone4Layer]{}
	m.read(b, rms, split)
	local := b.local(m.layers, 4)
	m.bind(b, m)
	m.eachLayer(func(i int, l *exaone4Layer, a *layer.Attention) {
		l.use(a)
		if a.Window > 0 && !local[i] {
			a.Window, a.Rope = 0, nil
		}
	})
	return m.model(func(r *layer.Run, l *exaone4Layer, a *layer.Attention) { l.block(r, a) })
}
