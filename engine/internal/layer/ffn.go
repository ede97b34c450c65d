package layer

import "github.com/linnet-go/linnet/kernels"

// GatedFFN sets mid to act(gate·in) · (up·in), the hidden layer of a gated feed-forward net (Shazeer 2020). w is gate and up.
func (r *Run) GatedFFN(w *[2]Linear, act Gate) {
	gate, up := &w[0], &w[1]
	if !r.ready(gate, up) {
		return
	}
	r.seal(&r.in, gate.quantised() || up.quantised())
	r.mid = r.room.Reshape(r.rows, gate.Rows())
	r.op.gate = act
	cost := r.plan(0, gate, r.mid.X, 1)
	r.op.products[0].stride = r.mid.Pad
	cost += r.plan(1, up, r.wide, 1)
	r.share(r.op.products[0].count, cost, r.do.gated)
}

func (r *Run) gatedUnit(unit, worker int) {
	if r.cancelled() {
		return
	}
	gate, up := &r.op.products[0], &r.op.products[1]
	p0, p1 := gate.panelsOf(unit)
	r.mul(gate, &r.in, p0, p1, worker)
	r.mul(up, &r.in, p0, p1, worker)
	for t := range r.rows {
		g := gate.y[t*gate.stride+16*p0 : t*gate.stride+16*p1]
		r.op.gate.apply(r.Level, g, up.y[t*up.stride+16*p0:t*up.stride+16*p1])
	}
}

// Gate is how a gated feed-forward net combines its two halves.
type Gate uint8

const (
	SwiGLU        Gate = iota // silu(gate)·up
	GeGLU                     // gelu(gate)·up in the tanh form
	ClampedSwiGLU             // kernels.ClampedSwiGLU
)

// apply computes g = act(g) · up; lengths are a multiple of 16.
func (act Gate) apply(l *kernels.Level, g, up []float32) {
	switch act {
	case SwiGLU:
		l.SwiGLU(g, g, up)
	case GeGLU:
		l.GeGLU(g, g, up)
	case ClampedSwiGLU:
		kernels.ClampedSwiGLU(g, g, up)
	}
}

// FFN sets mid to act(up·in), the hidden layer of a plain feed-forward net.
func (r *Run) FFN(up *Linear, act kernels.Activation) {
	if !r.ready(up) {
		return
	}
	r.seal(&r.in, up.quantised())
	r.mid = r.room.Reshape(r.rows, up.Rows())
	r.op.act = act
	cost := r.plan(0, up, r.mid.X, 1)
	r.op.products[0].stride = r.mid.Pad
	r.share(r.op.products[0].count, cost, r.do.plain)
}

func (r *Run) plainUnit(unit, worker int) {
	if r.cancelled() {
		return
	}
	up := &r.op.products[0]
	p0, p1 := up.panelsOf(unit)
	r.mul(up, &r.in, p0, p1, worker)
	for t := range r.rows {
		r.Level.Activate(r.op.act, up.y[t*up.stride+16*p0:t*up.stride+16*p1])
	}
}
