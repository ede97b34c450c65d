package engine

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/linnet-go/linnet/quant"
)

// shape is a Llama of random weights, to be written as a GGUF file.
type shape struct {
	dim, layers, heads, kv, ffn, vocab int
	weights                            quant.Type
}

// tinyLlama is TinyLlama-1.1B (Zhang et al. 2024).
var tinyLlama = shape{dim: 2048, layers: 22, heads: 32, kv: 4, ffn: 5632, vocab: 32000, weights: quant.Q4_0}

type shapeTensor struct {
	name string
	typ  quant.Type
	dims []int
}

func (s *shape) tensors() []shapeTensor {
	kv := s.dim / s.heads * s.kv
	list := []shapeTensor{
		{"token_embd", s.weights, []int{s.dim, s.vocab}},
		{"output", s.weights, []int{s.dim, s.vocab}},
		{"output_norm", quant.F32, []int{s.dim}},
	}
	for l := range s.layers {
		for _, t := range []shapeTensor{
			{"attn_norm", quant.F32, []int{s.dim}},
			{"attn_q", s.weights, []int{s.dim, s.dim}},
			{"attn_k", s.weights, []int{s.dim, kv}},
			{"attn_v", s.weights, []int{s.dim, kv}},
			{"attn_output", s.weights, []int{s.dim, s.dim}},
			{"ffn_norm", quant.F32, []int{s.dim}},
			{"ffn_gate", s.weights, []int{s.dim, s.ffn}},
			{"ffn_up", s.weights, []int{s.dim, s.ffn}},
			{"ffn_down", s.weights, []int{s.ffn, s.dim}},
		} {
			t.name = fmt.Sprintf("blk.%d.%s", l, t.name)
			list = append(list, t)
		}
	}
	return list
}

// header is the beginning of a GGUF file.
type header struct{ bytes.Buffer }

// put appends values in the form of the format; strings have their length before them.
func (h *header) put(values ...any) {
	for _, v := range values {
		if s, ok := v.(string); ok {
			h.put(uint64(len(s)))
			h.WriteString(s)
			continue
		}
		if err := binary.Write(h, binary.LittleEndian, v); err != nil {
			panic(err) // a type that has no such form
		}
	}
}

// write writes the model: a vocabulary of bytes and numbers, norms of 1, and weights whose products keep the size of their inputs.
func (s *shape) write(w io.Writer) error {
	const u32, f32, text, array = uint32(4), uint32(6), uint32(8), uint32(9)
	list := s.tensors()
	var h header
	h.put([]byte("GGUF"), uint32(3), uint64(len(list)), uint64(12))
	h.put("general.architecture", text, "llama", "tokenizer.ggml.model", text, "llama")
	h.put("llama.context_length", u32, uint32(8192), "llama.embedding_length", u32, uint32(s.dim), "llama.block_count", u32, uint32(s.layers),
		"llama.feed_forward_length", u32, uint32(s.ffn), "llama.attention.head_count", u32, uint32(s.heads),
		"llama.attention.head_count_kv", u32, uint32(s.kv), "llama.attention.layer_norm_rms_epsilon", f32, float32(1e-5))
	h.put("tokenizer.ggml.tokens", array, text, uint64(s.vocab))
	kinds := make([]uint32, s.vocab)
	for i := range kinds {
		if kinds[i] = 1; i < 256 {
			kinds[i] = 6
			h.put(fmt.Sprintf("<0x%02X>", i))
		} else {
			h.put(fmt.Sprint(i))
		}
	}
	h.put("tokenizer.ggml.scores", array, f32, uint64(s.vocab), make([]float32, s.vocab))
	h.put("tokenizer.ggml.token_type", array, u32, uint64(s.vocab), kinds)
	offset := 0
	for _, t := range list {
		dims := make([]uint64, len(t.dims))
		for i, d := range t.dims {
			dims[i] = uint64(d)
		}
		h.put(t.name+".weight", uint32(len(dims)), dims, uint32(t.typ), uint64(offset))
		offset += aligned(t.size())
	}
	h.Write(make([]byte, aligned(h.Len())-h.Len()))
	if _, err := w.Write(h.Bytes()); err != nil {
		return err
	}
	return s.writeWeights(w, list)
}

func aligned(n int) int { return (n + 31) &^ 31 }

func (t *shapeTensor) size() int {
	n := t.typ.RowBytes(t.dims[0])
	for _, d := range t.dims[1:] {
		n *= d
	}
	return n
}

// writeWeights writes the tensors. Random rows are costly to make, so 64 of them are used again and again.
func (s *shape) writeWeights(w io.Writer, list []shapeTensor) error {
	r := rand.New(rand.NewPCG(1, 2))
	for _, t := range list {
		info, _ := t.typ.Info()
		rows := make([][]byte, 1)
		if len(t.dims) == 2 {
			rows = make([][]byte, 64)
		}
		x := make([]float32, t.dims[0])
		for i := range rows {
			for j := range x {
				if x[j] = 1; len(t.dims) == 2 {
					x[j] = float32(r.NormFloat64()) * float32(1/sqrt(t.dims[0]))
				}
			}
			rows[i] = make([]byte, t.typ.RowBytes(len(x)))
			info.Quantize(rows[i], x)
		}
		for left := t.size(); left > 0; left -= len(rows[0]) {
			if _, err := w.Write(rows[r.IntN(len(rows))]); err != nil {
				return err
			}
		}
		if _, err := w.Write(make([]byte, aligned(t.size())-t.size())); err != nil {
			return err
		}
	}
	return nil
}
