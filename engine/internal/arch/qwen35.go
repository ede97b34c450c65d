package arch

import (
	"fmt"
	"math"

	"github.com/linnet-go/linnet/engine/internal/layer"
	"github.com/linnet-go/linnet/quant"
)

// qwen35 is Qwen3.5 (Qwen Team 2026): gated delta nets, and in every fourth layer attention whose result has a gate.
type qwen35 struct {
	decoder[qwen35Layer]
	interval int
}

type qwen35Layer struct {
	AttnNorm layer.Norm      `gguf:"attn_norm" shape:"dim"`
	Attn     *gatedAttention // either
	Delta    *deltaNet
	FFNNorm  layer.Norm `gguf:"post_attention_norm" shape:"dim"`
	gatedFFN
}

type gatedAttention struct {
	QGate quant.Tensor `gguf:"attn_q" shape:"dim,q+q"` // for each head the rows of its query and then those of its gate
	K     quant.Tensor `gguf:"attn_k" shape:"dim,kv"`
	V     quant.Tensor `gguf:"attn_v" shape:"dim,kv"`
	headNorms
	O layer.Linear `gguf:"attn_output" shape:"q,dim"`

	qkv  [3]layer.Linear
	gate layer.Linear
}

type deltaNet struct {
	QKV    layer.Linear `gguf:"attn_qkv" shape:"dim,channels"`
	Gate   layer.Linear `gguf:"attn_gate" shape:"dim,inner"`
	Conv   []float32    `gguf:"ssm_conv1d" shape:"taps,channels"`
	DtBias []float32    `gguf:"ssm_dt.bias,bare" shape:"rates"`
	A      []float32    `gguf:"ssm_a,bare" shape:"rates"`
	Beta   layer.Linear `gguf:"ssm_beta" shape:"dim,rates"`
	Alpha  layer.Linear `gguf:"ssm_alpha" shape:"dim,rates"`
	Norm   layer.Norm   `gguf:"ssm_norm" shape:"part"`
	Out    layer.Linear `gguf:"ssm_out" shape:"inner,dim"`

	net layer.DeltaNet
}

func newQwen35(b *builder) *Model {
	m := &qwen35{}
	m.read(b, rms, split)
	m.interval = b.count("full_attention_interval", 4)
	net := m.deltaNet(b)
	for i := range m.Layers {
		if (i+1)%m.interval == 0 {
			m.Layers[i].Attn = &gatedAttention{}
		} else {
			m.Layers[i].Delta = &deltaNet{}
			m.attn[i].Heads = layer.Heads{}
		}
	}
	m.bind(b, m)
	if b.err != nil {
		return nil
	}
	m.eachLayer(func(_ int, l *qwen35Layer, a *layer.Attention) {
		if l.Attn != nil {
			l.Attn.use(a)
			m.matrices = append(m.matrices, l.Attn.split(b, m.heads)...)
		} else {
			l.Delta.use(net)
		}
	})
	return m.model(m.block)
}

// deltaNet reads the sizes of the delta nets.
func (m *qwen35) deltaNet(b *builder) layer.DeltaNet {
	inner := b.count("ssm.inner_size", required)
	n := layer.DeltaNet{Heads: b.count("ssm.time_step_rank", required), KeyHeads: b.count("ssm.group_count", required), Key: b.count("ssm.state_size", required)}
	if inner%n.Heads != 0 || n.Heads%n.KeyHeads != 0 {
		b.bad("ssm.time_step_rank", fmt.Sprintf("a divisor of %d and a multiple of %d", inner, n.KeyHeads), int64(n.Heads))
		n.Heads, n.KeyHeads = 1, 1
	}
	n.Value = inner / n.Heads
	n.InvSqrt = float32(1 / math.Sqrt(float64(n.Key)))
	n.Conv.Taps, n.Conv.Channels = b.count("ssm.conv_kernel", required), 2*n.KeyHeads*n.Key+inner
	m.mixer = layer.MixerSizes{Projected: n.Conv.Channels, Channels: n.Conv.Channels, Inner: inner, Heads: n.Heads}
	m.state = n.State()
	m.sizes["taps"], m.sizes["channels"], m.sizes["inner"], m.sizes["rates"], m.sizes["part"] = n.Conv.Taps, n.Conv.Channels, inner, n.Heads, n.Value
	return n
}

// use makes the net of the bound tensors.
func (l *deltaNet) use(n layer.DeltaNet) {
	n.QKV, n.Gate, n.Beta, n.Alpha, n.Norm = &l.QKV, &l.Gate, &l.Beta, &l.Alpha, &l.Norm
	n.Conv.Weight, n.A, n.DtBias = l.Conv, l.A, l.DtBias
	l.net = n
}

// split makes a matrix of the rows of all queries, and one of those of all gates.
func (l *gatedAttention) split(b *builder, h layer.Heads) []*layer.Linear {
	guard := b.src.Guard
	l.qkv = [3]layer.Linear{layer.NewLinear(layer.EveryOther(l.QGate, h.Dim, 0, guard), nil), layer.NewLinear(l.K, nil), layer.NewLinear(l.V, nil)}
	l.gate = layer.NewLinear(layer.EveryOther(l.QGate, h.Dim, 1, guard), nil)
	return []*layer.Linear{&l.qkv[0], &l.qkv[1], &l.qkv[2], &l.gate}
}

func (m *qwen35) block(r *layer.Run, l *qwen35Layer, a *layer.Attention) {
	r.Norm(&l.AttnNorm)
	if l.Attn != nil {
		r.QKV(&l.Attn.qkv, a)
		r.Attention(a)
		r.GateValues(&l.Attn.gate)
		r.Add(&l.Attn.O)
	} else {
		r.DeltaNet(&l.Delta.net)
		r.Add(&l.Delta.Out)
	}

	r.Norm(&l.FFNNorm)
	r.GatedFFN(&l.GateUp, layer.SwiGLU)
	r.Add(&l.Down)
}
