package layer

import "github.com/linnet-go/linnet/kernels"

// MoE is a mixture of experts (Shazeer et al. 2017): for each token the router chooses some feed-forward nets, whose results are added.
// An expert's matrices are packed when a token first chooses it.
type MoE struct {
	Router         *Linear
	Gate, Up, Down []Linear  // [experts]
	Bias           []float32 // [experts] added to probabilities for the choice only; nil: none
	Act            Gate
	Routing
}

// ExpertSizes are the widths of mixtures of experts, for the buffers of steps.
type ExpertSizes struct {
	N    int // experts of a layer, 0: none
	Used int // experts of a token
	FFN  int // values of an expert's hidden layer
}

// slots returns the rows of a batch of experts in steps of so many rows: every expert fits, and all those of a few decoding tokens.
func (s *ExpertSizes) slots(rows int) int {
	if s.N == 0 {
		return 0
	}
	return max(rows, 8*s.Used)
}

// experts is the work of a step on a mixture of experts.
type experts struct {
	m       *MoE
	logits  []float32   // [rows, experts padded to 16]
	p       [][]float64 // [workers][experts]
	picks   []pick      // [rows, used]
	counts  []int       // [experts] tokens
	batch   []job
	rowOf   []int32 // [slots] of the step, -1: none
	in, mid kernels.Acts
	rooms   [2]kernels.Acts // the memory of in and mid
	up, out []float32       // [slots, ...]
}

// job is an expert with its tokens, which stand in slots first..first+n-1 of its batch.
type job struct {
	expert, first, n int
	product              // of the phase that runs
	unit             int // the first of the phase
}

// expertPhase is what a phase over experts needs to know.
type expertPhase struct {
	from, to int32 // experts of the batch
	one      bool  // a step of one row: experts read in itself
}

func (x *experts) init(c *Config) {
	s := &c.Experts
	if s.N == 0 {
		return
	}
	slots := s.slots(c.Rows)
	x.logits = make([]float32, c.Rows*pad16(s.N))
	x.p = make([][]float64, c.Team.Workers())
	for i := range x.p {
		x.p[i] = make([]float64, s.N)
	}
	x.picks = make([]pick, c.Rows*s.Used)
	x.counts = make([]int, s.N)
	x.batch = make([]job, 0, s.N)
	x.rowOf = make([]int32, slots)
	x.rooms = [2]kernels.Acts{*kernels.NewActs(slots, c.Dim), *kernels.NewActs(slots, s.FFN)}
	x.up = make([]float32, slots*pad16(s.FFN))
	x.out = make([]float32, slots*pad16(c.Dim))
}

// MoE adds the mixture of experts of in to X: X += c · Σ weight · down·(act(gate·in) · (up·in)), the sum in the order of experts. Tokens
// are grouped by expert, so that its weights are read once for all of them.
func (r *Run) MoE(m *MoE, c float32) {
	if !r.ready(m.Router) {
		return
	}
	x := &r.experts
	x.m = m
	quantised := m.Gate[0].quantised() || m.Up[0].quantised()
	r.seal(&r.in, m.Router.quantised() || quantised && r.rows == 1)
	r.op.acts, r.op.scale = &r.in, c
	cost := r.plan(0, m.Router, x.logits, 1)
	r.share(r.op.products[0].count, cost, r.do.product)
	if r.stopped() {
		return
	}
	r.overRows(float64(len(m.Gate)*20), r.do.route)
	r.count()
	r.op.quantise = quantised
	for e := 0; e < len(m.Gate) && !r.stopped(); {
		e = r.nextBatch(e)
		r.runBatch()
	}
	r.layer = r.op.layer
}

func (r *Run) routeUnit(unit, worker int) {
	x := &r.experts
	n, used := len(x.m.Gate), x.m.Used
	for t, to := r.rowsOf(unit); t < to; t++ {
		x.m.route(x.picks[t*used:(t+1)*used], x.logits[t*pad16(n):], x.m.Bias, x.p[worker][:n])
	}
}

