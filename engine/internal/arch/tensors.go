package arch

import (
	"fmt"

	"github.com/linnet-go/linnet/engine/internal/layer"
)

// Tensors that many families have in their layers, to be embedded. Biases are used where a file has them.

// attention are the matrices of an attention, with queries, keys and values in tensors of their own or in one.
type attention struct {
	QKV [3]layer.Linear `gguf:"attn_qkv|attn_q+attn_k+attn_v,bias" shape:"dim,q+kv+kv"`
	O   layer.Linear    `gguf:"attn_output,bias" shape:"q,dim"`
}

// attend sets mid to the attention over in, before the output matrix.
func (l *attention) attend(r *layer.Run, a *layer.Attention) {
	r.QKV(&l.QKV, a)
	r.Attention(a)
}

// gatedFFN are the matrices of a gated feed-forward net, fusedFFN the same with gate and up in one tensor, plainFFN those of one without gate.
type gatedFFN struct {
	GateUp [2]layer.Linear `gguf:"ffn_gate+ffn_up,bias" shape:"dim,ffn+ffn"`
	Down   layer.Linear    `gguf:"ffn_down,bias" shape:"ffn,dim"`
}

type fusedFFN struct {
	GateUp [2]layer.Linear `gguf:"ffn_up,bias" shape:"dim,ffn+ffn"`
	Down   layer.Linear    `gguf:"ffn_down,bias" shape:"ffn,dim"`
}

type plainFFN struct {
	Up   layer.Linear `gguf:"ffn_up,bias" shape:"dim,ffn"`
	Down layer.Linear `gguf:"ffn_down,bias" shape:"ffn,dim"`
}

// preNorms stand before the branches, postNorms after them.
type preNorms struct {
	AttnNorm layer.Norm `gguf:"attn_norm" shape:"dim"`
	FFNNorm  layer.Norm `gguf:"ffn_norm" shape:"dim"`
}

type postNorms struct {
	PostAttn layer.Norm `gguf:"post_attention_norm" shape:"dim"`
	PostFFN  layer.Norm `gguf:"post_ffw_norm" shape:"dim"`
}

// headNorms are norms of each head of queries and keys.
type headNorms struct {
	QNorm layer.Norm `gguf:"attn_q_norm" shape:"head"`
	KNorm layer.Norm `gguf:"attn_k_norm" shape:"head"`
}

func (l *headNorms) use(a *layer.Attention) { a.QNorm, a.KNorm = &l.QNorm, &l.KNorm }

// allNorms are norms over all heads of queries together, and of keys.
type allNorms struct {
	QNorm layer.Norm `gguf:"attn_q_norm" shape:"q"`
	KNorm layer.Norm `gguf:"attn_k_norm" shape:"kv"`
}

func (l *allNorms) use(a *layer.Attention) { a.QNorm, a.KNorm = &l.QNorm, &l.KNorm }

// ownNorms are norms of each head of queries and keys with weights of its own, optionalNorms norms over all heads; only some models of a
// family have them.
type ownNorms struct {
	QNorm layer.Norm `gguf:"attn_q_norm,optional" shape:"head,heads"`
	KNorm layer.Norm `gguf:"attn_k_norm,optional" shape:"head,kvheads"`
}

type optionalNorms struct {
	QNorm layer.Norm `gguf:"attn_q_norm,optional" shape:"q"`
	KNorm layer.Norm `gguf:"attn_k_norm,optional" shape:"kv"`
}

func (l *ownNorms) use(b *builder, i int, a *layer.Attention) { useBoth(b, i, a, &l.QNorm, &l.KNorm) }

func (l *optionalNorms) use(b *builder, i int, a *layer.Attention) {
	useBoth(b, i, a, &l.QNorm, &l.KNorm)
}

