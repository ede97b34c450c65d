package layer

import (
	"fmt"

	"github.com/linnet-go/linnet/quant"
)

// Embedding is the table of token vectors. It stays as stored: a step decodes the few rows that it needs.
type Embedding struct {
	weight quant.Tensor // [vocab, dim]
	rows   []byte       // the stored rows, once they have been asked for
	decode func(dst []float32, src []byte)
}

// NewEmbedding returns the table that a tensor holds.
func NewEmbedding(weight quant.Tensor) Embedding { return Embedding{weight: weight} }

// Output returns the product with the same matrix, for models whose output is tied to the embedding.
func (e *Embedding) Output() Linear { return NewLinear(e.weight, nil) }

// Embed sets X to the vectors of the step's tokens, times scale.
func (r *Run) Embed(e *Embedding, scale float32) {
	r.op.scale = scale
	r.lookUp(e, r.do.embed)
}

// AddPositions adds the vectors of the step's positions to X.
func (r *Run) AddPositions(e *Embedding) { r.lookUp(e, r.do.positions) }

// lookUp calls f, which reads rows of e.
func (r *Run) lookUp(e *Embedding, f func() error) {
	if r.err != nil {
		return
	}
	if e.rows == nil {
		info, ok := e.weight.Type.Info()
		if !ok {
			r.err = fmt.Errorf("tensor %q: %v is not supported", e.weight.Name, e.weight.Type)
			return
		}
		if e.rows, r.err = e.weight.Bytes(); r.err != nil {
			return
		}
		e.decode = info.Dequantize
	}
	r.op.embedding = e
	r.err = r.Guard(f)
}

// read decodes row i.
func (e *Embedding) read(dst []float32, i int) {
	n := e.weight.Type.RowBytes(e.weight.Cols())
	e.decode(dst, e.rows[i*n:(i+1)*n])
}

func (r *Run) embedRows() error {
	t := 0
	for i := range r.spans {
		for _, id := range r.spans[i].IDs {
			x := r.row(t)
			r.op.embedding.read(x[:r.Dim], int(id))
			clear(x[r.Dim:])
			if r.op.scale != 1 {
				r.Level.Mul(x, r.op.scale)
			}
			t++
		}
	}
	return nil
}

func (r *Run) positionRows() error {
	for t := range r.rows {
		room := r.in.Row(t)[:r.stride]
		clear(room[r.Dim:])
		r.op.embedding.read(room[:r.Dim], int(r.positions[t]))
		r.Level.Add(r.row(t), room)
	}
	return nil
}
