package arch

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/linnet-go/linnet/engine/internal/cache"
	"github.com/linnet-go/linnet/engine/internal/layer"
	"github.com/linnet-go/linnet/quant"
)

// file is a Source in memory, whose tensors are all ones.
type file struct {
	meta map[string]any
	dims map[string][]int
}

func (f *file) Meta(key string) (any, bool) { v, ok := f.meta[key]; return v, ok }

func (f *file) Tensor(name string) (quant.Tensor, bool) {
	dims, ok := f.dims[name]
	if !ok {
		return quant.Tensor{}, false
	}
	return quant.Tensor{Name: name, Type: quant.F32, Dims: dims, Bytes: func() ([]byte, error) {
		n := 1
		for _, d := range dims {
			n *= d
		}
		return []byte(strings.Repeat("\x00\x00\x80\x3f", n)), nil
	}}, true
}

func (f *file) Tensors() []quant.Tensor {
	var list []quant.Tensor
	for _, name := range slices.Sorted(maps.Keys(f.dims)) {
		t, _ := f.Tensor(name)
		list = append(list, t)
	}
	return list
}

func (f *file) Guard(g func() error) error { return g() }

// llamaFile is a Llama of two layers.
func llamaFile() *file {
	f := &file{
		meta: map[string]any{
			"general.architecture": "llama", "llama.context_length": uint64(100), "llama.embedding_length": uint64(48),
			"llama.block_count": uint64(2), "llama.feed_forward_length": uint64(20), "llama.attention.head_count": uint64(4),
			"llama.attention.head_count_kv": uint64(2), "llama.attention.layer_norm_rms_epsilon": 1e-6,
		},
		dims: map[string][]int{"token_embd.weight": {48, 30}, "output.weight": {48, 30}, "output_norm.weight": {48}},
	}
	for l := range 2 {
		for name, dims := range map[string][]int{
			"attn_norm": {48}, "attn_q": {48, 48}, "attn_k": {48, 24}, "attn_v": {48, 24}, "attn_output": {48, 48},
			"ffn_norm": {48}, "ffn_gate": {48, 20}, "ffn_up": {48, 20}, "ffn_down": {20, 48},
		} {
			f.dims[fmt.Sprintf("blk.%d.%s.weight", l, name)] = dims
		}
	}
	return f
}

