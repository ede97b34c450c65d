package layer

import "github.com/linnet-go/linnet/kernels"

// op is what the workers need to know of the phase that runs.
type op struct {
	layer     int
	embedding *Embedding
	norm      *Norm
	acts      *kernels.Acts
	quantise  bool
	per       int // rows or panels of a unit
	products  [3]product
	attention *Attention
	gate      Gate
	act       kernels.Activation
	scale     float32 // of the branch
	expert    expertPhase
}

// units are the phases as functions of a unit and a worker, bound once so that a step allocates nothing.
type units struct {
	norm, seal, heads, finish, attend, merge, add, product, addNormed, gated, plain, logits func(unit, worker int)

	route, gather, hidden, sealHidden, down, combine, gateRows func(unit, worker int)

	compress, absorb, expand func(unit, worker int)

	convolve, scan, gateMamba, unitKeys, recall, gateDelta, gateValues func(unit, worker int)

	embed, positions func() error
}

func (u *units) bind(r *Run) {
	*u = units{
		norm: r.normUnit, seal: r.sealUnit, heads: r.headsUnit, finish: r.finishUnit, attend: r.attendUnit, merge: r.mergeUnit,
		add: r.addUnit, product: r.productUnit, addNormed: r.addNormedUnit, gated: r.gatedUnit, plain: r.plainUnit, logits: r.logitsUnit,
		route: r.routeUnit, gather: r.gatherUnit, hidden: r.hiddenUnit, sealHidden: r.sealHiddenUnit, down: r.downUnit,
		convolve: r.convolveUnit, scan: r.scanUnit, gateMamba: r.gateMambaUnit, unitKeys: r.unitKeysUnit, recall: r.recallUnit,
		gateDelta: r.gateDeltaUnit, gateValues: r.gateValuesUnit,
		compress: r.compressUnit, absorb: r.absorbUnit, expand: r.expandUnit,
		combine: r.combineUnit, gateRows: r.gateRowsUnit,
		embed: r.embedRows, positions: r.positionRows,
	}
}

// Limits of a unit of work. A phase is split finely enough that workers of different speed end together, but no finer than what pays; and
// no unit takes so long that a cancellation, or the garbage collector, has to wait for it.
const (
	unitsAWorker = 8
	longest      = 100e3 // nanoseconds
)

// split divides n items, each worth cost nanoseconds of one worker, into units of per items, a multiple of align.
func (r *Run) split(n, align int, cost float64) (per, count int) {
	target := max(float64(n)*cost/float64(unitsAWorker*len(r.workers)), r.Grain)
	if float64(n)*cost < 2*r.Grain {
		target = float64(n) * cost
	}
	per = int(min(target, longest)/cost) / align * align
	per = min(max(per, align), n)
	return per, (n + per - 1) / per
}

// share runs a phase of count units that are worth cost nanoseconds together, on all workers if that pays.
func (r *Run) share(count int, cost float64, f func(unit, worker int)) {
	if cost < 2*r.Grain {
		for u := range count {
			f(u, 0)
		}
		return
	}
	r.Team.Do(count, f)
}

// overRows runs a phase over the rows of the step, each worth cost nanoseconds.
func (r *Run) overRows(cost float64, f func(unit, worker int)) {
	per, count := r.split(r.rows, 1, cost)
	r.op.per = per
	r.share(count, cost*float64(r.rows), f)
}

// rowsOf returns the rows of a unit.
func (r *Run) rowsOf(unit int) (from, to int) {
	return unit * r.op.per, min((unit+1)*r.op.per, r.rows)
}

// seal finishes activations for the matrices that read them: zeros up to their padded length, and 8-bit blocks if one asks for them.
func (r *Run) seal(x *kernels.Acts, quantise bool) {
	r.op.acts, r.op.quantise = x, quantise
	r.overRows(float64(x.Pad)/4, r.do.seal)
}

func (r *Run) sealUnit(unit, _ int) {
	from, to := r.rowsOf(unit)
	x := r.op.acts
	for t := from; t < to; t++ {
		clear(x.Row(t)[x.Cols:])
	}
	if r.op.quantise {
		x.Quantize(r.Level, from, to)
	}
}
