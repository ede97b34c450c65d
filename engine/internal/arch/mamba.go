package arch

import (
	"fmt"

	"github.com/linnet-go/linnet/engine/internal/layer"
)

// mamba2 are the tensors of a state space layer.
type mamba2 struct {
	In        layer.Linear `gguf:"ssm_in" shape:"dim,projected"`
	Conv      []float32    `gguf:"ssm_conv1d" shape:"taps,channels"`
	ConvBias  []float32    `gguf:"ssm_conv1d.bias,bare,optional" shape:"channels"`
	DtBias    []float32    `gguf:"ssm_dt.bias,bare" shape:"rates"`
	A         []float32    `gguf:"ssm_a,bare" shape:"one,rates"` // negative
	D         []float32    `gguf:"ssm_d,bare" shape:"one,rates"`
	MixerNorm layer.Norm   `gguf:"ssm_norm" shape:"part,groups"`
	Out       layer.Linear `gguf:"ssm_out" shape:"inner,dim"`
	mixer     layer.Mamba2
}

// mamba reads the sizes of state space layers.
func (p *params) mamba(b *builder) layer.Mamba2 {
	m := layer.Mamba2{
		Inner: b.count("ssm.inner_size", required), Heads: b.count("ssm.time_step_rank", required), Groups: b.count("ssm.group_count", 1),
		N: b.count("ssm.state_size", required),
	}
	if m.Inner%m.Heads != 0 || m.Heads%m.Groups != 0 {
		b.bad("ssm.time_step_rank", fmt.Sprintf("a divisor of %d and a multiple of %d", m.Inner, m.Groups), int64(m.Heads))
		m.Heads, m.Groups = 1, 1
	}
	m.Conv.Taps, m.Conv.Channels = b.count("ssm.conv_kernel", required), m.Inner+2*m.Groups*m.N
	p.mixer = layer.MixerSizes{Projected: m.Inner + m.Conv.Channels + m.Heads, Channels: m.Conv.Channels, Inner: m.Inner, Heads: m.Heads}
	p.state = m.State()
	for name, n := range map[string]int{
		"projected": p.mixer.Projected, "taps": m.Conv.Taps, "channels": m.Conv.Channels, "rates": m.Heads, "groups": m.Groups,
		"part": m.Inner / m.Groups, "inner": m.Inner,
	} {
		p.sizes[name] = n
	}
	return m
}

// use makes the layer of the bound tensors.
func (l *mamba2) use(sizes layer.Mamba2) {
	l.mixer = sizes
	l.mixer.In, l.mixer.Norm = &l.In, &l.MixerNorm
	l.mixer.Conv.Weight, l.mixer.Conv.Bias = l.Conv, l.ConvBias
	l.mixer.A, l.mixer.D, l.mixer.DtBias = l.A, l.D, l.DtBias
}

// newMamba2 is Mamba 2 (Dao and Gu 2024): state space layers and nothing else.
func newMamba2(b *builder) *Model {
	type mamba2Layer struct {
		Norm layer.Norm `gguf:"attn_norm" shape:"dim"`
		mamba2
	}
	m := &decoder[mamba2Layer]{}
	m.bare = true
	m.read(b, rms, unrotated)
	sizes := m.mamba(b)
	m.bind(b, m)
	m.eachLayer(func(_ int, l *mamba2Layer, _ *layer.Attention) { l.use(sizes) })
	return m.model(func(r *layer.Run, l *mamba2Layer, _ *layer.Attention) {
		r.Norm(&l.Norm)
		r.Mamba2(&l.mixer)
		r.Add(&l.Out)
	})
}
