package layer

import (
	"github.com/linnet-go/linnet/kernels"
)

// Heads describes the attention of a layer: N query heads in groups that share KV heads, each of Dim values.
type Heads struct {
	N, KV, Dim int
	Scale      float32 // of the scores
	Window     int     // positions that a query sees, its own among them; 0: all before it
}

// group is the number of query heads that share a KV head.
func (h *Heads) group() int { return h.N / h.KV }

// blockQueries is about the number of queries that look at a page together. Each reads its keys and values once for all of them.
const blockQueries = 32

// rows returns the rows of a query block.
func (h *Heads) rows() int { return max(1, blockQueries/h.group()) }

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

// QKV computes queries, keys and values of in, turns queries and keys by their positions, and puts keys and values into the cache.
func (r *Run) QKV(q, k, v *Linear, h *Heads, rope *Rope) {
	if !r.ready(q, k, v) {
		return
	}
	r.seal(&r.in, q.quantised() || k.quantised() || v.quantised())
	r.op.heads, r.op.rope = h, rope
	align := lcm(16, h.Dim) / 16 // panels that hold whole heads
	cost := r.plan(0, q, r.wide, align)
	cost += r.plan(1, k, r.k, align)
	cost += r.plan(2, v, r.v, align)
	p := &r.op.products
	r.share(p[0].count+p[1].count+p[2].count, cost, r.do.heads)
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
	p, dim := &r.op.products[i], r.op.heads.Dim
	p0, p1 := p.panelsOf(unit)
	r.mul(p, &r.in, p0, p1, worker)
	for t := range r.rows {
		s := r.spans[r.owner[t]].Seq
		page, at := int(r.positions[t])/kernels.PageSize, int(r.positions[t])%kernels.PageSize
		for h := 16 * p0 / dim; h < min(16*p1, p.w.Rows())/dim; h++ {
			x := p.y[t*p.stride+h*dim:][:dim]
			if i < 2 && r.op.rope != nil {
				cos, sin := r.op.rope.row(t)
				kernels.Rope(x, cos, sin, r.op.rope.interleaved)
			}
			if i > 0 {
				keys, values := s.Head(page, r.op.layer, h)
				if i == 1 {
					r.Cache.StoreKey(keys, at, x)
				} else {
					r.Cache.StoreValue(values, at, x)
				}
			}
		}
	}
}

// Rope prepares the angles of the step's positions. A model calls it once a step for each Rope it has.
func (r *Run) Rope(rope *Rope) { rope.prepare(r.positions[:r.rows]) }

// Attention sets mid to softmax(q·k·scale)·v of every query head, over the positions that it sees.
func (r *Run) Attention(h *Heads) {
	if r.stopped() {
		return
	}
	r.mid = r.room.Reshape(r.rows, h.N*h.Dim)
	r.op.heads = h
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
	h, w := r.op.heads, &r.workers[worker]
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
	h, pad := r.op.heads, a.Pad()
	stride := pad16(h.N * h.Dim)
	for t := b.row; t < b.row+b.rows; t++ {
		hi := r.positions[t] + 1
		lo := int32(0)
		if h.Window > 0 {
			lo = max(0, hi-int32(h.Window))
		}
		for g := range h.group() {
			q := a.Q[n*pad : n*pad+h.Dim]
			for i, x := range r.wide[t*stride+(kv*h.group()+g)*h.Dim:][:h.Dim] {
				q[i] = x * h.Scale
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
	h := r.op.heads
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
	h := r.op.heads
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
