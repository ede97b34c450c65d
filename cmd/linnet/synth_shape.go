package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/linnet-go/linnet/loader/gguf"
	"github.com/linnet-go/linnet/quant"
)

// synthShape is the shape of a published model.
type synthShape struct {
	name, arch                        string
	dim, ffn, layers                  int
	heads, kvHeads, headDim           int
	vocab, context                    int
	ropeBase, eps                     float32
	tied                              bool // the embedding is the output matrix, too
	biases                            bool // of Q, K and V
	headNorms                         bool // of queries and keys
	stretch                           float64
	experts, usedExperts, expertWidth int
}

// synthShapes are the shapes by name, with the values of the published config.json files. stretch is the factor of Llama 3.1's long context.
var synthShapes = []synthShape{
	{
		name: "tinyllama-1.1b", arch: "llama", dim: 2048, ffn: 5632, layers: 22, heads: 32, kvHeads: 4, headDim: 64, vocab: 32000,
		context: 2048, ropeBase: 1e4, eps: 1e-5,
	},
	{
		name: "llama-3.2-1b", arch: "llama", dim: 2048, ffn: 8192, layers: 16, heads: 32, kvHeads: 8, headDim: 64, vocab: 128256,
		context: 131072, ropeBase: 5e5, eps: 1e-5, tied: true, stretch: 32,
	},
	{
		name: "llama-3-8b", arch: "llama", dim: 4096, ffn: 14336, layers: 32, heads: 32, kvHeads: 8, headDim: 128, vocab: 128256,
		context: 8192, ropeBase: 5e5, eps: 1e-5,
	},
	{
		name: "qwen2.5-0.5b", arch: "qwen2", dim: 896, ffn: 4864, layers: 24, heads: 14, kvHeads: 2, headDim: 64, vocab: 151936,
		context: 32768, ropeBase: 1e6, eps: 1e-6, tied: true, biases: true,
	},
	{
		name: "qwen3-0.6b", arch: "qwen3", dim: 1024, ffn: 3072, layers: 28, heads: 16, kvHeads: 8, headDim: 128, vocab: 151936,
		context: 40960, ropeBase: 1e6, eps: 1e-6, tied: true, headNorms: true,
	},
	{
		name: "smollm2-135m", arch: "llama", dim: 576, ffn: 1536, layers: 30, heads: 9, kvHeads: 3, headDim: 64, vocab: 49152,
		context: 8192, ropeBase: 1e5, eps: 1e-5, tied: true,
	},
	{ // 8 of the 48 layers
		name: "qwen3-30b-a3b-like", arch: "qwen3moe", dim: 2048, ffn: 6144, layers: 8, heads: 32, kvHeads: 4, headDim: 128, vocab: 151936,
		context: 40960, ropeBase: 1e6, eps: 1e-6, headNorms: true, experts: 128, usedExperts: 8, expertWidth: 768,
	},
}

// setKeys sets the metadata of the shape.
func (s *synthShape) setKeys(w *gguf.Writer) {
	w.Set("general.architecture", s.arch)
	w.Set("general.name", s.name+" of random weights")
	w.Set("general.quantization_version", uint32(2))
	for _, k := range []struct {
		key   string
		value int
	}{
		{"block_count", s.layers}, {"context_length", s.context}, {"embedding_length", s.dim}, {"feed_forward_length", s.ffn},
		{"attention.head_count", s.heads}, {"attention.head_count_kv", s.kvHeads},
		{"attention.key_length", s.headDim}, {"attention.value_length", s.headDim}, {"vocab_size", s.vocab}, {"rope.dimension_count", s.headDim},
		{"expert_count", s.experts}, {"expert_used_count", s.usedExperts}, {"expert_feed_forward_length", s.expertWidth},
	} {
		if k.value > 0 {
			w.Set(s.arch+"."+k.key, uint32(k.value))
		}
	}
	w.Set(s.arch+".rope.freq_base", s.ropeBase)
	w.Set(s.arch+".attention.layer_norm_rms_epsilon", s.eps)
}

// synthTensor is a tensor to be made.
type synthTensor struct {
	name   string
	typ    quant.Type
	dims   []int
	values []float32 // if it is not random
	mean   float32   // of a vector
}

// deviation is the standard deviation of random values: such that a product has the size of its input, or a little for vectors.
func (t *synthTensor) deviation() float64 {
	if len(t.dims) == 1 {
		return 0.02
	}
	return 1 / math.Sqrt(float64(t.dims[0]))
}

