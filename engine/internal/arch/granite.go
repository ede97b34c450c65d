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
	attention
	Dense  *gatedFFN // either
	MoE    *experts
	Shared *sharedExpert // beside MoE; may be nil
}

func newGranite(b *builder) *Model {
	m := &granite{}
	m.read(b, rms, interleaved)
	m.scales(b, 1, 1, 1)
	for i := range m.Layers {
		m.Layers[i].Dense = &gatedFFN{}
	}
	m.bindRotated(b)
	return m.model(m.block)
}

func newGraniteMoE(b *builder) *Model {
	m := &granite{}
	m.read(b, rms, interleaved)
	m.scales(b, 1, 1, 1)
	routing := m.routing(b, true)
	shared := m.sharedWidth(b, 0)
	for i := range m.Layers {
		m.Layers[i].MoE = &experts{}
		if shared > 0 {
			m.Layers[i].Shared = &sharedExpert{}
		}
	}
	m.bindRotated(b)
	for i := range m.Layers {
		m.Layers[i].MoE.use(routing, layer.SwiGLU)
	}
	return m.model(m.block)
}

func newMiniCPM(b *builder) *Model {
	m := &granite{}
	m.read(b, rms, interleaved)
	m.scales(b, 12, 1.4/math.Sqrt(float64(m.layers)), float64(m.dim)/256)
	for i := range m.Layers {
		m.Layers[i].Dense = &gatedFFN{}
	}
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
	l.attend(r, a)
	r.AddScaled(&l.O, m.residual)

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