func TestLlama(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(*file)
		heads    layer.Heads
		matrices int
	}{
		{"plain", func(f *file) {}, layer.Heads{N: 4, KV: 2, Dim: 12, Scale: float32(1 / math.Sqrt(12))}, 15},
		{"tied", func(f *file) { delete(f.dims, "output.weight") }, layer.Heads{N: 4, KV: 2, Dim: 12, Scale: float32(1 / math.Sqrt(12))}, 15},
		{"one KV head a query head", func(f *file) {
			delete(f.meta, "llama.attention.head_count_kv")
			for l := range 2 {
				f.dims[fmt.Sprintf("blk.%d.attn_k.weight", l)] = []int{48, 48}
				f.dims[fmt.Sprintf("blk.%d.attn_v.weight", l)] = []int{48, 48, 1}
			}
		}, layer.Heads{N: 4, KV: 4, Dim: 12, Scale: float32(1 / math.Sqrt(12))}, 15},
		{"window, scale, biases, divisors", func(f *file) {
			f.meta["llama.attention.sliding_window"] = uint64(17)
			f.meta["llama.attention.scale"] = 0.125
			f.dims["blk.1.attn_q.bias"] = []int{48}
			f.dims["blk.0.ffn_down.bias"] = []int{48}
			f.dims["rope_freqs.weight"] = []int{6}
		}, layer.Heads{N: 4, KV: 2, Dim: 12, Scale: 0.125, Window: 17}, 15},
		{"neutral values and old tensors", func(f *file) {
			f.meta["llama.attention.sliding_window"] = uint64(0)
			f.meta["llama.expert_count"] = uint64(0)
			f.meta["llama.attention.causal"] = true
			f.dims["blk.0.attn_rot_embd.weight"] = []int{6}
		}, layer.Heads{N: 4, KV: 2, Dim: 12, Scale: float32(1 / math.Sqrt(12))}, 15},
		{"head size of its own", func(f *file) {
			f.meta["llama.attention.key_length"] = uint64(14)
			f.meta["llama.attention.value_length"] = uint64(14)
			for l := range 2 {
				f.dims[fmt.Sprintf("blk.%d.attn_q.weight", l)] = []int{48, 56}
				f.dims[fmt.Sprintf("blk.%d.attn_k.weight", l)] = []int{48, 28}
				f.dims[fmt.Sprintf("blk.%d.attn_v.weight", l)] = []int{48, 28}
				f.dims[fmt.Sprintf("blk.%d.attn_output.weight", l)] = []int{56, 48}
			}
		}, layer.Heads{N: 4, KV: 2, Dim: 14, Scale: float32(1 / math.Sqrt(14))}, 15},
	} {
		f := llamaFile()
		c.change(f)
		m, err := New(f, Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if m.Heads != c.heads || m.Dim != 48 || m.FFN != 20 || m.Vocab != 30 || m.Layers != 2 || m.Context != 100 || len(m.Matrices) != c.matrices {
			t.Errorf("%s: %+v and %d matrices, want %+v and %d", c.name, m.Heads, len(m.Matrices), c.heads, c.matrices)
		}
		if want := (cache.Shape{KVHeads: c.heads.KV, HeadDim: c.heads.Dim}); len(m.Cache) != 2 || m.Cache[1] != want {
			t.Errorf("%s: cache %+v, want two of %+v", c.name, m.Cache, want)
		}
	}
}

func meta(key string, v any) func(*file) { return func(f *file) { f.meta[key] = v } }

func dims(name string, d ...int) func(*file) { return func(f *file) { f.dims[name] = d } }

func without(name string) func(*file) {
	return func(f *file) {
		delete(f.meta, name)
		delete(f.dims, name)
	}
}