// tensors lists the tensors, in the order of files that are converted from published ones. Matrices are of the type that typeOf gives to their
// row length.
func (s *synthShape) tensors(typeOf func(cols int) (quant.Type, error)) ([]synthTensor, error) {
	var list []synthTensor
	var failed error
	matrix := func(name string, dims ...int) {
		typ, err := typeOf(dims[0])
		if err != nil && failed == nil {
			failed = fmt.Errorf("tensor %q: %w", name, err)
		}
		list = append(list, synthTensor{name: name + ".weight", typ: typ, dims: dims})
	}
	vector := func(name string, n int, mean float32) {
		list = append(list, synthTensor{name: name, typ: quant.F32, dims: []int{n}, mean: mean})
	}
	matrix("token_embd", s.dim, s.vocab)
	if s.stretch > 0 {
		list = append(list, synthTensor{name: "rope_freqs.weight", typ: quant.F32, dims: []int{s.headDim / 2}, values: s.divisors()})
	}
	for l := range s.layers {
		p := fmt.Sprintf("blk.%d.", l)
		s.attention(p, matrix, vector)
		vector(p+"ffn_norm.weight", s.dim, 1)
		if s.experts == 0 {
			matrix(p+"ffn_gate", s.dim, s.ffn)
			matrix(p+"ffn_up", s.dim, s.ffn)
			matrix(p+"ffn_down", s.ffn, s.dim)
			continue
		}
		list = append(list, synthTensor{name: p + "ffn_gate_inp.weight", typ: quant.F32, dims: []int{s.dim, s.experts}})
		matrix(p+"ffn_gate_exps", s.dim, s.expertWidth, s.experts)
		matrix(p+"ffn_up_exps", s.dim, s.expertWidth, s.experts)
		matrix(p+"ffn_down_exps", s.expertWidth, s.dim, s.experts)
	}
	vector("output_norm.weight", s.dim, 1)
	if !s.tied {
		matrix("output", s.dim, s.vocab)
	}
	return list, failed
}

// attention adds the tensors of a layer's attention.
func (s *synthShape) attention(p string, matrix func(name string, dims ...int), vector func(name string, n int, mean float32)) {
	vector(p+"attn_norm.weight", s.dim, 1)
	for _, m := range []struct {
		name  string
		heads int
	}{{"attn_q", s.heads}, {"attn_k", s.kvHeads}, {"attn_v", s.kvHeads}} {
		matrix(p+m.name, s.dim, m.heads*s.headDim)
		if s.biases {
			vector(p+m.name+".bias", m.heads*s.headDim, 0)
		}
		if s.headNorms && m.name != "attn_v" {
			vector(p+m.name+"_norm.weight", s.headDim, 1)
		}
	}
	matrix(p+"attn_output", s.heads*s.headDim, s.dim)
}

// divisors are what Llama 3.1 divides the frequencies of its rotary positions by: long waves by the factor of the longer context, short ones
// not at all, and those between by what lies between.
func (s *synthShape) divisors() []float32 {
	const original, low, high = 8192, 1, 4 // positions; waves in them
	d := make([]float32, s.headDim/2)
	for i := range d {
		waves := original / (2 * math.Pi) * math.Pow(float64(s.ropeBase), -2*float64(i)/float64(s.headDim))
		smooth := min(max((waves-low)/(high-low), 0), 1)
		d[i] = float32(1 / ((1-smooth)/s.stretch + smooth))
	}
	return d
}

// smallerBlocks are the types that stand in for one whose blocks of 256 or 128 values do not fit a row.
var smallerBlocks = map[quant.Type]quant.Type{
	quant.Q4_K: quant.Q5_0, quant.Q5_K: quant.Q5_1, quant.Q6_K: quant.Q8_0, quant.Q2_K: quant.IQ4_NL, quant.Q3_K: quant.IQ4_NL,
	quant.IQ4_XS: quant.IQ4_NL, quant.IQ1_S: quant.IQ4_NL, quant.IQ1_M: quant.IQ4_NL, quant.IQ2_XXS: quant.IQ4_NL, quant.IQ2_XS: quant.IQ4_NL,
	quant.IQ2_S: quant.IQ4_NL, quant.IQ3_XXS: quant.IQ4_NL, quant.IQ3_S: quant.IQ4_NL,
	quant.TQ1_0: quant.Q4_0, quant.TQ2_0: quant.Q4_0, quant.Q1_0: quant.Q4_0, quant.Q2_0: quant.Q4_0, quant.NVFP4: quant.Q4_0,
}

// typeFor is t, or what stands in for it in rows of cols values.
func typeFor(t quant.Type, cols int) (quant.Type, error) {
	info, _ := t.Info()
	if cols%info.Values == 0 {
		return t, nil
	}
	if small, ok := smallerBlocks[t]; ok {
		if i, _ := small.Info(); cols%i.Values == 0 {
			return small, nil
		}
	}
	return t, fmt.Errorf("%v needs rows of a multiple of %d values, got %d", t, info.Values, cols)
}

// shapeNamed returns a shape. The error lists those that there are.
func shapeNamed(name string) (*synthShape, error) {
	for i := range synthShapes {
		if synthShapes[i].name == name {
			return &synthShapes[i], nil
		}
	}
	return nil, fmt.Errorf("no shape %q: there are %s", name, strings.Join(shapeNames(), ", "))
}
