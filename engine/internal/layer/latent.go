package layer

import "github.com/linnet-go/linnet/kernels"

// Latent is multi-head latent attention (DeepSeek-AI 2024). The cache keeps one compressed vector c for the keys and values of all heads, and
// one rotated key. A head's query is multiplied by the matrix that would make its keys of c, so that it meets c itself; of its weighted
// mean of c the matrix V makes its values.
type Latent struct {
	Attention // one KV head of Rank + rotated dims, whose values are the first Rank
	LatentSizes
	QDown  *Linear // [QRank, dim], nil: Q reads in itself
	QNorm  *Norm   // of QDown·in
	Q      *Linear // [N·(Nope + rotated dims), QRank or dim]
	KVDown *Linear // [Rank + rotated dims, dim]
	KVNorm *Norm   // of c
	K      []Linear
	V      []Linear // [N] heads of [Rank, Nope] and [Value, Rank]
}

// LatentSizes are the widths of latent attention, for the buffers of steps.
type LatentSizes struct {
	QRank int // of the compressed queries, 0: they are not compressed
	Rank  int // of c, 0: the model has no latent attention
	Nope  int // dims of a head that are not rotated
	Value int // dims of a head's values
}

// rotated returns the rotated dims of a head.
func (s *LatentSizes) rotated(h *Heads) int { return h.Dim - s.Rank }

// queries returns the values of all queries of a row.
func (s *LatentSizes) queries(h *Heads) int { return h.N * (s.Nope + s.rotated(h)) }

// rowBytes returns the memory of a row.
func (s *LatentSizes) rowBytes(h *Heads) int {
	if s.Rank == 0 {
		return 0
	}
	acts := func(n int) int { return kernels.PadCols(n) * 46 / 8 }
	return acts(s.QRank) + h.N*(acts(max(s.Nope, s.Rank))+4*pad16(max(s.Rank, s.Value))) + 4*pad16(s.queries(h))
}

// latent is the work of a step on latent attention.
type latent struct {
	m     *Latent
	q     []float32    // [rows, queries]
	down  kernels.Acts // [rows, QRank]
	heads kernels.Acts // [N, rows padded to tiles, Nope or Rank]
	room  kernels.Acts // the memory of heads
	out   []float32    // [N, rows padded to tiles, Rank or Value]
}

func (x *latent) init(c *Config) {
	s := &c.Latent
	if s.Rank == 0 {
		return
	}
	x.q = make([]float32, c.Rows*pad16(s.queries(&c.Heads)))
	if s.QRank > 0 {
		x.down = *kernels.NewActs(c.Rows, s.QRank)
	}
	n := c.Heads.N * pad16(c.Rows)
	x.room = *kernels.NewActs(n, max(s.Nope, s.Rank))
	x.out = make([]float32, n*pad16(max(s.Rank, s.Value)))
}

// LatentAttention sets mid to the values of all heads, [N · Value].
func (r *Run) LatentAttention(m *Latent) {
	if m.QDown != nil && !r.ready(m.QDown) || !r.ready(m.Q, m.KVDown) || !r.readyHeads(m) {
		return
	}
	x := &r.latent
	x.m, r.op.attention = m, &m.Attention
	first := m.Q
	if m.QDown != nil {
		first = m.QDown
	}
	r.seal(&r.in, first.quantised() || m.KVDown.quantised())
	r.op.acts = &r.in
	cost := r.plan(1, m.KVDown, r.k, 1)
	if m.QDown != nil {
		cost += r.plan(0, m.QDown, r.wide, 1)
	} else {
		cost += r.plan(0, m.Q, x.q, 1)
	}
	r.share(r.op.products[0].count+r.op.products[1].count, cost, r.do.product)
	r.overRows(float64(m.Dim), r.do.compress)
	if m.QDown != nil && !r.stopped() {
		r.op.acts = &x.down
		cost = r.plan(0, m.Q, x.q, 1)
		r.share(r.op.products[0].count, cost, r.do.product)
	}
	x.heads = x.room.Reshape(m.N*r.tileRows(), m.Nope)
	r.share(m.N, float64(m.N*r.rows*m.Nope*m.Rank)/100, r.do.absorb)
	r.Attention(&m.Attention)
	if r.stopped() {
		return
	}
	x.heads = x.room.Reshape(m.N*r.tileRows(), m.Rank)
	r.share(m.N, float64(m.N*r.rows*m.Value*m.Rank)/100, r.do.expand)
	r.mid = r.room.Reshape(r.rows, m.N*m.Value)
	for t := range r.rows {
		copy(r.mid.Row(t), r.wide[t*r.mid.Cols:(t+1)*r.mid.Cols])
	}
}

