package layer

import (
	"math"

	"github.com/linnet-go/linnet/engine/internal/cache"
	"github.com/linnet-go/linnet/kernels"
)

// Heads describes the attention of a layer: N query heads in groups that share KV heads, each of Dim values.
type Heads struct {
	N, KV, Dim int
	Scale      float32 // of the scores
	Window     int     // positions that a query sees, its own among them; 0: all before it
}

// Attention is the attention of a layer: its heads, and what some families do to queries, keys and scores.
type Attention struct {
	Heads
	Rope         *Rope     // nil: no rotation by positions
	Clamp        float32   // queries, keys and values are cut to ±Clamp; 0: they are not
	QNorm, KNorm *Norm     // of each head of the queries and keys, or of all together, before the rotation; nil: none
	Cap          float32   // scores become Cap·tanh(score/Cap); 0: they stay
	Slopes       []float32 // PerQuery: what a score loses with each position of distance (Press, Smith and Lewis 2022); nil: nothing
	Sinks        []float32 // PerQuery: one more score, of a value that is zero (OpenAI 2025); nil: none
	Temperature  *Temperature
}

// whole says whether queries and keys are normed over all heads.
func (a *Attention) whole() bool { return a.QNorm != nil && a.QNorm.Dim != a.Dim }

// PerQuery spreads one value for each query head over the queries of a block, [KV, rows, group].
func (h *Heads) PerQuery(values []float32) []float32 {
	all := make([]float32, 0, h.KV*h.queries())
	for kv := range h.KV {
		for range h.rows() {
			all = append(all, values[kv*h.group():(kv+1)*h.group()]...)
		}
	}
	return all
}

// of returns the values that a block of KV head kv has in a list made by PerQuery.
func (h *Heads) of(list []float32, kv int) []float32 {
	if list == nil {
		return nil
	}
	return list[kv*h.queries() : (kv+1)*h.queries()]
}

// ALiBi returns the slopes of n heads whose greatest bias is most: a geometric sequence for the powers of two, and every second member of
// the next one for the heads beyond (Press, Smith and Lewis 2022).
func ALiBi(n int, most float64) []float32 {
	slopes := make([]float32, n)
	power := 1
	for 2*power <= n {
		power *= 2
	}
	for h := range slopes {
		e := float64(h+1) / float64(power)
		if h >= power {
			e = float64(2*(h-power)+1) / float64(2*power)
		}
		slopes[h] = float32(pow(2, -most*e))
	}
	return slopes
}

// Temperature makes the scores of late queries sharper: they are multiplied by 1 + Scale·ln(1 + ⌊position / Every⌋) (Meta 2025).
type Temperature struct{ Scale, Every float64 }

// at returns the factor at a position; 1 for nil.
func (c *Temperature) at(position int32) float32 {
	if c == nil {
		return 1
	}
	return float32(1 + float64(c.Scale*log(1+math.Floor(float64(position)/c.Every))))
}

// group is the number of query heads that share a KV head.
func (h *Heads) group() int { return h.N / max(h.KV, 1) }

// blockQueries is about the number of queries that look at a page together. Each reads its keys and values once for all of them.
const blockQueries = 32

// rows returns the rows of a query block.
func (h *Heads) rows() int { return max(1, blockQueries/max(h.group(), 1)) }

// queries returns the queries of a block of one KV head.
func (h *Heads) queries() int { return h.rows() * h.group() }

// attention is the plan of a step's attention: blocks of rows, each one unit for every KV head.
type attention struct {
	blocks []block
	parts  []*kernels.Attn // [block with a slice, KV head]
}

// block is some rows of one sequence.
type block struct {
	row, rows int
	slice     int // the one slice of positions to look at, whose result goes to parts; -1: all of them, and the result is final
	part      int // the place of the first head's result in parts
	more      int // slices that follow this one
}

// QKV computes queries, keys and values of in by the three matrices w, turns queries and keys by their positions, and puts keys and
// values into the cache.
func (r *Run) QKV(w *[3]Linear, a *Attention) {
	if !r.ready(&w[0], &w[1], &w[2]) {
		return
	}
	r.seal(&r.in, w[0].quantised() || w[1].quantised() || w[2].quantised())
	r.op.attention = a
	align := lcm(16, a.Dim) / 16 // panels that hold whole heads
	cost := r.plan(0, &w[0], r.wide, align)
	cost += r.plan(1, &w[1], r.k, align)
	cost += r.plan(2, &w[2], r.v, align)
	p := &r.op.products
	r.share(p[0].count+p[1].count+p[2].count, cost, r.do.heads)
	if a.whole() && !r.stopped() {
		r.overRows(float64((a.N+2*a.KV)*a.Dim)/2, r.do.finish)
	}
}

