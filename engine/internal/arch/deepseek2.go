package arch

import (
	"fmt"
	"math"

	"github.com/linnet-go/linnet/engine/internal/layer"
	"github.com/linnet-go/linnet/quant"
)

// deepseek2 is DeepSeek-V2 and V3, and Kimi K2 (DeepSeek-AI 2024, 2024b): latent attention; behind some dense layers mixtures of many experts
// beside one for all tokens.
type deepseek2 struct{ decoder[deepseek2Layer] }

type deepseek2Layer struct {
	preNorms
	LowQ *lowRankQueries // either
	Q    *fullQueries

	KVDown layer.Linear `gguf:"attn_kv_a_mqa" shape:"dim,rank+rotated"`
	KVNorm layer.Norm   `gguf:"attn_kv_a_norm" shape:"rank"`
	Split  *splitKV     // either
	Joint  *jointKV
	O      layer.Linear `gguf:"attn_output" shape:"values,dim"`

	Dense  *gatedFFN // either
	MoE    *experts
	Shared *sharedExpert // beside MoE; may be nil

	latent layer.Latent
}

type lowRankQueries struct {
	Down layer.Linear `gguf:"attn_q_a" shape:"dim,qrank"`
	Norm layer.Norm   `gguf:"attn_q_a_norm" shape:"qrank"`
	Up   layer.Linear `gguf:"attn_q_b" shape:"qrank,queries"`
}

type fullQueries struct {
	Q layer.Linear `gguf:"attn_q" shape:"dim,queries"`
}

// splitKV are the matrices of keys and values of each head, keys the other way round; jointKV is what older files have: for each head the rows
// of its keys and then those of its values.
type splitKV struct {
	K []layer.Linear `gguf:"attn_k_b" shape:"nope,rank,heads"`
	V []layer.Linear `gguf:"attn_v_b" shape:"rank,value,heads"`
}

type jointKV struct {
	KV quant.Tensor `gguf:"attn_kv_b" shape:"rank,keysvalues"`
}

func newDeepSeek2(b *builder) *Model {
	m := &deepseek2{}
	width := m.readLatent(b)
	m.read(b, rms, interleaved)
	latent := m.latentSizes(b, width)
	m.rope.LogMultiplier = 1 // cos and sin stay; the scores are scaled
	var routing layer.Routing
	dense := m.layers
	if b.optional("expert_count", 0) > 0 {
		dense = min(b.optional("leading_dense_block_count", 0), m.layers)
		routing = m.routing(b, false)
		m.sharedWidth(b, 0)
	}
	_, split := b.src.Tensor("blk.0.attn_k_b.weight")
	for i := range m.Layers {
		m.Layers[i].choose(latent.QRank > 0, split, i < dense, m.sizes["shared"] > 0)
	}
	m.bind(b, m)
	if b.err != nil {
		return nil
	}
	m.eachLayer(func(_ int, l *deepseek2Layer, a *layer.Attention) {
		l.latent = m.latentAttention(b, l, a, latent)
		if l.MoE != nil {
			l.MoE.use(routing, layer.SwiGLU)
		}
	})
	model := m.model(m.block)
	model.Latent = latent
	return model
}

// readLatent reads the heads: one for keys and values, of the compressed size, whose scores are scaled for the size of a head. It returns
// that size.
func (m *deepseek2) readLatent(b *builder) (head int) {
	head = b.optional("attention.key_length_mla", b.count("attention.key_length", required))
	rank := b.count("attention.kv_lora_rank", required)
	rotated := b.count("rope.dimension_count", required)
	if rotated >= head {
		b.bad("rope.dimension_count", fmt.Sprintf("less than the head size %d", head), int64(rotated))
		rotated = head - 1
	}
	scale := 1 / math.Sqrt(float64(head))
	if b.text("rope.scaling.type", "") == "yarn" {
		factor := b.number("rope.scaling.factor", 1)
		if !(factor > 0) {
			b.bad("rope.scaling.factor", "a positive number", factor)
			factor = 1
		}
		scale *= layer.YaRNScale(b.number("rope.scaling.yarn_log_multiplier", 0), factor)
	}
	m.heads = layer.Heads{N: b.count("attention.head_count", required), KV: 1, Dim: rank + rotated, Scale: float32(scale)}
	return head
}

// latentSizes returns the widths and names them for the shapes of tensors.
func (m *deepseek2) latentSizes(b *builder, head int) layer.LatentSizes {
	s := layer.LatentSizes{
		QRank: b.optional("attention.q_lora_rank", 0),
		Rank:  m.heads.Dim - m.rope.Dims,
		Nope:  head - m.rope.Dims,
		Value: b.optional("attention.value_length_mla", b.count("attention.value_length", required)),
	}
	n := m.heads.N
	for name, v := range map[string]int{
		"qrank": s.QRank, "rank": s.Rank, "rotated": m.rope.Dims, "nope": s.Nope, "value": s.Value,
		"queries": n * head, "values": n * s.Value, "keysvalues": n * (s.Nope + s.Value),
	} {
		m.sizes[name] = v
	}
	return s
}

// choose says which tensors the layer has.
func (l *deepseek2Layer) choose(low, split, dense, shared bool) {
	if low {
		l.LowQ = &lowRankQueries{}
	} else {
		l.Q = &fullQueries{}
	}
	if split {
		l.Split = &splitKV{}
	} else {
		l.Joint = &jointKV{}
	}
	if dense {
		l.Dense = &gatedFFN{}
		return
	}
	l.MoE = &experts{}
	if shared {
		l.Shared = &sharedExpert{}
	}
}

// latentAttention puts the attention of a layer together.
func (m *deepseek2) latentAttention(b *builder, l *deepseek2Layer, a *layer.Attention, s layer.LatentSizes) layer.Latent {
	x := layer.Latent{Attention: *a, LatentSizes: s, KVDown: &l.KVDown, KVNorm: &l.KVNorm}
	if l.Q != nil {
		x.Q = &l.Q.Q
	} else {
		x.QDown, x.QNorm, x.Q = &l.LowQ.Down, &l.LowQ.Norm, &l.LowQ.Up
	}
	if l.Split != nil {
		x.K, x.V = l.Split.K, l.Split.V
		return x
	}
	x.K, x.V = make([]layer.Linear, m.heads.N), make([]layer.Linear, m.heads.N)
	for h := range x.K {
		first := h * (s.Nope + s.Value)
		values := first + s.Nope
		x.K[h] = layer.NewLinear(layer.Transposed(l.Joint.KV.RowRange(first, values), b.src.Guard), nil)
		x.V[h] = layer.NewLinear(l.Joint.KV.RowRange(values, values+s.Value), nil)
		m.matrices = append(m.matrices, &x.K[h], &x.V[h])
	}
	return x
}

func (m *deepseek2) block(r *layer.Run, l *deepseek2Layer, _ *layer.Attention) {
	r.Norm(&l.AttnNorm)
	r.LatentAttention(&l.latent)
	r.Add(&l.O)

	r.Norm(&l.FFNNorm)
	if l.Dense != nil {
		r.GatedFFN(&l.Dense.GateUp, layer.SwiGLU)
		r.Add(&l.Dense.Down)
		return
	}
	r.MoE(&l.MoE.moe, 1)
	if l.Shared != nil {
		r.GatedFFN(&l.Shared.GateUp, layer.SwiGLU)
		r.Add(&l.Shared.Down)
	}
}
