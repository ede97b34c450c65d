package layer

import (
	"math"

	"github.com/linnet-go/linnet/kernels"
)

// Norm is a root-mean-square norm (Zhang and Sennrich 2019) or a layer norm (Ba, Kiros and Hinton 2016), with weights.
type Norm struct {
	Dim    int       // values that are normed together
	Weight []float32 // [dim, padded to 16], or for heads with weights of their own [heads, dim padded to 16]
	Bias   []float32 // [dim, padded to 16], nil: none
	Eps    float32
	Mean   bool // a layer norm, which subtracts the mean
}

// Bound says whether there are weights.
func (n *Norm) Bound() bool { return n.Weight != nil }

// apply computes y = norm(x), of head h if heads have weights of their own; lengths are Dim padded to 16, y may be x. It returns the mean
// square or the variance, which is not finite when an x is not.
func (n *Norm) apply(l *kernels.Level, y, x []float32, h int) float32 {
	w := n.Weight
	if len(w) > len(x) {
		w = w[h*len(x) : (h+1)*len(x)]
	}
	if !n.Mean {
		return l.RMSNorm(y, x, w, n.Dim, n.Eps)
	}
	v := l.LayerNorm(y, x, w, n.Dim, n.Eps)
	if n.Bias != nil {
		l.Add(y, n.Bias)
	}
	return v
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
	r.normed(r.in.Row(i)[:r.stride], r.row(t), t)
}

// normed sets y to the norm of x, which belongs to row t of the step.
func (r *Run) normed(y, x []float32, t int) {
	if spread := r.op.norm.apply(r.Level, y, x, 0); !(spread <= math.MaxFloat32) {
		r.mark(t, int32(r.layer)+2)
	}
}

// row returns row t of X with its padding.
func (r *Run) row(t int) []float32 { return r.X[t*r.stride : (t+1)*r.stride] }

// NormEmbedding sets X to its norm.
func (r *Run) NormEmbedding(n *Norm) {
	if r.stopped() {
		return
	}
	r.op.norm = n
	for t := range r.rows {
		r.normed(r.row(t), r.row(t), t)
	}
}

// Raw sets in to X, for branches without a norm in front.
func (r *Run) Raw() {
	if r.stopped() {
		return
	}
	for t := range r.rows {
		copy(r.in.Row(t), r.row(t))
	}
}
