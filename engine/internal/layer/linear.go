package layer

import (
	"fmt"
	"math"
	"sync"

	"github.com/linnet-go/linnet/kernels"
	"github.com/linnet-go/linnet/kernels/team"
	"github.com/linnet-go/linnet/quant"
)

// Guard calls a function that reads tensors of a mapped file, and makes an error of a fault there.
type Guard func(f func() error) error

// Linear is y = W·x + b. W is packed into panels when it is first used, by all workers; then the pages of its source are given back.
type Linear struct {
	weight quant.Tensor // [rows, cols]
	bias   []float32    // [rows, padded to 16], nil: none
	m      *kernels.Matrix
}

// NewLinear returns the product with a weight matrix and, unless it is nil, a bias that Vectors has read.
func NewLinear(weight quant.Tensor, bias []float32) Linear { return Linear{weight: weight, bias: bias} }

// Bound says whether there is a weight.
func (w *Linear) Bound() bool { return w.weight.Name != "" }

// Rows returns the number of outputs.
func (w *Linear) Rows() int { return w.weight.Rows() }

// Cols returns the number of inputs.
func (w *Linear) Cols() int { return w.weight.Cols() }

// quantised says whether the product reads activations of 8 bits.
func (w *Linear) quantised() bool {
	k, _ := kernels.KindOf(w.weight.Type)
	return !k.Float()
}

// PackedBytes returns the memory that the packed weights take, or will take. There must be a weight.
func (w *Linear) PackedBytes() int64 {
	k, ok := kernels.KindOf(w.weight.Type)
	if !ok {
		return 0
	}
	return int64((w.Rows()+15)/16) * int64(kernels.PanelBytes(k, w.Cols()))
}

// packChunk is the memory of panels that one unit of packing makes, in bytes.
const packChunk = 256 << 10

// pack fills the panels. The error names the tensor.
func (w *Linear) pack(t *team.Team, guard Guard) error {
	m, err := kernels.NewMatrix(w.weight.Type, w.Rows(), w.Cols())
	if err != nil {
		return fmt.Errorf("tensor %q: %w", w.weight.Name, err)
	}
	src, err := w.weight.Bytes()
	if err == nil {
		err = w.packPanels(t, guard, m, src)
	}
	if err != nil {
		m.Free()
		return err
	}
	if w.weight.Release != nil {
		w.weight.Release()
	}
	w.m = m
	return nil
}

func (w *Linear) packPanels(t *team.Team, guard Guard, m *kernels.Matrix, src []byte) error {
	per := max(1, packChunk*m.Panels()/max(m.Bytes(), 1))
	var mu sync.Mutex
	var first error
	t.Do((m.Panels()+per-1)/per, func(unit, _ int) {
		err := guard(func() error {
			return m.Pack(w.weight.Type, src, unit*per, min((unit+1)*per, m.Panels()))
		})
		if err != nil {
			mu.Lock()
			defer mu.Unlock()
			if first == nil {
				first = fmt.Errorf("tensor %q: %w", w.weight.Name, err)
			}
		}
	})
	return first
}

// Free gives the packed weights back.
func (w *Linear) Free() {
	if w.m != nil {
		w.m.Free()
		w.m = nil
	}
}

// Vectors reads a tensor as float32 values, each row padded with zeros to a multiple of 16. Values must be finite.
func Vectors(t quant.Tensor, guard Guard) ([]float32, error) {
	pad := pad16(t.Cols())
	v := make([]float32, t.Rows()*pad)
	for row := range t.Rows() {
		if err := readRow(v[row*pad:row*pad+t.Cols()], t, row, guard); err != nil {
			return nil, err
		}
	}
	for i, x := range v {
		if !finite(x) {
			return nil, fmt.Errorf("tensor %q: value %d is %v", t.Name, i/pad*t.Cols()+i%pad, x)
		}
	}
	return v, nil
}

func readRow(dst []float32, t quant.Tensor, row int, guard Guard) error {
	info, ok := t.Type.Info()
	if !ok {
		return fmt.Errorf("tensor %q: %v is not supported", t.Name, t.Type)
	}
	src, err := t.Bytes()
	if err != nil {
		return err
	}
	return guard(func() error {
		n := t.Type.RowBytes(len(dst))
		info.Dequantize(dst, src[row*n:(row+1)*n])
		return nil
	})
}

func finite(x float32) bool { return math.Abs(float64(x)) <= math.MaxFloat32 }

// pad16 is the length in memory of a row of n values.
func pad16(n int) int { return (n + 15) &^ 15 }
