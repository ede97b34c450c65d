package arch

import "github.com/linnet-go/linnet/engine/internal/layer"

// lfm2Attention and lfm2Convolution are the tensors of the two kinds of layers.
type lfm2Attention struct {
	attention
	headNorms
}

type lfm2Convolution struct {
	In   layer.Linear `gguf:"shortconv.in_proj" shape:"dim,dim+dim+dim"`
	Conv []float32    `gguf:"shortconv.conv" shape:"taps,dim"`
	Out  layer.Linear `gguf:"shortconv.out_proj" shape:"dim,dim"`
	conv layer.Conv
}

// newLFM2 is LFM2 (Liquid AI 2025): short convolutions between gates in most layers, attention with norms of each head in the others.
func newLFM2(b *builder) *Model {
	type lfm2Layer struct {
		preNorms
		Attn *lfm2Attention // either
		Conv *lfm2Convolution
		gatedFFN
	}
	type lfm2 struct {
		decoder[lfm2Layer]
		FinalNorm layer.Norm `gguf:"token_embd_norm" shape:"dim"`
	}
	m := &lfm2{}
	list := b.attends(b.layers())
	m.read(b, rms, split)
	conv := layer.Conv{Taps: b.count("shortconv.l_cache", required), Channels: m.dim}
	m.sizes["taps"] = conv.Taps
	m.mixer = layer.MixerSizes{Projected: 3 * m.dim, Channels: m.dim, Inner: m.dim}
	m.state = conv.State()
	for i, yes := range list {
		if yes {
			m.Layers[i].Attn = &lfm2Attention{}
		} else {
			m.Layers[i].Conv = &lfm2Convolution{}
			m.attn[i].Heads = layer.Heads{}
		}
	}
	m.Norm.Weight = ones(m.dim) // replaced by FinalNorm
	m.bind(b, m)
	m.Norm = m.FinalNorm
	m.eachLayer(func(_ int, l *lfm2Layer, a *layer.Attention) {
		if l.Attn != nil {
			l.Attn.use(a)
			return
		}
		l.Conv.conv = conv
		l.Conv.conv.Weight = l.Conv.Conv
	})
	return m.model(func(r *layer.Run, l *lfm2Layer, a *layer.Attention) {
		r.Norm(&l.AttnNorm)
		if l.Attn != nil {
			l.Attn.attend(r, a)
			r.Add(&l.Attn.O)
		} else {
			r.ShortConv(&l.Conv.In, &l.Conv.conv)
			r.Add(&l.Conv.Out)
		}

		r.Norm(&l.FFNNorm)
		r.GatedFFN(&l.GateUp, layer.SwiGLU)
		r.Add(&l.Down)
	})
}
