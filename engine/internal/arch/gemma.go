package arch

import (
	"math"

	"github.com/linnet-go/linnet/engine/internal/layer"
)

// newGemma is Gemma 1 (Gemma Team 2024): embeddings times √dim, GELU in the gate.
func newGemma(b *builder) *Model {
	type gemmaLayer struct {
		preNorms
		attention
		gatedFFN
	}
	m := &decoder[gemmaLayer]{}
	m.read(b, rms, split)
	m.embedScale = float32(math.Sqrt(float64(m.dim)))
	m.bind(b, m)
	return m.model(func(r *layer.Run, l *gemmaLayer, a *layer.Attention) {
		r.Norm(&l.AttnNorm)
		l.attend(r, a)
		r.Add(&l.O)

		r.Norm(&l.FFNNorm)
		r.GatedFFN(&l.GateUp, layer.GeGLU)
		r.Add(&l.Down)
	})
}

type gemma2Layer struct {
	preNorms
	attention
	gatedFFN
	postNorms
}

// gemma2Block is x += norm(O·attention(norm x)), x += norm(Down·(gelu(Gate·norm x) · Up·norm x)).
func gemma2Block(r *layer.Run, l *gemma2Layer, a *layer.Attention) {
	r.Norm(&l.AttnNorm)
	l.attend(r, a)
	r.AddNormed(&l.O, &l.PostAttn)

	r.Norm(&l.FFNNorm)
	r.GatedFFN(&l.GateUp, layer.GeGLU)
	r.AddNormed(&l.Down, &l.PostFFN)
}

// newGemma2 is Gemma 2 (Gemma Team 2024b): norms after the branches, too, bounded scores and logits, a window on every second layer.
func newGemma2(b *builder) *Model {
	m := &decoder[gemma2Layer]{}
	m.read(b, rms, split)
	m.embedScale = float32(math.Sqrt(float64(m.dim)))
	m.squash.Cap = float32(b.number("final_logit_softcapping", 30))
	limit := float32(b.number("attn_logit_softcapping", 50))
	window := b.optional("attention.sliding_window", 4096)
	local := b.local(m.layers, 2)
	m.bind(b, m)
	m.eachLayer(func(i int, _ *gemma2Layer, a *layer.Attention) {
		a.Cap, a.Window = limit, 0
		if local[i] {
			a.Window = window
		}
		if m.layers == 46 && b.value("attention.scale") == nil { // the 27B model; no key says so
			a.Scale = gemmaScale(&m.params)
		}
	})
	return m.model(gemma2Block)
}

// gemmaScale is the scale of scores in the greatest models: that of heads which share the width.
func gemmaScale(p *params) float32 {
	return float32(1 / math.Sqrt(float64(p.dim)/float64(p.heads.N)))
}

// newGemma3 is Gemma 3 (Gemma Team 2025): norms of queries and keys instead of bounds, windows on five of six layers, which have a
// rotation of their own.
func newGemma3(b *builder) *Model {
	type gemma3Layer struct {
		gemma2Layer
		headNorms
	}
	m := &decoder[gemma3Layer]{}
	m.read(b, rms, split)
	m.embedScale = float32(math.Sqrt(float64(m.dim)))
	m.squash.Cap = float32(b.number("final_logit_softcapping", 0))
	near := layer.RopeConfig{
		Dims: m.rope.Dims, Base: b.number("rope.freq_base_swa", 10000), Positions: m.rope.Positions,
		Scaling: "none", Factor: 1, Original: m.rope.Original, AttnFactor: 1,
	}
	local := b.local(m.layers, 6)
	m.bind(b, m)
	var nearby *layer.Rope
	if m.heads.Window > 0 {
		nearby = m.addRope(b, near)
	}
	m.eachLayer(func(i int, l *gemma3Layer, a *layer.Attention) {
		l.use(a)
		switch {
		case !local[i]:
			a.Window = 0
		case a.Window > 0:
			a.Rope = nearby
		}
		if m.layers == 62 && b.value("attention.scale") == nil { // as in Gemma 2
			a.Scale = gemmaScale(&m.params)
		}
	})
	return m.model(func(r *layer.Run, l *gemma3Layer, a *layer.Attention) { gemma2Block(r, &l.gemma2Layer, a) })
}
