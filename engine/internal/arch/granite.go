package arch

import (
	"math"

	"github.com/linnet-go/linnet/engine/internal/layer"
)

// granite is the family of Granite 3 (IBM 2024): a Llama with scales of the embedding, of what branches add, of scores and of logits, and with
// rotation only where the file says so. In MiniCPM (Hu et al. 2024) the scales are those of its depth and width.
type granite struct {
	decoder[graniteLayer]
	residual float32
}

type graniteLayer struct {
	preNorms
	Attn   *attention // either
	Mamba  *mamba2
	Dense  *gatedFFN // either
	MoE    *experts
	Shared *sharedExpert // beside MoE; may be nil
}

func newGranite(b *builder) *Model {
	m := &granite{}
	m.read(b, rms, interleaved)
	m.scales(b, 1, 1, 1)
	m.dense()
	m.bindRotated(b)
	return m.model(m.block)
}

func newGraniteMoE(b *builder) *Model {
	m := &granite{}
	m.read(b, rms, interleaved)
	m.scales(b, 1, 1, 1)
	routing := m.mixed(b)
	m.bindRotated(b)
	for i := range m.Layers {
		m.Layers[i].MoE.use(routing, layer.SwiGLU)
	}
	return m.model(m.block)
}

// newGraniteHybrid is Granite 4 (IBM 2025): most layers are state space layers instead of attention.
func newGraniteHybrid(b *builder) *Model {
	m := &granite{}
	attends := b.attends(b.layers())
	m.read(b, rms, interleaved)
	m.scales(b, 1, 1, 1)
	sizes := m.mamba(b)
	var routing layer.Routing
	if b.optional("expert_count", 0) > 0 {
		routing = m.mixed(b)
	} else {
		m.dense()
	}
	for i := range m.Layers {
		if !attends[i] {
			m.Layers[i].Attn, m.Layers[i].Mamba = nil, &mamba2{}
			m.attn[i].Heads = layer.Heads{}
		}
	}
	m.bindRotated(b)
	m.eachLayer(func(_ int, l *graniteLayer, _ *layer.Attention) {
		if l.Mamba != nil {
			l.Mamba.use(sizes)
		}
		if l.MoE != nil {
			l.MoE.use(routing, layer.SwiGLU)
		}
	})
	return m.model(m.block)
}

// dense gives all layers attention and a feed-forward net, mixed attention and a mixture of experts.
func (m *granite) dense() {
	for i := range m.Layers {
		m.Layers[i].Attn, m.Layers[i].Dense = &attention{}, &gatedFFN{}
	}
}

func (m *granite) mixed(b *builder) layer.Routing {
	routing := m.routing(b, true)
	shared := m.sharedWidth(b, 0)
	for i := range m.Layers {
		m.Layers[i].Attn, m.Layers[i].MoE = &attention{}, &experts{}
		if shared > 0 {
			m.Layers[i].Shared = &sharedExpert{}
		}
	}
	return routing
}

func newMiniCPM(b *builder) *Model {
	m := &granite{}
	m.read(b, rms, interleaved)
	m.scales(b, 12, 1.4/math.Sqrt(float64(m.layers)), float64(m.dim)/256)
	m.dense()
	m.bind(b, m)
	return m.model(m.block)
}

// scales reads the scales, with those that hold where the file has none.
func (m *granite) scales(b *builder, embedding, residual, logits float64) {
	m.embedScale = b.scale("embedding_scale", embedding)
	m.residual = b.scale("residual_scale", residual)
	m.squash.Scale = 1 / b.scale("logit_scale", logits)
}

// bindRotated binds the tensors, and drops the rotation where the file says that there is none.
func (m *granite) bindRotated(b *builder) {
	rotated := b.flag("rope.scaling.finetuned", true)
	m.bind(b, m)
	for i := range m.attn {
		if !rotated {
			m.attn[i].Rope = nil
		}
	}
}

func (m *granite) block(r *layer.Run, l *graniteLayer, a *layer.Attention) {
	r.Norm(&l.AttnNorm)
	if l.Mamba != nil {
		r.Mamba2(&l.Mamba.mixer)
		r.AddScaled(&l.Mamba.Out, m.residual)
	} else {
		l.Attn.attend(r, a)
		r.AddScaled(&l.Attn.O, m.residual)
	}

	r.Norm(&l.FFNNorm)
	if l.Dense != nil {
		r.GatedFFN(&l.Dense.GateUp, layer.SwiGLU)
		r.AddScaled(&l.Dense.Down, m.residual)
		return
	}
	r.MoE(&l.MoE.moe, m.residual)
	if l.Shared != nil {
		r.GatedFFN(&l.Shared.GateUp, layer.SwiGLU)
		r.AddScaled(&l.Shared.Down, m.residual)
	}
}
