package layer

// Mamba2 is a state space layer (Dao and Gu 2024): Inner values in heads, each with a state [head dim, N] that decays at a rate which the
// token decides. In gives for each token (z, x and B and C, dt).
type Mamba2 struct {
	In     *Linear
	Conv   Conv      // of x, B and C
	A      []float32 // [heads] negative
	D      []float32 // [heads] what passes x itself
	DtBias []float32 // [heads]
	Norm   *Norm     // of each group of channels, with weights of its own

	Inner, Heads, Groups, N int
}

// State returns the values of the state: of the convolution, and [heads, head dim, N].
func (m *Mamba2) State() int { return m.Conv.State() + m.Inner*m.N }

// Mamba2 sets mid to norm(y · silu(z)), before the output matrix.
func (r *Run) Mamba2(m *Mamba2) {
	if !r.ready(m.In) {
		return
	}
	r.seal(&r.in, m.In.quantised())
	r.op.acts = &r.in
	cost := r.plan(0, m.In, r.wide, 1)
	r.share(r.op.products[0].count, cost, r.do.product)
	if r.stopped() {
		return
	}
	r.mixer.mamba = m
	r.convolve(&m.Conv, r.wide[m.Inner:], pad16(m.In.Rows()), true)
	r.mid = r.room.Reshape(r.rows, m.Inner)
	r.share(len(r.spans)*m.Heads, float64(2*r.rows*m.Inner*m.N), r.do.scan)
	if !r.stopped() {
		r.overRows(float64(m.Inner*20), r.do.gateMamba)
	}
}

// scanUnit runs one head over the tokens of one sequence: S = e^(dt·A)·S + dt·x·Bᵀ, y = S·C + D·x.
func (r *Run) scanUnit(unit, _ int) {
	if r.cancelled() {
		return
	}
	m := r.mixer.mamba
	h, dim := unit%m.Heads, m.Inner/m.Heads
	first, n := r.spanRows(unit / m.Heads)
	before, after := r.spans[unit/m.Heads].Seq.State(r.op.layer)
	at := m.Conv.State() + h*dim*m.N
	s := after[at : at+dim*m.N]
	copy(s, before[at:])
	b := m.Inner + h/(m.Heads/m.Groups)*m.N // where B of the group stands in mixed, C after all B
	width, stride := pad16(m.Conv.Channels), pad16(m.In.Rows())
	for t := first; t < first+n; t++ {
		row := r.mixer.mixed[t*width : (t+1)*width]
		bs, cs, xs := row[b:b+m.N], row[b+m.Groups*m.N:][:m.N], row[h*dim:(h+1)*dim]
		dt := softplus(r.wide[t*stride+m.In.Rows()-m.Heads+h] + m.DtBias[h])
		decay := float32(exp(max(float64(dt*float64(m.A[h])), -700)))
		out := r.mid.Row(t)[h*dim : (h+1)*dim]
		for p, x := range xs {
			state, step, y := s[p*m.N:(p+1)*m.N], float32(dt)*x, float32(0)
			for i, v := range state {
				v = float32(v*decay) + float32(step*bs[i])
				state[i] = v
				y += float32(v * cs[i])
			}
			out[p] = y + float32(m.D[h]*x)
		}
	}
}

func (r *Run) gateMambaUnit(unit, worker int) {
	m := r.mixer.mamba
	stride, dim := pad16(m.In.Rows()), m.Inner/m.Groups
	for t, to := r.rowsOf(unit); t < to; t++ {
		y := r.mid.Row(t)[:m.Inner]
		for i, z := range r.wide[t*stride:][:m.Inner] {
			y[i] *= silu(z)
		}
		for g := range m.Groups {
			r.normPart(m.Norm, y[g*dim:(g+1)*dim], g, worker)
		}
	}
}

// normPart norms some values that belong together, with the weights of head h.
func (r *Run) normPart(n *Norm, x []float32, h, worker int) {
	room := r.workers[worker].head[:pad16(len(x))]
	clear(room)
	copy(room, x)
	n.apply(r.Level, room, room, h)
	copy(x, room)
}
