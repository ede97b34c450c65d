package layer

// GatedFFN sets mid to silu(gate·in) · (up·in), the hidden layer of a gated feed-forward net (Shazeer 2020).
func (r *Run) GatedFFN(gate, up *Linear) {
	if !r.ready(gate, up) {
		return
	}
	r.seal(&r.in, gate.quantised() || up.quantised())
	r.mid = r.room.Reshape(r.rows, gate.Rows())
	cost := r.plan(0, gate, r.mid.X, 1)
	r.op.products[0].stride = r.mid.Pad
	cost += r.plan(1, up, r.wide, 1)
	r.share(r.op.products[0].count, cost, r.do.hidden)
}

func (r *Run) hiddenUnit(unit, worker int) {
	if r.cancelled() {
		return
	}
	gate, up := &r.op.products[0], &r.op.products[1]
	p0, p1 := gate.panelsOf(unit)
	r.mul(gate, &r.in, p0, p1, worker)
	r.mul(up, &r.in, p0, p1, worker)
	for t := range r.rows {
		g := gate.y[t*gate.stride+16*p0 : t*gate.stride+16*p1]
		r.Level.SwiGLU(g, g, up.y[t*up.stride+16*p0:t*up.stride+16*p1])
	}
}