// badFiles are good ones with one change, and the errors that name it.
var badFiles = []struct {
	change      func(*file)
	want        string
	unsupported bool
}{
	{without("general.architecture"), `key "general.architecture" is missing`, false},
	{meta("general.architecture", "bert"), `architecture "bert": not supported; known are arcee, bloom`, true},
	{meta("general.architecture", uint64(7)), `architecture`, true},
	{without("llama.block_count"), `key "llama.block_count" is missing`, false},
	{meta("llama.block_count", "two"), `key "llama.block_count": need an integer from 1 to 16777216, got "two"`, false},
	{meta("llama.block_count", uint64(0)), `key "llama.block_count"`, false},
	{meta("llama.block_count", int64(-1)), `key "llama.block_count"`, false},
	{meta("llama.block_count", uint64(1<<20)), `1048576 layers, but the file has only 21 tensors`, false},
	{meta("llama.block_count", uint64(math.MaxUint64)), `key "llama.block_count"`, false},
	{meta("llama.block_count", uint64(1)), `tensors "blk.1.attn_k.weight" and 8 more: not supported by the llama family`, true},
	{meta("llama.block_count", uint64(3)), `tensor "blk.2.attn_norm.weight" is missing`, false},
	{meta("llama.embedding_length", uint64(1<<31)), `key "llama.embedding_length"`, false},
	{meta("llama.embedding_length", uint64(64)), `tensor "token_embd.weight": need shape [64 30], got [48 30]`, false},
	{meta("llama.feed_forward_length", []uint64{1, 2}), `key "llama.feed_forward_length": need an integer from 1 to 16777216, got []uint64`, false},
	{meta("llama.attention.head_count", uint64(0)), `key "llama.attention.head_count"`, false},
	{meta("llama.attention.head_count", uint64(1<<31)), `key "llama.attention.head_count"`, false},
	{meta("llama.attention.head_count", uint64(5)), `key "llama.attention.head_count_kv": need a divisor of the 5 query heads, got 2`, false},
	{meta("llama.attention.head_count_kv", uint64(8)), `key "llama.attention.head_count_kv": need a divisor of the 4 query heads, got 8`, false},
	{meta("llama.attention.head_count_kv", uint64(0)), `key "llama.attention.head_count_kv"`, false},
	{meta("llama.attention.head_count", uint64(14)), `key "llama.attention.key_length" is missing`, false},
	{meta("llama.attention.key_length", uint64(16)), `tensor "blk.0.attn_q.weight": need shape [48 64], got [48 48]`, false},
	{meta("llama.attention.value_length", uint64(16)), `key "llama.attention.value_length": 16 is not supported by the llama family`, true},
	{meta("llama.attention.layer_norm_rms_epsilon", math.NaN()), `key "llama.attention.layer_norm_rms_epsilon": need a finite number, got NaN`, false},
	{meta("llama.rope.dimension_count", uint64(5)), `key "llama.rope.dimension_count": need an even number up to the head size 12, got 5`, false},
	{meta("llama.rope.dimension_count", uint64(14)), `key "llama.rope.dimension_count"`, false},
	{meta("llama.rope.freq_base", 0.0), `keys "llama.rope.*": rope: base 0`, false},
	{meta("llama.rope.freq_base", "big"), `key "llama.rope.freq_base": need a finite number, got "big"`, false},
	{meta("llama.rope.scaling.type", "su"), `key "llama.rope.scaling.type": "su" is not supported by the llama family`, true},
	{meta("llama.rope.scaling.type", uint64(3)), `key "llama.rope.scaling.type": need a string, got 3`, false},
	{meta("llama.rope.scaling.yarn_ext_factor", 0.5), `key "llama.rope.scaling.yarn_ext_factor"`, true},
	{meta("llama.expert_count", uint64(8)), `key "llama.expert_used_count" is missing`, false},
	{meta("llama.attention.clamp_kqv", 1.5), `key "llama.attention.clamp_kqv": 1.5 is not supported by the llama family`, true},
	{meta("llama.attention.causal", false), `key "llama.attention.causal": false is not supported`, true},
	{without("blk.0.ffn_up.weight"), `tensor "blk.0.ffn_up.weight" is missing`, false},
	{without("token_embd.weight"), `tensor "token_embd.weight" is missing`, false},
	{dims("blk.1.ffn_down.weight", 48, 20), `tensor "blk.1.ffn_down.weight": need shape [20 48], got [48 20]`, false},
	{dims("blk.1.attn_v.bias", 48), `tensor "blk.1.attn_v.bias": need shape [24], got [48]`, false},
	{dims("output_norm.bias", 48), `tensor "output_norm.bias": not supported by the llama family`, true},
	{dims("rope_freqs.weight", 5), `tensor "rope_freqs.weight": need shape [6], got [5]`, false},
}

func TestErrors(t *testing.T) {
	for _, c := range badFiles {
		f := llamaFile()
		c.change(f)
		_, err := New(f, Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrUnsupported) != c.unsupported {
			t.Errorf("error %q, want %q, ErrUnsupported %t", fmt.Sprint(err), c.want, c.unsupported)
		}
	}
	if _, err := New(llamaFile(), Options{Vocab: 31}); err == nil || !strings.Contains(err.Error(), `tensor "token_embd.weight": need shape [48 31], got [48 30]`) {
		t.Errorf("more tokens than rows: %v", err)
	}
	f := llamaFile()
	if _, err := New(f, Options{Context: 1 << 24}); err != nil {
		t.Errorf("a long context: %v", err)
	}
	f.meta["llama.rope.freq_base"] = 1e-9
	if _, err := New(f, Options{Context: 1 << 24}); err == nil || !strings.Contains(err.Error(), "rope: pair 1 turns by") {
		t.Errorf("angles beyond all bounds: %v", err)
	}
}
