package arch

import (
	"github.com/linnet-go/linnet/engine/internal/layer"
	"github.com/linnet-go/linnet/kernels"
)

// gptLayer is a layer of the GPT line: layer norms, a feed-forward net without gate, biases.
type gptLayer struct {
	preNorms
	attention
	plainFFN
}

// gptBlock is x += O·attention(norm x), x += Down·act(Up·norm x).
func gptBlock(act kernels.Activation) func(r *layer.Run, l *gptLayer, a *layer.Attention) {
	return func(r *layer.Run, l *gptLayer, a *layer.Attention) {
		r.Norm(&l.AttnNorm)
		l.attend(r, a)
		r.Add(&l.O)

		r.Norm(&l.FFNNorm)
		r.FFN(&l.Up, act)
		r.Add(&l.Down)
	}
}

// newGPT2 is GPT-2 (Radford et al. 2019): learned positions.
func newGPT2(b *builder) *Model {
	type gpt2 struct {
		decoder[gptLayer]
		Positions layer.Embedding `gguf:"position_embd" shape:"dim,context"`
	}
	m := &gpt2{}
	m.read(b, layerNorms, unrotated)
	b.learned(m.context)
	m.bind(b, m)
	m.start = func(r *layer.Run) { r.AddPositions(&m.Positions) }
	return m.model(gptBlock(kernels.GELU))
}

// newStarCoder2 is StarCoder2 (Lozhkov et al. 2024): rotary positions and grouped queries.
func newStarCoder2(b *builder) *Model {
	m := &decoder[gptLayer]{}
	m.read(b, layerNorms, split)
	m.bind(b, m)
	return m.model(gptBlock(kernels.GELU))
}

// newNemotron is Nemotron-4 and Minitron (Parmar et al. 2024): max(0, x)², and rotation of a part of each head.
func newNemotron(b *builder) *Model {
	m := &decoder[gptLayer]{}
	m.read(b, layerNorms, split)
	m.bind(b, m)
	return m.model(gptBlock(kernels.ReLU2))
}

// newGPTNeoX is GPT-NeoX and Pythia (Black et al. 2022): rotation of a part of each head, and in most models both branches side by side,
// each behind a norm of its own.
func newGPTNeoX(b *builder) *Model {
	m := &decoder[gptLayer]{}
	m.read(b, layerNorms, split)
	parallel := b.flag("use_parallel_residual", true)
	m.bind(b, m)
	if !parallel {
		return m.model(gptBlock(kernels.GELUErf))
	}
	return m.model(func(r *layer.Run, l *gptLayer, a *layer.Attention) {
		r.Norm(&l.AttnNorm)
		l.attend(r, a)
		r.Norm(&l.FFNNorm) // of the x before attention is added
		r.Add(&l.O)
		r.FFN(&l.Up, kernels.GELUErf)
		r.Add(&l.Down)
	})
}

// newFalcon is Falcon (Almazrouei et al. 2023): both branches side by side behind one norm, or behind two in the greater models.
func newFalcon(b *builder) *Model {
	type falconLayer struct {
		Norm     layer.Norm `gguf:"attn_norm" shape:"dim"`
		AttnNorm layer.Norm `gguf:"attn_norm_2,optional" shape:"dim"` // of the attention, if there are two
		attention
		plainFFN
	}
	m := &decoder[falconLayer]{}
	m.read(b, layerNorms, split)
	m.bind(b, m)
	return m.model(func(r *layer.Run, l *falconLayer, a *layer.Attention) {
		if l.AttnNorm.Bound() {
			r.Norm(&l.AttnNorm)
			l.attend(r, a)
			r.Norm(&l.Norm)
		} else {
			r.Norm(&l.Norm)
			l.attend(r, a)
		}
		r.Add(&l.O)
		r.FFN(&l.Up, kernels.GELUErf)
		r.Add(&l.Down)
	})
}
