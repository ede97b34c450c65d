package layer

import "github.com/linnet-go/linnet/kernels"

// product is a matrix of a phase: y [rows, stride] = w · x + b.
type product struct {
	w          *Linear
	y          []float32
	stride     int
	per, count int // panels of a unit, units
}

// ready packs the matrices of a phase that have not been used yet.
func (r *Run) ready(matrices ...*Linear) bool {
	for _, w := range matrices {
		if r.stopped() {
			return false
		}
		if w.m == nil {
			r.err = w.pack(r.Team, r.Guard)
		}
	}
	return !r.stopped()
}

// panelCost is the time that one worker takes for a panel and all rows, in nanoseconds: reading it at 10 GB/s, and 150 products a nanosecond.
func panelCost(w *Linear, rows int) float64 {
	return float64(w.m.Bytes())/float64(w.m.Panels())/10 + float64(16*w.Cols()*rows)/150
}

// plan makes w the i-th product of the phase, split into units of a multiple of align panels. It returns the cost of all units.
func (r *Run) plan(i int, w *Linear, y []float32, align int) (cost float64) {
	p := &r.op.products[i]
	p.w, p.y, p.stride = w, y, pad16(w.Rows())
	cost = panelCost(w, r.rows)
	p.per, p.count = r.split(w.m.Panels(), lcm(align, w.m.Together(r.Level, r.rows)), cost)
	return cost * float64(w.m.Panels())
}

// mul computes the panels p0..p1-1 of a product and adds the bias.
func (r *Run) mul(p *product, x *kernels.Acts, p0, p1, worker int) {
	p.w.m.Mul(r.Level, p.y, p.stride, x, p0, p1, r.workers[worker].scratch)
	if p.w.bias == nil {
		return
	}
	b := p.w.bias[16*p0 : 16*p1]
	for t := range x.Rows {
		r.Level.Add(p.y[t*p.stride+16*p0:][:len(b)], b)
	}
}

// panelsOf returns the panels of a unit of a product.
func (p *product) panelsOf(unit int) (p0, p1 int) {
	return unit * p.per, min((unit+1)*p.per, p.w.m.Panels())
}

// Add ends a branch: X += w · mid.
func (r *Run) Add(w *Linear) { r.AddScaled(w, 1) }

// AddScaled ends a branch: X += c · (w · mid).
func (r *Run) AddScaled(w *Linear, c float32) {
	if !r.ready(w) {
		return
	}
	r.seal(&r.mid, w.quantised())
	r.op.scale = c
	cost := r.plan(0, w, r.wide, 1)
	r.share(r.op.products[0].count, cost, r.do.add)
	r.layer = r.op.layer
}

func (r *Run) addUnit(unit, worker int) {
	if r.cancelled() {
		return
	}
	p := &r.op.products[0]
	p0, p1 := p.panelsOf(unit)
	r.mul(p, &r.mid, p0, p1, worker)
	for t := range r.rows {
		y := p.y[t*p.stride+16*p0 : t*p.stride+16*p1]
		if r.op.scale != 1 {
			r.Level.Mul(y, r.op.scale)
		}
		r.Level.Add(r.X[t*r.stride+16*p0:t*r.stride+16*p1], y)
	}
}

// AddNormed ends a branch that is normed itself: X += norm(w · mid).
func (r *Run) AddNormed(w *Linear, n *Norm) {
	if !r.ready(w) {
		return
	}
	r.seal(&r.mid, w.quantised())
	r.op.acts, r.op.norm = &r.mid, n
	cost := r.plan(0, w, r.wide, 1)
	r.share(r.op.products[0].count, cost, r.do.product)
	if r.stopped() {
		return
	}
	r.layer = r.op.layer
	r.overRows(float64(r.Dim)/3, r.do.addNormed)
}

// productUnit computes some panels of one of the products.
func (r *Run) productUnit(unit, worker int) {
	if r.cancelled() {
		return
	}
	p := &r.op.products[0]
	if unit >= p.count {
		unit -= p.count
		p = &r.op.products[1]
	}
	p0, p1 := p.panelsOf(unit)
	r.mul(p, r.op.acts, p0, p1, worker)
}

func (r *Run) addNormedUnit(unit, _ int) {
	y := &r.op.products[0]
	for t, to := r.rowsOf(unit); t < to; t++ {
		row := y.y[t*y.stride:][:r.stride]
		r.normed(row, row, t)
		r.Level.Add(r.row(t), row)
	}
}
