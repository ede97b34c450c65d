package layer

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/linnet-go/linnet/quant"
)

// Some files hold matrices in another arrangement than products need. It is mended when they are packed.

// Transposed returns a matrix as F32 the other way round, computed at each reading.
func Transposed(t quant.Tensor, guard Guard) quant.Tensor {
	cols, rows := t.Cols(), t.Rows()
	return quant.Tensor{Name: t.Name, Type: quant.F32, Dims: []int{rows, cols}, Release: t.Release, Bytes: func() ([]byte, error) {
		if _, ok := t.Type.Info(); !ok {
			return nil, fmt.Errorf("tensor %q: %v is not supported", t.Name, t.Type)
		}
		b := make([]byte, 4*rows*cols)
		row := make([]float32, cols)
		for i := range rows {
			if err := readRow(row, t, i, guard); err != nil {
				return nil, err
			}
			for j, x := range row {
				binary.LittleEndian.PutUint32(b[4*(j*rows+i):], math.Float32bits(x))
			}
		}
		return b, nil
	}}
}

// EveryOther returns the first (which = 0) or second half of each 2n rows of a matrix, copied at each reading.
func EveryOther(t quant.Tensor, n, which int, guard Guard) quant.Tensor {
	return quant.Tensor{Name: t.Name, Type: t.Type, Dims: []int{t.Cols(), t.Rows() / 2}, Release: t.Release, Bytes: func() ([]byte, error) {
		src, err := t.Bytes()
		if err != nil {
			return nil, err
		}
		size := n * t.Type.RowBytes(t.Cols())
		b := make([]byte, 0, len(src)/2)
		err = guard(func() error {
			for at := which * size; at < len(src); at += 2 * size {
				b = append(b, src[at:at+size]...)
			}
			return nil
		})
		return b, err
	}}
}
