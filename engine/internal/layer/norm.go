package layer

import "math"

// Norm is a root-mean-square norm with weights.
type Norm struct {
	Weight []float32 // [dim, padded to 16]
	Eps    float32
}

// Norm sets in to the norm of X.
func (r *Run) Norm(n *Norm) {
	if r.stopped() {
		return
	}
	r.op.norm = n
	r.overRows(float64(r.Dim)/4, r.do.norm)
}

func (r *Run) normUnit(unit, _ int) {
	for t, to := r.rowsOf(unit); t < to; t++ {
		r.normRow(t, t)
	}
}

// normRow sets row i of in to the norm of row t of X.
func (r *Run) normRow(i, t int) {
	n := r.op.norm
	square := r.Level.RMSNorm(r.in.Row(i)[:r.stride], r.X[t*r.stride:(t+1)*r.stride], n.Weight, r.Dim, n.Eps)
	if !(square <= math.MaxFloat32) {
		r.mark(t, int32(r.layer)+2)
	}
}
