package quant

// Tensor is a weight as it stands in a file: what loaders give and what models read.
type Tensor struct {
	Name string
	Type Type
	Dims []int // values along each dimension, the fastest first: a matrix is [cols, rows]

	// Bytes returns the stored blocks, row after row. For a mapped file it is a view that stays valid until the file is closed;
	// for other sources it reads them anew at each call. The error names the file and the tensor.
	Bytes func() ([]byte, error)

	// Release says that the stored blocks will not be read again soon: pages of a mapped file are given back. It may be nil.
	Release func()
}

// Cols returns the length of a row in values.
func (t Tensor) Cols() int { return t.Dims[0] }

// Rows returns the number of rows, over all further dimensions.
func (t Tensor) Rows() int {
	n := 1
	for _, d := range t.Dims[1:] {
		n *= d
	}
	return n
}

// RowRange returns rows from..to-1 as a matrix of its own, with the same name. Releasing a part releases the whole.
func (t Tensor) RowRange(from, to int) Tensor {
	part := t
	part.Dims = []int{t.Cols(), to - from}
	part.Bytes = func() ([]byte, error) {
		b, err := t.Bytes()
		if err != nil {
			return nil, err
		}
		n := t.Type.RowBytes(t.Cols())
		return b[from*n : to*n], nil
	}
	return part
}
