package arch

import (
	"fmt"

	"github.com/linnet-go/linnet/engine/internal/cache"
	"github.com/linnet-go/linnet/engine/internal/layer"
)

// params are the sizes that every decoder has.
type params struct {
	dim, layers, ffn, vocab, context int

	bare    bool // no attention and no feed-forward nets
	further int  // layers at the end of the file that are not used

	heads layer.Heads
	norm  layer.Norm        // Eps and kind of all norms
	rope  layer.RopeConfig  // Dims is 0 without rotary positions
	moe   layer.ExpertSizes // N is 0 without experts
	mixer layer.MixerSizes  // of layers without attention
	state int               // values that such a layer keeps
	sizes map[string]int    // by the names that the shapes of tensors are written in
}

// decoder is a decoder whose layers have tensors of type L: what the families have in common.
type decoder[L any] struct {
	params
	attn       []layer.Attention // [layers]
	ropes      []*layer.Rope
	embedScale float32
	squash     layer.Squash
	start      func(r *layer.Run) // between the embedding and the layers; may be nil
	matrices   []*layer.Linear

	Embedding layer.Embedding `gguf:"token_embd" shape:"dim,vocab"`
	Layers    []L             `gguf:"blk"`
	Norm      layer.Norm      `gguf:"output_norm" shape:"dim"`
	Output    layer.Linear    `gguf:"output,bias,optional" shape:"dim,vocab"` // else the embedding

	RopeFreqs []float32 `gguf:"rope_freqs,optional" shape:"pairs"` // divisors of the frequencies
	RopeLong  []float32 `gguf:"rope_factors_long,optional" shape:"pairs"`
	RopeShort []float32 `gguf:"rope_factors_short,optional" shape:"pairs"`
}

// normKind and pairing say which kind of norms and of rotary positions a family has.
type (
	normKind bool
	pairing  uint8
)

const (
	rms        normKind = false
	layerNorms normKind = true

	unrotated   pairing = iota
	interleaved         // pairs of values 2i and 2i+1
	split               // of values i and i + dims/2
)

// read reads the keys that all decoders have. Heads that are not of the usual kind have been read before.
func (d *decoder[L]) read(b *builder, kind normKind, pairs pairing) {
	eps := "attention.layer_norm_rms_epsilon"
	if kind == layerNorms {
		eps = "attention.layer_norm_epsilon"
	}
	heads, bare, further := d.heads, d.bare, d.further
	d.params = params{
		bare:    bare,
		further: further,
		dim:     b.count("embedding_length", required),
		layers:  b.layers() - further,
		context: b.count("context_length", required),
		vocab:   b.vocab(),
		norm:    layer.Norm{Eps: float32(b.number(eps, 1e-5)), Mean: kind == layerNorms},
	}
	if d.heads = heads; heads.N == 0 && !bare {
		d.heads = b.heads(d.dim)
	}
	if !bare {
		d.ffn = b.count("feed_forward_length", required)
	}
	if pairs != unrotated {
		d.rope = b.rope(d.heads.Dim, d.context, pairs == interleaved)
	}
	if d.layers < 1 {
		b.bad("block_count", fmt.Sprintf("more than the %d layers that are not used", further), int64(d.layers+further))
		d.layers = 0
	}
	d.embedScale, d.squash.Scale = 1, 1
	d.Layers, d.attn = make([]L, d.layers), make([]layer.Attention, d.layers)
	for i := range d.attn {
		d.attn[i].Heads = d.heads
	}
	d.sizes = map[string]int{
		"dim": d.dim, "vocab": d.vocab, "ffn": d.ffn, "head": d.heads.Dim, "heads": d.heads.N, "kvheads": d.heads.KV,
		"q": d.heads.N * d.heads.Dim, "kv": d.heads.KV * d.heads.Dim, "pairs": d.rope.Dims / 2, "context": d.context, "one": 1,
	}
}

