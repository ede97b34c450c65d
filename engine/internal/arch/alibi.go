package arch

import (
	"github.com/linnet-go/linnet/engine/internal/layer"
	"github.com/linnet-go/linnet/kernels"
)

// newMPT is MPT (MosaicML 2023): positions by ALiBi, or learned ones; queries, keys and values that are cut.
func newMPT(b *builder) *Model {
	type mptLayer struct {
		gptLayer
		optionalNorms
	}
	type mpt struct {
		decoder[mptLayer]
		Positions layer.Embedding `gguf:"position_embd,optional" shape:"dim,context"`
	}
	m := &mpt{}
	m.read(b, layerNorms, unrotated)
	limit, bias := b.number("attention.clamp_kqv", 0), b.number("attention.max_alibi_bias", 0)
	if _, ok := b.src.Tensor("position_embd.weight"); ok {
		b.learned(m.context)
		m.start = func(r *layer.Run) { r.AddPositions(&m.Positions) }
	}
	m.bind(b, m)
	slopes := m.slopes(b, bias)
	m.eachLayer(func(i int, l *mptLayer, a *layer.Attention) {
		a.Clamp, a.Slopes = float32(limit), slopes
		l.use(b, i, a)
	})
	block := gptBlock(kernels.GELUErf)
	return m.model(func(r *layer.Run, l *mptLayer, a *layer.Attention) { block(r, &l.gptLayer, a) })
}

// newBloom is BLOOM (BigScience 2022): positions by ALiBi, a norm of the embedding.
func newBloom(b *builder) *Model {
	type bloom struct {
		decoder[gptLayer]
		EmbeddingNorm layer.Norm `gguf:"token_embd_norm" shape:"dim"`
	}
	m := &bloom{}
	m.read(b, layerNorms, unrotated)
	bias := b.number("attention.max_alibi_bias", 8)
	m.bind(b, m)
	slopes := m.slopes(b, bias)
	m.eachLayer(func(_ int, _ *gptLayer, a *layer.Attention) { a.Slopes = slopes })
	m.start = func(r *layer.Run) { r.NormEmbedding(&m.EmbeddingNorm) }
	return m.model(gptBlock(kernels.GELU))
}

// slopes are those of ALiBi with the given greatest bias, nil for 0.
func (p *params) slopes(b *builder, most float64) []float32 {
	if most == 0 || b.err != nil {
		return nil
	}
	return p.heads.PerQuery(layer.ALiBi(p.heads.N, most))
}