// readyHeads packs the matrices of the heads.
func (r *Run) readyHeads(m *Latent) bool {
	for h := range m.K {
		if !r.ready(&m.K[h], &m.V[h]) {
			return false
		}
	}
	return true
}

// tileRows is the number of rows that each head has in a list of all heads' rows: whole tiles, so that each begins with one.
func (r *Run) tileRows() int {
	if r.rows < 16 {
		return r.rows
	}
	return pad16(r.rows)
}

// compressUnit norms compressed queries, and puts the compressed keys and values and the rotated keys of some rows into the cache.
func (r *Run) compressUnit(unit, _ int) {
	x := &r.latent
	m := x.m
	room := r.op.products[1]
	for t, to := r.rowsOf(unit); t < to; t++ {
		if m.QDown != nil {
			q := r.op.products[0]
			y := x.down.Row(t)
			m.QNorm.apply(r.Level, y[:q.stride], q.y[t*q.stride:(t+1)*q.stride], 0)
			clear(y[q.stride:])
			if m.Q.quantised() {
				x.down.Quantize(r.Level, t, t+1)
			}
		}
		kv := room.y[t*room.stride:][:m.Dim]
		c := r.v[t*room.stride:][:pad16(m.Rank)] // v has the room, but not the use
		clear(c)
		copy(c, kv[:m.Rank])
		m.KVNorm.apply(r.Level, c, c, 0)
		copy(kv, c[:m.Rank])
		cos, sin := m.Rope.row(t)
		kernels.Rope(kv[m.Rank:], cos, sin, m.Rope.interleaved)
		at := int(r.positions[t]) % kernels.PageSize
		keys, values := r.spans[r.owner[t]].Seq.Head(int(r.positions[t])/kernels.PageSize, r.op.layer, 0)
		r.Cache.StoreKey(keys, at, kv)
		r.Cache.StoreValue(values, at, kv)
	}
}

// absorbUnit makes the queries of one head, [K·q, rotated q], for all rows.
func (r *Run) absorbUnit(h, worker int) {
	if r.cancelled() {
		return
	}
	x := &r.latent
	m := x.m
	rotated := m.rotated(&m.Heads)
	width, first := pad16(m.queries(&m.Heads)), h*r.tileRows()
	stride := pad16(m.N * m.Dim)
	for t := range r.rows {
		q := x.q[t*width+h*(m.Nope+rotated):][:m.Nope+rotated]
		copy(x.heads.Row(first+t), q[:m.Nope])
		cos, sin := m.Rope.row(t)
		kernels.Rope(q[m.Nope:], cos, sin, m.Rope.interleaved)
		copy(r.wide[t*stride+h*m.Dim+m.Rank:], q[m.Nope:])
	}
	y, n := r.mulHead(&m.K[h], h, worker)
	for t := range r.rows {
		copy(r.wide[t*stride+h*m.Dim:][:m.Rank], y[t*n:])
	}
}

// expandUnit makes the values of one head of its weighted means, for all rows.
func (r *Run) expandUnit(h, worker int) {
	if r.cancelled() {
		return
	}
	x := &r.latent
	m := x.m
	first := h * r.tileRows()
	for t := range r.rows {
		copy(x.heads.Row(first+t), r.mid.Row(t)[h*m.Dim:][:m.Rank])
	}
	y, n := r.mulHead(&m.V[h], h, worker)
	for t := range r.rows {
		copy(r.wide[(t*m.N+h)*m.Value:][:m.Value], y[t*n:])
	}
}

// mulHead multiplies the rows of head h by its matrix w; y is [rows, n].
func (r *Run) mulHead(w *Linear, h, worker int) (y []float32, n int) {
	x := &r.latent
	first := h * r.tileRows()
	for t := first; t < first+r.rows; t++ {
		clear(x.heads.Row(t)[x.heads.Cols:])
		if w.quantised() {
			x.heads.Quantize(r.Level, t, t+1)
		}
	}
	rows := x.heads.View(first, first+r.rows)
	p := product{w: w, y: x.out[first*pad16(w.Rows()):], stride: pad16(w.Rows())}
	r.mul(&p, &rows, 0, w.m.Panels(), worker)
	return p.y, p.stride
}

// YaRNScale is what YaRN makes of the scale of scores in models that keep cos and sin as they are: (1 + m·ln factor)².
func YaRNScale(m, factor float64) float64 {
	s := 1 + float64(m*log(factor))
	return s * s
}