func lcm(a, b int) int {
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	return a / x * b
}

// headsUnit computes some heads of queries, keys or values and finishes them.
func (r *Run) headsUnit(unit, worker int) {
	if r.cancelled() {
		return
	}
	i := 0
	for unit >= r.op.products[i].count {
		unit -= r.op.products[i].count
		i++
	}
	p, dim := &r.op.products[i], r.op.attention.Dim
	p0, p1 := p.panelsOf(unit)
	r.mul(p, &r.in, p0, p1, worker)
	if limit := r.op.attention.Clamp; limit > 0 {
		for t := range r.rows {
			clamp(p.y[t*p.stride+16*p0:t*p.stride+16*p1], limit)
		}
	}
	if r.op.attention.whole() {
		return
	}
	for t := range r.rows {
		r.finishHeads(i, t, 16*p0/dim, min(16*p1, p.w.Rows())/dim, worker)
	}
}

// finishUnit norms queries and keys of some rows over all heads and finishes them.
func (r *Run) finishUnit(unit, worker int) {
	a := r.op.attention
	norms := [3]*Norm{a.QNorm, a.KNorm, nil}
	for t, to := r.rowsOf(unit); t < to; t++ {
		for i, n := range norms {
			p := &r.op.products[i]
			x := p.y[t*p.stride : (t+1)*p.stride]
			if n != nil {
				n.apply(r.Level, x, x, 0)
			}
			r.finishHeads(i, t, 0, p.w.Rows()/a.Dim, worker)
		}
	}
}

// finishHeads norms and turns heads h0..h1-1 of row t of the queries (i = 0), keys or values, and puts keys and values into the cache.
func (r *Run) finishHeads(i, t, h0, h1, worker int) {
	a, p := r.op.attention, &r.op.products[i]
	s := r.spans[r.owner[t]].Seq
	page, at := int(r.positions[t])/kernels.PageSize, int(r.positions[t])%kernels.PageSize
	norm := [3]*Norm{a.QNorm, a.KNorm, nil}[i]
	for h := h0; h < h1; h++ {
		x := p.y[t*p.stride+h*a.Dim:][:a.Dim]
		if norm != nil && !a.whole() {
			r.normPart(norm, x, h, worker)
		}
		if i < 2 && a.Rope != nil {
			cos, sin := a.Rope.row(t)
			kernels.Rope(x, cos, sin, a.Rope.interleaved)
		}
		switch keys, values := r.head(s, page, h, i); i {
		case 1:
			r.Cache.StoreKey(keys, at, x)
		case 2:
			r.Cache.StoreValue(values, at, x)
		}
	}
}

// head returns the cached keys and values of a KV head, nothing for queries (i = 0).
func (r *Run) head(s *cache.Seq, page, h, i int) (keys, values []byte) {
	if i == 0 {
		return nil, nil
	}
	return s.Head(page, r.op.layer, h)
}

func clamp(x []float32, most float32) {
	for i, v := range x {
		x[i] = min(max(v, -most), most)
	}
}

// Rope prepares the angles of the step's positions. A model calls it once a step for each Rope it has.
func (r *Run) Rope(rope *Rope) { rope.prepare(r.positions[:r.rows]) }

// Attention sets mid to softmax(q·k·scale)·v of every query head, over the positions that it sees.
func (r *Run) Attention(a *Attention) {
	if r.stopped() {
		return
	}
	h := &a.Heads
	r.mid = r.room.Reshape(r.rows, h.N*h.Dim)
	r.op.attention = a
	cost, parts := r.planAttention(h)
	r.share(len(r.attn.blocks)*h.KV, cost, r.do.attend)
	if parts > 0 && !r.stopped() {
		r.share(len(r.attn.blocks)*h.KV, 0, r.do.merge)
	}
}