// count counts the tokens of each expert.
func (r *Run) count() {
	x := &r.experts
	clear(x.counts)
	for _, k := range x.picks[:r.rows*x.m.Used] {
		x.counts[k.expert]++
	}
}

// nextBatch makes up a batch of experts from e on, as many as there are slots for, and returns the expert after them. Where there are tiles
// of 16 rows, experts begin with one.
func (r *Run) nextBatch(e int) int {
	x := &r.experts
	x.batch = x.batch[:0]
	r.op.expert = expertPhase{from: int32(e), one: r.rows == 1}
	slot := 0
	for ; e < len(x.m.Gate); e++ {
		n := x.counts[e]
		if n == 0 {
			continue
		}
		first := slot
		if n >= 16 {
			first = (slot + 15) &^ 15
		}
		if first+n > len(x.rowOf) {
			break
		}
		for ; slot < first; slot++ {
			x.rowOf[slot] = -1
		}
		x.batch = append(x.batch, job{expert: e, first: first, n: n})
		slot += n
	}
	r.op.expert.to = int32(e)
	r.assign()
	x.in = x.rooms[0].Reshape(slot, r.Dim)
	x.mid = x.rooms[1].Reshape(slot, x.m.Gate[0].Rows())
	return e
}

// assign gives the tokens of the batch their slots.
func (r *Run) assign() {
	x := &r.experts
	for i := range x.batch {
		x.counts[x.batch[i].expert] = x.batch[i].first // the next free slot of the expert
	}
	for i := range x.picks[:r.rows*x.m.Used] {
		if k := &x.picks[i]; k.expert >= r.op.expert.from && k.expert < r.op.expert.to {
			k.slot = int32(x.counts[k.expert])
			x.counts[k.expert]++
			x.rowOf[k.slot] = int32(i / x.m.Used)
		}
	}
}

// runBatch computes the experts of the batch and adds their results.
func (r *Run) runBatch() {
	x := &r.experts
	for i := range x.batch {
		e := x.batch[i].expert
		if !r.ready(&x.m.Gate[e], &x.m.Up[e], &x.m.Down[e]) {
			return
		}
	}
	if !r.op.expert.one {
		r.overSlots(float64(x.in.Pad)/4, r.do.gather)
	}
	units, cost := r.planJobs(x.m.Gate, 2)
	r.share(units, cost, r.do.hidden)
	r.op.quantise, r.op.acts = x.m.Down[0].quantised(), &x.mid
	r.overSlots(float64(x.mid.Pad)/4, r.do.sealHidden)
	units, cost = r.planJobs(x.m.Down, 1)
	r.share(units, cost, r.do.down)
	r.op.quantise = x.m.Gate[0].quantised() || x.m.Up[0].quantised() // of the next batch
	if !r.stopped() {
		r.overRows(float64(r.Dim*x.m.Used)/4, r.do.combine)
	}
}

// overSlots runs a phase over the slots of the batch.
func (r *Run) overSlots(cost float64, f func(unit, worker int)) {
	n := r.experts.in.Rows
	per, count := r.split(n, 1, cost)
	r.op.per = per
	r.share(count, cost*float64(n), f)
}

func (r *Run) slotsOf(unit int) (from, to int) {
	return unit * r.op.per, min((unit+1)*r.op.per, r.experts.in.Rows)
}

// gatherUnit copies the rows of some slots.
func (r *Run) gatherUnit(unit, _ int) {
	x := &r.experts
	from, to := r.slotsOf(unit)
	for s := from; s < to; s++ {
		if t := x.rowOf[s]; t >= 0 {
			copy(x.in.Row(s), r.in.Row(int(t)))
			if r.op.quantise {
				x.in.Quantize(r.Level, s, s+1)
			}
		}
	}
}

// planJobs splits one matrix of each expert of the batch into units of work; a unit computes so many products of this size.
func (r *Run) planJobs(w []Linear, products float64) (units int, cost float64) {
	x := &r.experts
	for i := range x.batch {
		j := &x.batch[i]
		j.w = &w[j.expert]
		cost += float64(products * panelCost(j.w, j.n) * float64(j.w.m.Panels()))
	}
	target := min(max(cost/float64(unitsAWorker*len(r.workers)), r.Grain), longest)
	for i := range x.batch {
		j := &x.batch[i]
		align := j.w.m.Together(r.Level, j.n)
		j.per = min(max(int(target/(products*panelCost(j.w, j.n)))/align*align, align), j.w.m.Panels())
		j.unit = units
		units += (j.w.m.Panels() + j.per - 1) / j.per
	}
	return units, cost
}

