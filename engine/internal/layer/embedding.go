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

// Embed sets X to the vectors of the step's tokens.
func (r *Run) Embed(e *Embedding) {
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
	r.err = r.Guard(r.do.embed)
}

func (r *Run) embedRows() error {
	e := r.op.embedding
	n := e.weight.Type.RowBytes(e.weight.Cols())
	t := 0
	for i := range r.spans {
		for _, id := range r.spans[i].IDs {
			x := r.X[t*r.stride : (t+1)*r.stride]
			e.decode(x[:r.Dim], e.rows[int(id)*n:(int(id)+1)*n])
			clear(x[r.Dim:])
			t++
		}
	}
	return nil
}