// useBoth lets layer i norm queries and keys if it has the weights.
func useBoth(b *builder, i int, a *layer.Attention, q, k *layer.Norm) {
	if q.Bound() != k.Bound() {
		b.fail(fmt.Errorf("tensors \"blk.%[1]d.attn_q_norm.weight\" and \"blk.%[1]d.attn_k_norm.weight\": need both or none", i))
	}
	if q.Bound() && k.Bound() {
		a.QNorm, a.KNorm = q, k
	}
}

// experts are the matrices of a mixture of experts.
type experts struct {
	Router layer.Linear   `gguf:"ffn_gate_inp,bias" shape:"dim,experts"`
	Gate   []layer.Linear `gguf:"ffn_gate_exps,bias" shape:"dim,expert,experts"`
	Up     []layer.Linear `gguf:"ffn_up_exps,bias" shape:"dim,expert,experts"`
	Down   []layer.Linear `gguf:"ffn_down_exps,bias" shape:"expert,dim,experts"`
	Choice []float32      `gguf:"exp_probs_b.bias,bare,optional" shape:"experts"` // added to probabilities for the choice only

	moe layer.MoE
}

// use makes the mixture of the bound matrices.
func (l *experts) use(c layer.Routing, act layer.Gate) {
	l.moe = layer.MoE{Router: &l.Router, Gate: l.Gate, Up: l.Up, Down: l.Down, Bias: l.Choice, Act: act, Routing: c}
}

// sharedExpert is the expert that all tokens use.
type sharedExpert struct {
	GateUp [2]layer.Linear `gguf:"ffn_gate_shexp+ffn_up_shexp" shape:"dim,shared+shared"`
	Down   layer.Linear    `gguf:"ffn_down_shexp" shape:"shared,dim"`
}

// The values of expert_gating_func.
const (
	gateSoftmax       = 1
	gateSigmoid       = 2
	gateSoftmaxChosen = 3 // over the chosen, which is the softmax over all, normalised
)

// routing reads how experts are chosen, and sets the sizes of the mixture. normalise is whether the family divides the weights of the chosen
// by their sum, where the file does not say.
func (p *params) routing(b *builder, normalise bool) layer.Routing {
	p.moe = layer.ExpertSizes{N: b.count("expert_count", required), Used: b.count("expert_used_count", required), FFN: b.count("expert_feed_forward_length", p.ffn)}
	if p.moe.Used > p.moe.N {
		b.bad("expert_used_count", fmt.Sprintf("at most the %d experts", p.moe.N), int64(p.moe.Used))
	}
	p.sizes["experts"], p.sizes["expert"] = p.moe.N, p.moe.FFN
	c := layer.Routing{Used: p.moe.Used, Normalise: b.flag("expert_weights_norm", normalise), Scale: b.scale("expert_weights_scale", 1)}
	switch g := b.optional("expert_gating_func", gateSoftmax); g {
	case gateSoftmax:
	case gateSigmoid:
		c.Sigmoid = true
	case gateSoftmaxChosen:
		c.Normalise = true
	default:
		b.unsupported("expert_gating_func")
	}
	c.Groups, c.UsedGroups = b.optional("expert_group_count", 1), b.optional("expert_group_used_count", 1)
	if c.Groups > layer.MaxGroups || p.moe.N%c.Groups != 0 || c.UsedGroups > c.Groups || p.moe.N/c.Groups*c.UsedGroups < p.moe.Used {
		b.bad("expert_group_count", fmt.Sprintf("at most %d groups of equal size with room for %d experts in %d of them", layer.MaxGroups, p.moe.Used, c.UsedGroups), int64(c.Groups))
		c.Groups = 1
	}
	return c
}

// sharedWidth sets the size of the shared expert; 0 means that there is none.
func (p *params) sharedWidth(b *builder, fallback int) int {
	n := b.optional("expert_shared_feed_forward_length", 0)
	if n == 0 {
		n = b.optional("expert_shared_count", 0) * p.moe.FFN
	}
	if n == 0 {
		n = fallback
	}
	p.sizes["shared"] = n
	return n
}