// planAttention cuts the rows into blocks. Where there are too few of them for the workers and a row stands alone, as when one sequence with
// a long past decodes, each slice of positions becomes a unit of its own: slices are merged in order in either case. It returns the cost
// of all blocks and the number of such slices.
func (r *Run) planAttention(h *Heads) (cost float64, parts int) {
	a := &r.attn
	a.blocks = a.blocks[:0]
	perBlock := h.rows()
	count := 0
	for i := range r.spans {
		count += (len(r.spans[i].IDs) + perBlock - 1) / perBlock * h.KV
	}
	bySlice := r.Grain == 0 || count < 4*len(r.workers) && len(r.workers) > 1
	end := r.rows
	for i := len(r.spans) - 1; i >= 0; i-- { // the last rows of a sequence see most, so they come first
		first := end - len(r.spans[i].IDs)
		for end > first {
			n := min(perBlock, end-first)
			end -= n
			b := block{row: end, rows: n, slice: -1}
			seen := int(r.positions[end]) + n
			cost += float64(n*h.N*h.Dim*seen) / 4
			if slices := (seen + slicePositions - 1) / slicePositions; bySlice && n == 1 && slices > 1 {
				for b.slice = 0; b.slice < slices; b.slice++ {
					b.part, b.more = parts*h.KV, slices-1-b.slice
					a.blocks = append(a.blocks, b)
					parts++
				}
				continue
			}
			a.blocks = append(a.blocks, b)
		}
	}
	for len(a.parts) < parts*h.KV {
		a.parts = append(a.parts, kernels.NewAttn(r.Cache, h.Dim, h.group()))
	}
	return cost, parts
}

const slicePositions = kernels.SlicePages * kernels.PageSize

// attendUnit attends one block of queries to one KV head.
func (r *Run) attendUnit(unit, worker int) {
	if r.cancelled() {
		return
	}
	h, w := &r.op.attention.Heads, &r.workers[worker]
	b, kv := &r.attn.blocks[unit/h.KV], unit%h.KV
	a := w.attn
	if b.slice >= 0 {
		a = r.attn.parts[b.part+kv]
	}
	n := r.loadQueries(a, b, kv)
	first, end := int(a.Lo[0])/slicePositions, (int(a.Hi[n-1])+slicePositions-1)/slicePositions
	if b.slice >= 0 {
		first, end = max(first, b.slice), b.slice+1
	}
	s := r.spans[r.owner[b.row]].Seq
	for slice := first; slice < end; slice++ {
		page := slice * kernels.SlicePages
		pages := min(kernels.SlicePages, (int(a.Hi[n-1])+kernels.PageSize-1)/kernels.PageSize-page)
		for i := range pages {
			w.keys[i], w.values[i] = s.Head(page+i, r.op.layer, kv)
		}
		a.Slice(r.Level, n, slice*slicePositions, w.keys[:pages], w.values[:pages])
	}
	if b.slice < 0 {
		r.storeHeads(a, b, kv)
	}
}

// loadQueries puts the queries of a block into a: rows in order, the heads of a row that share the KV head in order.
func (r *Run) loadQueries(a *kernels.Attn, b *block, kv int) (n int) {
	h, pad := r.op.attention, a.Pad()
	a.Cap, a.Slopes, a.Sinks = h.Cap, h.of(h.Slopes, kv), h.of(h.Sinks, kv)
	stride := pad16(h.N * h.Dim)
	for t := b.row; t < b.row+b.rows; t++ {
		hi := r.positions[t] + 1
		lo := int32(0)
		if h.Window > 0 {
			lo = max(0, hi-int32(h.Window))
		}
		scale := h.Scale * h.Temperature.at(r.positions[t])
		for g := range h.group() {
			q := a.Q[n*pad : n*pad+h.Dim]
			for i, x := range r.wide[t*stride+(kv*h.group()+g)*h.Dim:][:h.Dim] {
				q[i] = x * scale
			}
			a.Lo[n], a.Hi[n] = lo, hi
			n++
		}
	}
	a.Reset(n)
	return n
}

// storeHeads writes the results of a block to mid.
func (r *Run) storeHeads(a *kernels.Attn, b *block, kv int) {
	h := &r.op.attention.Heads
	i := 0
	for t := b.row; t < b.row+b.rows; t++ {
		for g := range h.group() {
			a.Result(r.mid.Row(t)[(kv*h.group()+g)*h.Dim:][:h.Dim], i)
			i++
		}
	}
}

// mergeUnit puts the slices of a block together, in order.
func (r *Run) mergeUnit(unit, _ int) {
	h := &r.op.attention.Heads
	b, kv := &r.attn.blocks[unit/h.KV], unit%h.KV
	if b.slice != 0 {
		return
	}
	a := r.attn.parts[b.part+kv]
	for i := range b.more {
		a.MergeFrom(r.Level, r.attn.parts[b.part+kv+(i+1)*h.KV], h.group())
	}
	r.storeHeads(a, b, kv)
}
