package engine

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/linnet-go/linnet/engine/internal/arch"
	"github.com/linnet-go/linnet/loader"
	"github.com/linnet-go/linnet/quant"
)

// altered is a model file with some tensors and keys changed.
type altered struct {
	*loader.Model
	meta  map[string]any          // nil: the key is missing
	dims  map[string][]int        // nil: the tensor is missing
	extra map[string]quant.Tensor // tensors that the file does not have
}

func (f *altered) Meta(key string) (any, bool) {
	if v, ok := f.meta[key]; ok {
		return v, v != nil
	}
	return f.Model.Meta(key)
}

func (f *altered) Tensor(name string) (quant.Tensor, bool) {
	if t, ok := f.extra[name]; ok {
		return t, true
	}
	t, ok := f.Model.Tensor(name)
	if dims, changed := f.dims[name]; changed {
		t.Dims = dims
		return t, ok && dims != nil
	}
	return t, ok
}

func (f *altered) Tensors() []quant.Tensor {
	list := slices.DeleteFunc(f.Model.Tensors(), func(t quant.Tensor) bool {
		dims, changed := f.dims[t.Name]
		return changed && dims == nil
	})
	for _, t := range f.extra {
		list = append(list, t)
	}
	return list
}

// optionalTensors are those that a model can do without: biases, an output matrix of its own, and what says which of two forms a layer has.
var optionalTensors = []string{
	".bias", "output.weight", "rope_freqs.weight", "/falcon/attn_norm_2.weight", "/stablelm-par/ffn_norm.weight", "/stablelm/ffn_norm.weight",
}

func isOptional(model, tensor string) bool {
	return slices.ContainsFunc(optionalTensors, func(o string) bool {
		if rest, ok := strings.CutPrefix(o, "/"+model+"/"); ok {
			return strings.HasSuffix(tensor, "."+rest)
		}
		return tensor == o || o == ".bias" && strings.HasSuffix(tensor, o)
	})
}

// TestFamilyTensors takes a tensor from each reference file, changes its shape, and adds one: each is an error that names it.
func TestFamilyTensors(t *testing.T) {
	for _, file := range sharedFiles(t, familyFiles) {
		m, err := loader.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		try := func(what, name string, f *altered) {
			f.Model = m
			if _, err := arch.New(f, arch.Options{}); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s, %s %s: %v", baseName(file), what, name, err)
			}
		}
		for _, x := range m.Tensors() {
			wrong := slices.Clone(x.Dims)
			wrong[0]++
			try("other shape", x.Name, &altered{dims: map[string][]int{x.Name: wrong}})
			if !isOptional(baseName(file), x.Name) {
				want := x.Name // or another tensor of the same choice
				if strings.Contains(x.Name, "_b.") || strings.Contains(x.Name, "attn_q") {
					want = "blk."
				}
				try("without", want, &altered{dims: map[string][]int{x.Name: nil}})
			}
		}
		odd := m.Tensors()[0]
		odd.Name = "blk.0.odd.weight"
		try("with", odd.Name, &altered{extra: map[string]quant.Tensor{odd.Name: odd}})
	}
}

// TestFamilyKeys gives each number of each reference file values that no model has: errors or not, nothing panics, and what is required is
// missed by name.
func TestFamilyKeys(t *testing.T) {
	for _, file := range sharedFiles(t, familyFiles) {
		m, err := loader.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		family, _ := m.Meta("general.architecture")
		prefix := fmt.Sprint(family) + "."
		for _, key := range m.Keys() {
			if !strings.HasPrefix(key, prefix) {
				continue
			}
			for _, v := range []any{
				nil, uint64(0), uint64(1), uint64(3), uint64(7), uint64(1 << 20), uint64(1 << 40), uint64(math.MaxUint64), int64(-1), 0.0, -1.0, 1e300, 1e-300, math.NaN(),
				math.Inf(1), "", "odd", true, false, []bool{true}, []int64{0, -1}, []string{"odd"},
			} {
				f := &altered{Model: m, meta: map[string]any{key: v}}
				if _, err := arch.New(f, arch.Options{}); err != nil && v == nil && !strings.Contains(err.Error(), prefix) && !strings.Contains(err.Error(), "tensor") {
					t.Errorf("%s without %s: %v", baseName(file), key, err)
				}
			}
		}
		for key, want := range map[string]string{
			"rope.scaling.type": "odd", "attention.causal": "false", "pooling_type": "2", "expert_gating_func": "9",
		} {
			v := map[string]any{"odd": "odd", "false": false, "2": uint64(2), "9": uint64(9)}[want]
			_, err := arch.New(&altered{Model: m, meta: map[string]any{prefix + key: v}}, arch.Options{})
			if err == nil || !strings.Contains(err.Error(), prefix+key) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s with %s = %s: %v", baseName(file), key, want, err)
			}
		}
	}
}
