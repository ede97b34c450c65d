package arch

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/linnet-go/linnet/engine/internal/layer"
	"github.com/linnet-go/linnet/quant"
)

// Tags of the fields that are bound to tensors:
//
//	gguf:"attn_q,bias"   the tensor attn_q.weight, and attn_q.bias if the file has it (layer norms always look for theirs); inside a slice of
//	layers blk.0.attn_q.weight ...
//	gguf:"attn_q+attn_k+attn_v"   a tensor for each matrix of an array
//	gguf:"attn_qkv"   for an array: one tensor with the rows of all its matrices, one after the other
//	gguf:"attn_qkv|attn_q+attn_k+attn_v"   the first of both that the file has
//	gguf:"output,optional"   may be missing: the field stays as it is (so do norms that have weights without a tensor)
//	gguf:"ssm_a,bare"   the tensor ssm_a without .weight
//	shape:"dim,q"   the tensor's dims, the fastest first, by the names of the sizes given to bind; for an array "dim,q+kv+kv"
//
// Fields are a layer.Linear, an array of them, a []layer.Linear (experts, from one tensor of three dims), a layer.Norm, layer.Embedding,
// []float32 or quant.Tensor, or the slice of the layers (gguf:"blk"). The fields of embedded structs, and of structs that pointers lead to, belong to the
// struct itself.

// binding is one walk over a model struct.
type binding struct {
	b        *builder
	sizes    map[string]int
	norm     layer.Norm // of which kind the norms are
	used     map[string]bool
	matrices []*layer.Linear
}

// bind fills the tagged fields of model, a pointer to a struct, and checks that the file has no other tensors but those named in ignored, in
// which # may stand for a layer's number. It returns the matrices.
func (b *builder) bind(model any, sizes map[string]int, norm layer.Norm, ignored ...string) []*layer.Linear {
	if b.err != nil {
		return nil
	}
	w := &binding{b: b, sizes: sizes, norm: norm, used: map[string]bool{}}
	err := w.fields(reflect.ValueOf(model).Elem(), "")
	if err == nil {
		err = w.unused(ignored)
	}
	if err != nil {
		b.fail(err)
	}
	return w.matrices
}

