package layer

import "github.com/linnet-go/linnet/kernels"

// logits is where a step's logits are computed, some rows at a time.
type logits struct {
	y    []float32   // [rows at a time, vocab padded to 16]
	most int         // rows at a time
	rows []logitsRow // those whose logits are wanted
	now  []logitsRow // those that are being computed, the i-th from row i of in

	squash Squash
}

// logitsRow is a row of the step and where its logits go.
type logitsRow struct {
	row int
	dst []float32 // [vocab]
}

// logitBytes bounds the memory of the logits that are computed at a time.
const logitBytes = 16 << 20

func (o *logits) init(vocab, rows int) {
	o.most = min(max(1, logitBytes/(4*pad16(max(vocab, 1)))), rows)
	o.y = make([]float32, o.most*pad16(vocab))
	o.rows = make([]logitsRow, 0, rows)
}

// Squash is what some families do to logits: they are multiplied by Scale, and then kept below Cap unless it is 0.
type Squash struct{ Scale, Cap float32 }

// Logits ends the step: the logits w · norm(X) of the rows that want them go to their spans, and spans whose values are not finite get an error.
func (r *Run) Logits(n *Norm, w *Linear, s Squash) {
	if !r.ready(w) {
		return
	}
	r.wanted()
	r.out.squash = s
	r.op.norm = n
	for left := r.out.rows; len(left) > 0 && !r.stopped(); left = left[len(r.out.now):] {
		r.out.now = left[:min(len(left), r.out.most)]
		r.in.Use(len(r.out.now))
		for i, o := range r.out.now {
			r.normRow(i, o.row)
		}
		if w.quantised() {
			r.in.Quantize(r.Level, 0, r.in.Rows)
		}
		p := &r.op.products[0]
		p.w, p.y, p.stride = w, r.out.y, pad16(w.Rows())
		cost := panelCost(w, r.in.Rows)
		p.per, p.count = r.split(w.m.Panels(), 1, cost)
		r.share(p.count, cost*float64(w.m.Panels()), r.do.logits)
	}
	if !r.stopped() {
		r.blame()
	}
}

// wanted lists the rows whose logits are wanted.
func (r *Run) wanted() {
	r.out.rows = r.out.rows[:0]
	t := 0
	for i := range r.spans {
		s := &r.spans[i]
		t += len(s.IDs)
		n := len(s.Logits) / r.Vocab
		for j := range n {
			r.out.rows = append(r.out.rows, logitsRow{t - n + j, s.Logits[j*r.Vocab : (j+1)*r.Vocab]})
		}
	}
}

// logitsUnit computes a slice of the vocabulary and hands it out.
func (r *Run) logitsUnit(unit, worker int) {
	if r.cancelled() {
		return
	}
	p := &r.op.products[0]
	p0, p1 := p.panelsOf(unit)
	r.mul(p, &r.in, p0, p1, worker)
	from, to := 16*p0, min(16*p1, r.Vocab)
	for i, o := range r.out.now {
		r.out.squash.apply(r.Level, p.y[i*p.stride+from:i*p.stride+16*p1])
		y := p.y[i*p.stride+from : i*p.stride+to]
		for _, x := range y {
			if !finite(x) {
				r.mark(o.row, badLogits)
				break
			}
		}
		copy(o.dst[from:], y)
	}
}

func (s Squash) apply(l *kernels.Level, y []float32) {
	if s.Scale != 1 {
		l.Mul(y, s.Scale)
	}
	if s.Cap > 0 {
		l.SoftCap(y, s.Cap)
	}
}
