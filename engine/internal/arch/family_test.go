package arch

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
)

func merged[M ~map[string]V, V any](a, b M) M {
	a = maps.Clone(a)
	maps.Copy(a, b)
	return a
}

// variation is what a family has besides, or instead of, the keys and tensors of the Llama of llamaFile.
type variation struct {
	meta map[string]any
	dims map[string][]int // of each layer; nil: the layer has no such weight
	top  map[string][]int
}

var (
	manyExperts = map[string]any{"expert_count": uint64(5), "expert_used_count": uint64(2)}
	expertDims  = map[string][]int{
		"ffn_gate": nil, "ffn_up": nil, "ffn_down": nil, "ffn_gate_inp.weight": {48, 5}, "ffn_gate_exps.weight": {48, 20, 5},
		"ffn_up_exps.weight": {48, 20, 5}, "ffn_down_exps.weight": {20, 48, 5},
	}
	sharedDims = merged(expertDims, map[string][]int{"ffn_gate_shexp.weight": {48, 20}, "ffn_up_shexp.weight": {48, 20}, "ffn_down_shexp.weight": {20, 48}})
)

// unsampled are the families that the reference files have no model of.
var unsampled = map[string]variation{
	"internlm2": {}, "xverse": {}, "minicpm": {}, "gemma": {},
	"mistral3": {meta: map[string]any{
		"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.yarn_log_multiplier": 1.0, "attention.temperature_scale": 0.1,
	}},
	"arcee": {dims: map[string][]int{"ffn_gate": nil}},
	"bloom": {
		dims: map[string][]int{"ffn_gate": nil, "attn_norm.bias": {48}, "ffn_norm.bias": {48}, "attn_q.bias": {48}, "ffn_up.bias": {20}},
		top:  map[string][]int{"token_embd_norm.weight": {48}, "token_embd_norm.bias": {48}},
	},
	"olmo": {
		meta: map[string]any{"attention.clamp_kqv": 8.0},
		dims: map[string][]int{"attn_norm": nil, "ffn_norm": nil},
		top:  map[string][]int{"output_norm.weight": nil},
	},
	"olmoe": {meta: manyExperts, dims: merged(expertDims, map[string][]int{"attn_q_norm.weight": {48}, "attn_k_norm.weight": {24}})},
	"qwen2moe": {
		meta: manyExperts,
		dims: merged(sharedDims, map[string][]int{"ffn_gate_inp_shexp.weight": {48}, "attn_q.bias": {48}, "attn_k.bias": {24}, "attn_v.bias": {24}}),
	},
	"glm4moe": {
		meta: merged(manyExperts, map[string]any{"nextn_predict_layers": uint64(1), "expert_shared_count": uint64(1), "expert_weights_scale": 2.5}),
		dims: merged(sharedDims, map[string][]int{"ffn_norm": nil, "post_attention_norm.weight": {48}, "exp_probs_b.bias": {5}}),
		top:  map[string][]int{"blk.1.nextn.eh_proj.weight": {96, 48}},
	},
}

// file returns the file of a family.
func (v variation) file(family string) *file {
	f := llamaFile()
	for key, value := range maps.Clone(f.meta) {
		f.meta[strings.Replace(key, "llama", family, 1)] = value
	}
	f.meta["general.architecture"] = family
	for key, value := range v.meta {
		f.meta[family+"."+key] = value
	}
	set := func(name string, dims []int) {
		if f.dims[name] = dims; dims == nil {
			delete(f.dims, name)
			delete(f.dims, name+".weight")
		}
	}
	for name, dims := range v.dims {
		for l := range 2 {
			set(fmt.Sprintf("blk.%d.%s", l, name), dims)
		}
	}
	for name, dims := range v.top {
		set(name, dims)
	}
	return f
}

// TestUnsampled binds these families, and each without one of its tensors or with one more.
func TestUnsampled(t *testing.T) {
	for family, v := range unsampled {
		m, err := New(v.file(family), Options{})
		if err != nil {
			t.Errorf("%s: %v", family, err)
			continue
		}
		if want := 2 - min(len(v.top["blk.1.nextn.eh_proj.weight"]), 1); m.Layers != want {
			t.Errorf("%s: %d layers, want %d", family, m.Layers, want)
		}
		for name := range v.file(family).dims {
			f := v.file(family)
			delete(f.dims, name)
			optional := strings.HasSuffix(name, ".bias") || name == "output.weight" || family == "glm4moe" && strings.HasPrefix(name, "blk.1.")
			if _, err := New(f, Options{}); (err == nil) != optional || err != nil && !strings.Contains(err.Error(), name) {
				t.Errorf("%s without %s: %v", family, name, err)
			}
		}
		f := v.file(family)
		f.dims["blk.0.odd.weight"] = []int{3}
		if _, err := New(f, Options{}); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "blk.0.odd.weight") {
			t.Errorf("%s with an odd tensor: %v", family, err)
		}
	}
}