// fields binds the fields of a struct.
func (w *binding) fields(v reflect.Value, prefix string) error {
	for i := range v.NumField() {
		f, x := v.Type().Field(i), v.Field(i)
		var err error
		switch tag, ok := f.Tag.Lookup("gguf"); {
		case ok:
			name, flags, _ := strings.Cut(tag, ",")
			err = w.field(x, prefix, name, strings.Split(flags, ","), strings.Split(f.Tag.Get("shape"), ","))
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			err = w.fields(x, prefix)
		case f.IsExported() && f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Struct && !x.IsNil():
			err = w.fields(x.Elem(), prefix)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *binding) field(v reflect.Value, prefix, name string, flags, shape []string) error {
	if name == "blk" {
		for i := range v.Len() {
			if err := w.fields(v.Index(i), "blk."+strconv.Itoa(i)+"."); err != nil {
				return err
			}
		}
		return nil
	}
	has := func(flag string) bool { return slices.Contains(flags, flag) }
	if v.Kind() == reflect.Array {
		return w.array(v, prefix, name, has("bias"), shape)
	}
	name = prefix + name
	full := name
	if !has("bare") {
		full += ".weight"
	}
	norm, isNorm := v.Addr().Interface().(*layer.Norm)
	t, err := w.tensor(full, shape, has("optional") || isNorm && norm.Bound())
	if err != nil || t.Name == "" {
		return err
	}
	var bias []float32
	if has("bias") || isNorm && w.norm.Mean && len(shape) == 1 {
		if bias, err = w.vector(name+".bias", shape[1:], shape); err != nil {
			return err
		}
	}
	switch p := v.Addr().Interface().(type) {
	case *layer.Linear:
		*p = layer.NewLinear(t, bias)
		w.matrices = append(w.matrices, p)
	case *[]layer.Linear:
		*p = w.experts(t, bias, w.size(name, shape[1]))
	case *layer.Embedding:
		*p = layer.NewEmbedding(t)
	case *layer.Norm:
		*p = w.norm
		p.Dim, p.Bias = t.Cols(), bias
		p.Weight, err = layer.Vectors(t, w.b.src.Guard)
	case *quant.Tensor:
		*p = t
	case *[]float32:
		if t.Cols() == 1 { // a column
			t.Dims = []int{t.Rows()}
		}
		*p, err = layer.Vectors(t, w.b.src.Guard)
	default:
		panic(fmt.Sprintf("arch: a tensor cannot be bound to a %T", p))
	}
	return err
}

// array binds an array of matrices, whose rows stand in one tensor or in a tensor for each.
func (w *binding) array(v reflect.Value, prefix, name string, biased bool, shape []string) error {
	parts := strings.Split(shape[1], "+")
	for choice := range strings.SplitSeq(name, "|") {
		names := strings.Split(choice, "+")
		if _, ok := w.b.src.Tensor(prefix + names[0] + ".weight"); !ok && !strings.HasSuffix(name, choice) {
			continue
		}
		if len(names) == 1 {
			return w.fused(v, prefix+choice, biased, shape[0], parts)
		}
		for i := range names {
			flags := []string{""}
			if biased {
				flags[0] = "bias"
			}
			if err := w.field(v.Index(i), prefix, names[i], flags, []string{shape[0], parts[i]}); err != nil {
				return err
			}
		}
		return nil
	}
	return nil
}

// fused binds an array of matrices to the rows of one tensor.
func (w *binding) fused(v reflect.Value, name string, biased bool, cols string, parts []string) error {
	rows := strings.Join(parts, "+")
	t, err := w.tensor(name+".weight", []string{cols, rows}, false)
	if err != nil {
		return err
	}
	var bias []float32
	if biased {
		if bias, err = w.vector(name+".bias", []string{rows}, nil); err != nil {
			return err
		}
	}
	first := 0
	for i, part := range parts {
		n := w.size(name, part)
		var own []float32
		if bias != nil {
			own = make([]float32, (n+15)&^15)
			copy(own, bias[first:first+n])
		}
		p := v.Index(i).Addr().Interface().(*layer.Linear)
		*p = layer.NewLinear(t.RowRange(first, first+n), own)
		w.matrices = append(w.matrices, p)
		first += n
	}
	return nil
}

// experts returns the matrices of a tensor [cols, rows, experts]; biases are padded rows.
func (w *binding) experts(t quant.Tensor, bias []float32, rows int) []layer.Linear {
	n := t.Rows() / rows
	all := make([]layer.Linear, n)
	pad := len(bias) / n
	for e := range all {
		var own []float32
		if bias != nil {
			own = bias[e*pad : (e+1)*pad]
		}
		all[e] = layer.NewLinear(t.RowRange(e*rows, (e+1)*rows), own)
		w.matrices = append(w.matrices, &all[e])
	}
	return all
}

// size returns the value of a sum of names of sizes.
func (w *binding) size(tensor, sum string) int {
	n := 0
	for s := range strings.SplitSeq(sum, "+") {
		v, known := w.sizes[s]
		if !known {
			panic(fmt.Sprintf("arch: tensor %q has a shape of %q, which is no size of the family", tensor, s))
		}
		n += v
	}
	return n
}

// vector reads an optional bias of the first shape, or the second where that is empty: the bias of a vector.
func (w *binding) vector(name string, shape, fallback []string) ([]float32, error) {
	if len(shape) == 0 {
		shape = fallback
	}
	t, err := w.tensor(name, shape, true)
	if err != nil || t.Name == "" {
		return nil, err
	}
	return layer.Vectors(t, w.b.src.Guard)
}

// tensor returns a tensor of the given shape. An optional one that is missing has no name.
func (w *binding) tensor(name string, shape []string, optional bool) (quant.Tensor, error) {
	t, ok := w.b.src.Tensor(name)
	if !ok {
		if optional {
			return quant.Tensor{}, nil
		}
		return quant.Tensor{}, fmt.Errorf("tensor %q is missing", name)
	}
	want := make([]int, len(shape))
	for i, s := range shape {
		want[i] = w.size(name, s)
	}
	if !slices.Equal(trim(t.Dims), trim(want)) {
		return t, fmt.Errorf("tensor %q: need shape %v, got %v", name, want, t.Dims)
	}
	w.used[name] = true
	return t, nil
}

// trim drops the trailing dims of 1, which files may write or not.
func trim(dims []int) []int {
	for len(dims) > 1 && dims[len(dims)-1] == 1 {
		dims = dims[:len(dims)-1]
	}
	return dims
}

// unused returns an error that names the tensors which the family does not know: a model is not run without a part of it.
func (w *binding) unused(ignored []string) error {
	var names []string
	skip := map[string]bool{}
	for _, name := range ignored {
		skip[name] = true
	}
	for _, t := range w.b.src.Tensors() {
		if !w.used[t.Name] && !skip[pattern(t.Name)] && !skip[t.Name] {
			names = append(names, t.Name)
		}
	}
	switch len(names) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("tensor %q: %w by the %s family", names[0], ErrUnsupported, w.b.family)
	}
	return fmt.Errorf("tensors %q and %d more: %w by the %s family", names[0], len(names)-1, ErrUnsupported, w.b.family)
}

// pattern puts # for the number in a name such as blk.3.attn_q.weight.
func pattern(name string) string {
	parts := strings.Split(name, ".")
	if len(parts) > 2 && parts[0] == "blk" {
		parts[1] = "#"
	}
	return strings.Join(parts, ".")
}

// layerOf returns the number of the layer that a tensor belongs to, -1 for none.
func layerOf(name string) int {
	parts := strings.SplitN(name, ".", 3)
	if len(parts) < 3 || parts[0] != "blk" {
		return -1
	}
	i, err := strconv.Atoi(parts[1])
	if err != nil {
		return -1
	}
	return i
}

// layers checks the number of layers against the file before anything is made for each.
func (b *builder) layers() int {
	n := b.count("block_count", required)
	if have := len(b.src.Tensors()); n > have {
		b.fail(fmt.Errorf("key %q: %d layers, but the file has only %d tensors", b.family+".block_count", n, have))
		return 0
	}
	return n
}