// bind binds the tensors of model, a pointer to d or to a struct around it, and makes the rotation, which all layers get.
func (d *decoder[L]) bind(b *builder, model any) {
	// Old conversions carry the inverse frequencies and the causal mask, which follow from the parameters.
	ignored := []string{"blk.#.attn_rot_embd.weight", "blk.#.attn.bias", "blk.#.attn.masked_bias"}
	for _, t := range b.src.Tensors() {
		if i := layerOf(t.Name); i >= d.layers && i < d.layers+d.further {
			ignored = append(ignored, t.Name)
		}
	}
	d.matrices = b.bind(model, d.sizes, d.norm, ignored...)
	if b.err != nil {
		return
	}
	if !d.Output.Bound() {
		d.Output = d.Embedding.Output()
		d.matrices = append(d.matrices, &d.Output)
	}
	d.rope.Divisors = d.divisors(b)
	if d.rope.Dims == 0 {
		return
	}
	rope := d.addRope(b, d.rope)
	for i := range d.attn {
		d.attn[i].Rope = rope
	}
}

// divisors returns what the frequencies are divided by: one list for all contexts, or one for contexts as in the first training and one
// for longer ones (Ding et al. 2024), of which the context in use decides.
func (d *decoder[L]) divisors(b *builder) []float32 {
	f := d.RopeFreqs
	if d.RopeLong != nil || d.RopeShort != nil {
		f = d.RopeShort
		if float64(b.positions(d.context)) > d.rope.Original {
			f = d.RopeLong
		}
		if d.RopeLong == nil || d.RopeShort == nil || d.RopeFreqs != nil {
			b.fail(fmt.Errorf("tensors %q and %q: need both, and no %q", "rope_factors_long.weight", "rope_factors_short.weight", "rope_freqs.weight"))
		}
	}
	if f == nil {
		if d.rope.Scaling == "longrope" {
			b.fail(fmt.Errorf("tensor %q is missing", "rope_factors_long.weight"))
		}
		return nil
	}
	if d.rope.Dims == 0 {
		b.fail(fmt.Errorf("tensors %q: %w by the %s family", "rope_*", ErrUnsupported, b.family))
		return nil
	}
	return f[:d.rope.Dims/2]
}

// addRope makes a rotation whose angles every step prepares.
func (d *decoder[L]) addRope(b *builder, c layer.RopeConfig) *layer.Rope {
	r := b.newRope(c)
	if r != nil {
		d.ropes = append(d.ropes, r)
	}
	return r
}

// eachLayer calls f for each layer and its attention.
func (d *decoder[L]) eachLayer(f func(i int, l *L, a *layer.Attention)) {
	for i := range d.Layers {
		f(i, &d.Layers[i], &d.attn[i])
	}
}

// model returns the model, whose layer i is block(r, l, a).
func (d *decoder[L]) model(block func(r *layer.Run, l *L, a *layer.Attention)) *Model {
	shapes := make([]cache.Shape, d.layers)
	for l := range shapes {
		if shapes[l] = (cache.Shape{KVHeads: d.attn[l].KV, HeadDim: d.attn[l].Dim}); d.attn[l].KV == 0 {
			shapes[l].State = d.state
		}
	}
	return &Model{
		Sizes:    layer.Sizes{Dim: d.dim, FFN: max(d.ffn, d.sizes["shared"]), Vocab: d.vocab, Heads: d.heads, Experts: d.moe, Mixer: d.mixer},
		Layers:   d.layers,
		Context:  d.context,
		Cache:    shapes,
		Matrices: d.matrices,
		Forward: func(r *layer.Run) {
			r.Embed(&d.Embedding, d.embedScale)
			if d.start != nil {
				d.start(r)
			}
			for _, rope := range d.ropes {
				r.Rope(rope)
			}
			for i := range d.Layers {
				r.Layer(i)
				block(r, &d.Layers[i], &d.attn[i])
			}
			r.Logits(&d.Norm, &d.Output, d.squash)
		},
	}
}