// jobOf returns the job of a unit and its panels.
func (r *Run) jobOf(unit int) (j *job, p0, p1 int) {
	batch := r.experts.batch
	i := 0
	for i+1 < len(batch) && batch[i+1].unit <= unit {
		i++
	}
	j = &batch[i]
	p0, p1 = j.panelsOf(unit - j.unit)
	return j, p0, p1
}

// hiddenUnit computes some of the hidden layer of an expert.
func (r *Run) hiddenUnit(unit, worker int) {
	if r.cancelled() {
		return
	}
	x := &r.experts
	j, p0, p1 := r.jobOf(unit)
	in := r.in
	if !r.op.expert.one {
		in = x.in.View(j.first, j.first+j.n)
	}
	gate := product{w: &x.m.Gate[j.expert], y: x.mid.X[j.first*x.mid.Pad:], stride: x.mid.Pad}
	width := pad16(gate.w.Rows())
	up := product{w: &x.m.Up[j.expert], y: x.up[j.first*width:], stride: width}
	r.mul(&gate, &in, p0, p1, worker)
	r.mul(&up, &in, p0, p1, worker)
	for t := range j.n {
		g := gate.y[t*gate.stride+16*p0 : t*gate.stride+16*p1]
		x.m.Act.apply(r.Level, g, up.y[t*width+16*p0:t*width+16*p1])
	}
}

// sealHiddenUnit finishes the hidden layers of some slots for the matrices that read them.
func (r *Run) sealHiddenUnit(unit, _ int) {
	x := &r.experts
	from, to := r.slotsOf(unit)
	for s := from; s < to; s++ {
		if x.rowOf[s] < 0 {
			continue
		}
		clear(x.mid.Row(s)[x.mid.Cols:])
		if r.op.quantise {
			x.mid.Quantize(r.Level, s, s+1)
		}
	}
}

// downUnit computes some of the results of an expert.
func (r *Run) downUnit(unit, worker int) {
	if r.cancelled() {
		return
	}
	x := &r.experts
	j, p0, p1 := r.jobOf(unit)
	mid := x.mid.View(j.first, j.first+j.n)
	down := product{w: j.w, y: x.out[j.first*r.stride:], stride: r.stride}
	r.mul(&down, &mid, p0, p1, worker)
}

// combineUnit adds the results of the batch to some rows of X.
func (r *Run) combineUnit(unit, _ int) {
	x := &r.experts
	for t, to := r.rowsOf(unit); t < to; t++ {
		for _, k := range x.picks[t*x.m.Used : (t+1)*x.m.Used] {
			if k.expert >= r.op.expert.from && k.expert < r.op.expert.to {
				y := x.out[int(k.slot)*r.stride:][:r.stride]
				r.Level.Mul(y, k.weight*r.op.scale)
				r.Level.Add(r.row(t), y)
			}
		}
	}
}

// GateRows multiplies mid by σ(w·in), one number for each row.
func (r *Run) GateRows(w *Linear) {
	if !r.ready(w) {
		return
	}
	r.seal(&r.in, w.quantised())
	r.op.acts = &r.in
	cost := r.plan(0, w, r.wide, 1)
	r.share(r.op.products[0].count, cost, r.do.product)
	if !r.stopped() {
		r.overRows(float64(r.mid.Cols)/8, r.do.gateRows)
	}
}

func (r *Run) gateRowsUnit(unit, _ int) {
	for t, to := r.rowsOf(unit); t < to; t++ {
		g := float64(r.op.products[0].y[t*r.op.products[0].stride])
		c := float32(1 / (1 + exp(min(max(-g, -700), 700))))
		r.Level.Mul(r.mid.Row(t)[:pad16(r.mid.Cols)], c)
	}
}
