package arch

import (
	"github.com/linnet-go/linnet/engine/internal/cache"
	"github.com/linnet-go/linnet/engine/internal/layer"
)

// llama is the family of Llama 1 to 3, Mistral, TinyLlama, SmolLM and many others (Touvron et al. 2023; Grattafiori et al. 2024; Jiang et
// al. 2023): RMS norms before each branch, grouped-query attention with rotary positions in interleaved pairs, a gated feed-forward net.

type llamaParams struct {
	dim, layers, ffn, vocab, context int

	heads layer.Heads
	rope  layer.RopeConfig
	eps   float32
}

func readLlama(b *builder) llamaParams {
	p := llamaParams{
		dim:     b.count("embedding_length", required),
		layers:  b.layers(),
		ffn:     b.count("feed_forward_length", required),
		context: b.count("context_length", required),
		vocab:   b.vocab(),
		eps:     float32(b.number("attention.layer_norm_rms_epsilon", 1e-5)),
	}
	p.heads = b.heads(p.dim)
	p.rope = b.rope(p.heads.Dim, p.context, true)
	return p
}

// sizes are the names that shapes are written in.
func (p *llamaParams) sizes() map[string]int {
	return map[string]int{
		"dim": p.dim, "vocab": p.vocab, "ffn": p.ffn,
		"q": p.heads.N * p.heads.Dim, "kv": p.heads.KV * p.heads.Dim, "pairs": p.rope.Dims / 2,
	}
}

type llama struct {
	llamaParams
	rope *layer.Rope

	Embedding layer.Embedding `gguf:"token_embd" shape:"dim,vocab"`
	Layers    []llamaLayer    `gguf:"blk"`
	Norm      layer.Norm      `gguf:"output_norm" shape:"dim"`
	Output    layer.Linear    `gguf:"output,optional" shape:"dim,vocab"` // else the embedding
	RopeFreqs []float32       `gguf:"rope_freqs,optional" shape:"pairs"` // divisors of the frequencies
}

type llamaLayer struct {
	AttnNorm layer.Norm   `gguf:"attn_norm" shape:"dim"`
	Q        layer.Linear `gguf:"attn_q,bias" shape:"dim,q"`
	K        layer.Linear `gguf:"attn_k,bias" shape:"dim,kv"`
	V        layer.Linear `gguf:"attn_v,bias" shape:"dim,kv"`
	O        layer.Linear `gguf:"attn_output,bias" shape:"q,dim"`

	FFNNorm layer.Norm   `gguf:"ffn_norm" shape:"dim"`
	Gate    layer.Linear `gguf:"ffn_gate,bias" shape:"dim,ffn"`
	Up      layer.Linear `gguf:"ffn_up,bias" shape:"dim,ffn"`
	Down    layer.Linear `gguf:"ffn_down,bias" shape:"ffn,dim"`
}

func newLlama(b *builder) *Model {
	p := readLlama(b)
	m := &llama{llamaParams: p, Layers: make([]llamaLayer, p.layers)}
	// Old conversions carry the inverse frequencies, which follow from the parameters.
	matrices := b.bind(m, p.sizes(), p.eps, "blk.#.attn_rot_embd.weight")
	if !m.Output.Bound() {
		m.Output = m.Embedding.Output()
		matrices = append(matrices, &m.Output)
	}
	if m.RopeFreqs != nil {
		p.rope.Divisors = m.RopeFreqs[:p.rope.Dims/2]
	}
	m.rope = b.newRope(p.rope)
	shapes := make([]cache.Shape, p.layers)
	for l := range shapes {
		shapes[l] = cache.Shape{KVHeads: p.heads.KV, HeadDim: p.heads.Dim}
	}
	return &Model{
		Sizes:    layer.Sizes{Dim: p.dim, FFN: p.ffn, Vocab: p.vocab, Heads: p.heads},
		Layers:   p.layers,
		Context:  p.context,
		Cache:    shapes,
		Matrices: matrices,
		Forward:  m.forward,
	}
}

func (m *llama) forward(r *layer.Run) {
	r.Embed(&m.Embedding)
	r.Rope(m.rope)
	for l := range m.Layers {
		r.Layer(l)
		m.block(r, &m.Layers[l])
	}
	r.Logits(&m.Norm, &m.Output)
}

// block is x += O·attention(norm x), x += Down·(silu(Gate·norm x) · Up·norm x).
func (m *llama) block(r *layer.Run, l *llamaLayer) {
	r.Norm(&l.AttnNorm)
	r.QKV(&l.Q, &l.K, &l.V, &m.heads, m.rope)
	r.Attention(&m.heads)
	r.Add(&l.O)

	r.Norm(&l.FFNNorm)
	r.GatedFFN(&l.Gate, &l.Up)
	r.Add(&l.Down)
}
