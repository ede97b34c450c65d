package layer

import "math"

// DeltaNet is a gated delta net (Yang, Kautz and Hatamizadeh 2025; Qwen Team 2025): each head has a state [Key, Value] which decays, and to
// which a token adds what its value differs from that remembered for its key.
type DeltaNet struct {
	QKV, Gate, Beta, Alpha *Linear // of in: [channels], [Heads·Value], [Heads], [Heads]
	Conv                   Conv    // of queries, keys [KeyHeads·Key] and values [Heads·Value]
	A, DtBias              []float32
	Norm                   *Norm // of each head's result

	Heads, KeyHeads, Key, Value int // value head h reads key head h mod KeyHeads
	InvSqrt                     float32
}

// State returns the values of the state: of the convolution, and [heads, Value, Key].
func (m *DeltaNet) State() int { return m.Conv.State() + m.Heads*m.Key*m.Value }

// DeltaNet sets mid to norm(y) · silu(gate), before the output matrix.
func (r *Run) DeltaNet(m *DeltaNet) {
	if !r.ready(m.QKV, m.Gate, m.Beta, m.Alpha) {
		return
	}
	x := &r.mixer
	r.seal(&r.in, m.QKV.quantised() || m.Gate.quantised() || m.Beta.quantised() || m.Alpha.quantised())
	r.op.acts = &r.in
	r.productPair(m.QKV, r.wide, m.Gate, x.gate)
	r.productPair(m.Beta, x.small[0], m.Alpha, x.small[1])
	if r.stopped() {
		return
	}
	x.delta = m
	r.convolve(&m.Conv, r.wide, pad16(m.QKV.Rows()), true)
	r.mid = r.room.Reshape(r.rows, m.Heads*m.Value)
	r.overRows(float64(4*m.KeyHeads*m.Key), r.do.unitKeys)
	r.share(len(r.spans)*m.Heads, float64(3*r.rows*m.Heads*m.Key*m.Value), r.do.recall)
	if !r.stopped() {
		r.overRows(float64(m.Heads*m.Value*20), r.do.gateDelta)
	}
}

// productPair computes two products of acts.
func (r *Run) productPair(a *Linear, x []float32, b *Linear, y []float32) {
	if r.stopped() {
		return
	}
	cost := r.plan(0, a, x, 1) + r.plan(1, b, y, 1)
	r.share(r.op.products[0].count+r.op.products[1].count, cost, r.do.product)
}

// unitKeys makes queries and keys of some rows as long as 1, queries then shorter by the root of their dims.
func (r *Run) unitKeysUnit(unit, _ int) {
	m := r.mixer.delta
	width := pad16(m.Conv.Channels)
	for t, to := r.rowsOf(unit); t < to; t++ {
		for h := range 2 * m.KeyHeads {
			x := r.mixer.mixed[t*width+h*m.Key:][:m.Key]
			sum := 0.0
			for _, v := range x {
				sum += float64(float64(v) * float64(v))
			}
			c := float32(1 / math.Sqrt(sum+1e-6))
			if h < m.KeyHeads {
				c *= m.InvSqrt
			}
			for i := range x {
				x[i] *= c
			}
		}
	}
}

// recallUnit runs one head over the tokens of one sequence: S = a·S, S += k·(β·(v - Sᵀk))ᵀ, y = Sᵀq. The state is kept as [Value, Key].
func (r *Run) recallUnit(unit, _ int) {
	if r.cancelled() {
		return
	}
	m := r.mixer.delta
	h := unit % m.Heads
	first, n := r.spanRows(unit / m.Heads)
	before, after := r.spans[unit/m.Heads].Seq.State(r.op.layer)
	at := m.Conv.State() + h*m.Key*m.Value
	s := after[at : at+m.Key*m.Value]
	copy(s, before[at:])
	width, heads := pad16(m.Conv.Channels), pad16(m.Heads)
	for t := first; t < first+n; t++ {
		row := r.mixer.mixed[t*width : (t+1)*width]
		q := row[h%m.KeyHeads*m.Key:][:m.Key]
		k := row[(m.KeyHeads+h%m.KeyHeads)*m.Key:][:m.Key]
		v := row[2*m.KeyHeads*m.Key+h*m.Value:][:m.Value]
		beta := sigmoid(r.mixer.small[0][t*heads+h])
		dt := softplus(r.mixer.small[1][t*heads+h] + m.DtBias[h])
		decay := float32(exp(min(max(float64(dt*float64(m.A[h])), -700), 80)))
		out := r.mid.Row(t)[h*m.Value : (h+1)*m.Value]
		for j := range out {
			state := s[j*m.Key : (j+1)*m.Key]
			known := float32(0)
			for i, w := range state {
				w *= decay
				state[i] = w
				known += float32(w * k[i])
			}
			step, y := beta*(v[j]-known), float32(0)
			for i, w := range state {
				w += float32(k[i] * step)
				state[i] = w
				y += float32(w * q[i])
			}
			out[j] = y
		}
	}
}

func (r *Run) gateDeltaUnit(unit, worker int) {
	m := r.mixer.delta
	width := pad16(m.Heads * m.Value)
	for t, to := r.rowsOf(unit); t < to; t++ {
		y := r.mid.Row(t)[:m.Heads*m.Value]
		for h := range m.Heads {
			r.normPart(m.Norm, y[h*m.Value:(h+1)*m.Value], 0, worker)
		}
		for i, z := range r.mixer.gate[t*width:][:len(y)] {
			y[i] *= silu(z)
		}
	}
}

// GateValues multiplies mid by σ(w·in).
func (r *Run) GateValues(w *Linear) {
	if !r.ready(w) {
		return
	}
	r.seal(&r.in, w.quantised())
	r.op.acts = &r.in
	cost := r.plan(0, w, r.wide, 1)
	r.share(r.op.products[0].count, cost, r.do.product)
	if !r.stopped() {
		r.overRows(float64(w.Rows()*15), r.do.gateValues)
	}
}

func (r *Run) gateValuesUnit(unit, _ int) {
	p := &r.op.products[0]
	for t, to := r.rowsOf(unit); t < to; t++ {
		y := r.mid.Row(t)[:r.mid.Cols]
		for i, g := range p.y[t*p.stride:][:len(y)] {
			y[i] *= sigmoid(g)
		}
	}
}
