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
//	gguf:"attn_q,bias"   the tensor attn_q.weight, and attn_q.bias if the file has it; inside a slice of layers blk.0.attn_q.weight ...
//	gguf:"output,optional"   may be missing: the field stays as it is
//	shape:"dim,q"   the tensor's dims, the fastest first, by the names of the sizes given to bind
//
// Fields are a layer.Linear, layer.Norm, layer.Embedding or []float32, or the slice of the layers (gguf:"blk").

// binding is one walk over a model struct.
type binding struct {
	b        *builder
	sizes    map[string]int
	eps      float32
	used     map[string]bool
	matrices []*layer.Linear
}

// bind fills the tagged fields of model, a pointer to a struct, and checks that the file has no other tensors but those named in ignored, in
// which # stands for a layer's number. It returns the matrices.
func (b *builder) bind(model any, sizes map[string]int, eps float32, ignored ...string) []*layer.Linear {
	if b.err != nil {
		return nil
	}
	w := &binding{b: b, sizes: sizes, eps: eps, used: map[string]bool{}}
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
		f := v.Type().Field(i)
		tag, ok := f.Tag.Lookup("gguf")
		if !ok {
			continue
		}
		name, flags, _ := strings.Cut(tag, ",")
		if err := w.field(v.Field(i), prefix+name, strings.Split(flags, ","), strings.Split(f.Tag.Get("shape"), ",")); err != nil {
			return err
		}
	}
	return nil
}

func (w *binding) field(v reflect.Value, name string, flags, shape []string) error {
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct {
		for i := range v.Len() {
			if err := w.fields(v.Index(i), name+"."+strconv.Itoa(i)+"."); err != nil {
				return err
			}
		}
		return nil
	}
	t, err := w.tensor(name+".weight", shape, slices.Contains(flags, "optional"))
	if err != nil || t.Name == "" {
		return err
	}
	switch p := v.Addr().Interface().(type) {
	case *layer.Linear:
		var bias []float32
		if slices.Contains(flags, "bias") {
			if bias, err = w.vector(name+".bias", shape[1:], true); err != nil {
				return err
			}
		}
		*p = layer.NewLinear(t, bias)
		w.matrices = append(w.matrices, p)
	case *layer.Embedding:
		*p = layer.NewEmbedding(t)
	case *layer.Norm:
		p.Eps = w.eps
		p.Weight, err = layer.Vector(t, w.b.src.Guard)
	case *[]float32:
		*p, err = layer.Vector(t, w.b.src.Guard)
	default:
		panic(fmt.Sprintf("arch: a tensor cannot be bound to a %T", p))
	}
	return err
}

func (w *binding) vector(name string, shape []string, optional bool) ([]float32, error) {
	t, err := w.tensor(name, shape, optional)
	if err != nil || t.Name == "" {
		return nil, err
	}
	return layer.Vector(t, w.b.src.Guard)
}

// tensor returns a tensor of the given shape. An optional one that is missing has no name.
func (w *binding) tensor(name string, shape []string, optional bool) (quant.Tensor, error) {
	t, ok := w.b.src.Tensor(name)
	if !ok {
		if optional {
			return t, nil
		}
		return t, fmt.Errorf("tensor %q is missing", name)
	}
	want := make([]int, len(shape))
	for i, s := range shape {
		n, known := w.sizes[s]
		if !known {
			panic(fmt.Sprintf("arch: tensor %q has a shape of %q, which is no size of the family", name, s))
		}
		want[i] = n
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
	for _, t := range w.b.src.Tensors() {
		if !w.used[t.Name] && !slices.Contains(ignored, pattern(t.Name)) {
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

// layers checks the number of layers against the file before anything is made for each.
func (b *builder) layers() int {
	n := b.count("block_count", required)
	if have := len(b.src.Tensors()); n > have {
		b.fail(fmt.Errorf("key %q: %d layers, but the file has only %d tensors", b.family+".block_count", n, have))
		return 0
	}
	return n
}
