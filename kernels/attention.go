package kernels

import (
	"fmt"
	"math"
)

// SlicePages is the number of pages in a slice of positions. Attention over a context is the merge, in order, of the attention over
// its slices, wherever the slices are computed: so a long context can be split over workers without changing a bit.
const SlicePages = 8

// Attn is attention in progress for some queries of one KV head: the softmax of scores and the weighted sum of values over the slices
// seen so far, kept as maximum, Σexp and Σexp·value (Milakov and Gimelshein 2018; Dao 2022). It belongs to one worker at a time.
type Attn struct {
	Type    CacheType
	HeadDim int
	Q       []float32 // [queries, Pad] already times the score scale, padded with zeros
	Lo, Hi  []int32   // [queries] the query sees positions Lo ≤ p < Hi

	Cap    float32   // scores become Cap·tanh(score/Cap); 0: they stay
	Slopes []float32 // [queries] or nil: score - slope·(Hi - 1 - p), ALiBi (Press, Smith and Lewis 2022)
	Sinks  []float32 // [queries] or nil: one more score, of a value that is zero (Xiao et al. 2024; OpenAI 2025)

	max, sum []float32 // [queries]
	acc      []float32 // [queries, Pad]

	scores   []float32     // [queries, PageSize] of one page
	sliceMax []float32     // [queries] of the current slice
	lanes    [][16]float32 // [queries]
	sliceAcc []float32     // [queries, Pad]
}

// NewAttn returns room for queries queries.
func NewAttn(t CacheType, headDim, queries int) *Attn {
	pad := pad16(headDim)
	return &Attn{
		Type: t, HeadDim: headDim,
		Q: make([]float32, queries*pad), Lo: make([]int32, queries), Hi: make([]int32, queries),
		max: make([]float32, queries), sum: make([]float32, queries), acc: make([]float32, queries*pad),
		scores: make([]float32, queries*PageSize), sliceMax: make([]float32, queries),
		lanes: make([][16]float32, queries), sliceAcc: make([]float32, queries*pad),
	}
}

// Pad is the length of a query, value or result row: HeadDim rounded up to 16.
func (a *Attn) Pad() int { return pad16(a.HeadDim) }

// Reset forgets what the first n queries have seen.
func (a *Attn) Reset(n int) {
	for i := range n {
		a.max[i] = float32(math.Inf(-1))
	}
}

var negInf = float32(math.Inf(-1))

// Slice attends the first n queries to the pages of one slice, whose first position is first, and merges the result. keys and values
// are the head's pages; queries for which no position of the slice is visible stay as they are.
func (a *Attn) Slice(l *Level, n, first int, keys, values [][]byte) {
	if len(keys) > SlicePages || len(keys) != len(values) || first%(SlicePages*PageSize) != 0 {
		panic(fmt.Sprintf("kernels: Attn.Slice: %d and %d pages from position %d", len(keys), len(values), first))
	}
	pad := a.Pad()
	for i := range n {
		a.sliceMax[i] = negInf
		a.lanes[i] = [16]float32{}
	}
	clear(a.sliceAcc[:n*pad])
	for p := range keys {
		a.page(l, n, first+p*PageSize, keys[p], values[p])
	}
	for i := range n {
		if a.sliceMax[i] != negInf {
			a.merge(l, i)
		}
	}
}

// page adds the positions of one page, the first of which is first, to the slice. Positions that a query does not see weigh exactly 0.
func (a *Attn) page(l *Level, n, first int, key, value []byte) {
	lo, hi := int32(math.MaxInt32), int32(0)
	for i := range n {
		lo, hi = min(lo, a.Lo[i]), max(hi, a.Hi[i])
	}
	count := min(int(hi)-first, PageSize) // positions that some query sees
	if count <= 0 || int(lo) >= first+PageSize {
		return
	}
	groups := (count + 15) / 16
	l.scores[a.Type](a.scores, a.Q, key, a.HeadDim, n, groups)
	for i := range n {
		row := a.scores[i*PageSize : i*PageSize+16*groups]
		from, to := max(int(a.Lo[i])-first, 0), min(int(a.Hi[i])-first, len(row))
		if from >= to {
			clear(row)
			continue
		}
		a.adjust(l, i, first, row)
		fill(row[:from], negInf)
		fill(row[to:], negInf)
		a.soften(l, i, row)
	}
	l.values[a.Type](a.sliceAcc, a.scores, value, a.HeadDim, n, count)
}

// adjust applies cap and slope to the scores of query i.
func (a *Attn) adjust(l *Level, i, first int, row []float32) {
	if a.Cap > 0 {
		l.softCap(row, 1/a.Cap, a.Cap)
	}
	if a.Slopes == nil {
		return
	}
	slope, at := a.Slopes[i], int(a.Hi[i])-1-first
	for p := range row {
		row[p] -= float32(slope * float32(at-p))
	}
}

// soften turns the scores of query i into exp(score - maximum) and rescales what the slice has summed to the new maximum.
func (a *Attn) soften(l *Level, i int, row []float32) {
	old := a.sliceMax[i]
	m := l.max(row)
	if old > m {
		m = old
	}
	if old != m && old != negInf {
		c := exp(old - m)
		for j := range a.lanes[i] {
			a.lanes[i][j] *= c
		}
		l.mul(a.sliceAcc[i*a.Pad():(i+1)*a.Pad()], c)
	}
	a.sliceMax[i] = m
	l.expSum(row, m, &a.lanes[i])
}

// merge adds the slice to what query i had seen before.
func (a *Attn) merge(l *Level, i int) {
	pad := a.Pad()
	acc, part := a.acc[i*pad:(i+1)*pad], a.sliceAcc[i*pad:(i+1)*pad]
	sum := tree(&a.lanes[i])
	if a.max[i] == negInf {
		a.max[i], a.sum[i] = a.sliceMax[i], sum
		copy(acc, part)
		return
	}
	m := max(a.max[i], a.sliceMax[i])
	was, is := exp(a.max[i]-m), exp(a.sliceMax[i]-m)
	l.mul(acc, was)
	l.mul(part, is)
	l.add(acc, part)
	a.max[i], a.sum[i] = m, float32(a.sum[i]*was)+float32(sum*is)
}

// MergeFrom merges the slices that b has seen, which follow those of a, for the first n queries.
func (a *Attn) MergeFrom(l *Level, b *Attn, n int) {
	pad := a.Pad()
	for i := range n {
		if b.max[i] == negInf {
			continue
		}
		a.sliceMax[i], a.lanes[i] = b.max[i], [16]float32{b.sum[i]}
		copy(a.sliceAcc[i*pad:(i+1)*pad], b.acc[i*pad:(i+1)*pad])
		a.merge(l, i)
	}
}

// Result writes the weighted mean of the values that query i has seen to out [HeadDim].
func (a *Attn) Result(out []float32, i int) {
	scale := 1 / a.sum[i]
	if a.Sinks != nil {
		m := max(a.max[i], a.Sinks[i])
		c := exp(a.max[i] - m)
		scale = c / (float32(a.sum[i]*c) + exp(a.Sinks[i]-m))
	}
	for d, v := range a.acc[i*a.Pad():][:a.HeadDim] {
		out[d] = v * scale
	}
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}
