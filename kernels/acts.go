package kernels

import "fmt"

// Acts are the activations that a product reads: a row for each token, as f32 and, where quantised weights ask for them, in blocks of
// 32 k with 8-bit values (class I8). Rows are padded with zeros (PadCols), so that they fit the units of every kind.
type Acts struct {
	Rows int // tokens
	Cols int // k
	Pad  int // k of a padded row

	X  []float32 // [rows, pad]
	Q  []int8    // [rows, pad] round(x · 127/max|x|), at most ±127
	D  []float32 // [rows, pad/32] max|x|/127
	DS []float32 // [rows, pad/32] D · Σq
	S  []int16   // [rows, pad/32, 2] Σq of the first and of the second 16 k

	// D and DS of whole tiles of 16 tokens, for levels that multiply those.
	TD, TDS []float32 // [rows/16, groups · 8, 16]
}

// groups is the number of groups of 8 blocks that a row has.
func (a *Acts) groups() int { return a.Pad / 256 }

// PadCols is the length of a padded row of cols activations: whole units of every kind, and 32 more, since rows that are a power of two
// apart share too few lines of the caches.
func PadCols(cols int) int { return (cols+255)&^255 + 32 }

// NewActs returns room for rows of cols activations, all zero.
func NewActs(rows, cols int) *Acts {
	pad := PadCols(cols)
	tiles := rows / 16 * (pad / 256) * 128
	return &Acts{
		Rows: rows, Cols: cols, Pad: pad,
		X: make([]float32, rows*pad), Q: make([]int8, rows*pad),
		D: make([]float32, rows*pad/32), DS: make([]float32, rows*pad/32), S: make([]int16, rows*pad/16),
		TD: make([]float32, tiles), TDS: make([]float32, tiles),
	}
}

// Reshape returns rows of cols activations in the memory of a, which must be large enough; what a held is lost.
func (a *Acts) Reshape(rows, cols int) Acts {
	pad := PadCols(cols)
	n, tiles := rows*pad, rows/16*(pad/256)*128
	return Acts{Rows: rows, Cols: cols, Pad: pad, X: a.X[:n], Q: a.Q[:n], D: a.D[:n/32], DS: a.DS[:n/32], S: a.S[:n/16], TD: a.TD[:tiles], TDS: a.TDS[:tiles]}
}

// Use makes the first rows rows current; the room must be there.
func (a *Acts) Use(rows int) {
	if rows*a.Pad > len(a.X) {
		panic(fmt.Sprintf("kernels: Acts.Use: %d rows, room for %d", rows, len(a.X)/a.Pad))
	}
	a.Rows = rows
}

// View returns rows t0..t1-1 of a in its memory. 16 rows or more must begin at a multiple of 16, where tiles begin.
func (a *Acts) View(t0, t1 int) Acts {
	if t0 < 0 || t1 < t0 || t1 > a.Rows || t1-t0 >= 16 && t0%16 != 0 {
		panic(fmt.Sprintf("kernels: Acts.View: rows %d to %d of %d", t0, t1, a.Rows))
	}
	i, j := t0*a.Pad, t1*a.Pad
	tile := a.groups() * 128
	return Acts{Rows: t1 - t0, Cols: a.Cols, Pad: a.Pad, X: a.X[i:j], Q: a.Q[i:j], D: a.D[i/32 : j/32], DS: a.DS[i/32 : j/32], S: a.S[i/16 : j/16],
		TD: a.TD[t0/16*tile : t1/16*tile], TDS: a.TDS[t0/16*tile : t1/16*tile]}
}

// from is the rows of a from row t on, fewer than 16.
func (a *Acts) from(t int) Acts {
	n := t * a.Pad
	return Acts{Rows: a.Rows - t, Cols: a.Cols, Pad: a.Pad, X: a.X[n:], Q: a.Q[n:], D: a.D[n/32:], DS: a.DS[n/32:], S: a.S[n/16:]}
}

// Row returns the f32 values of row t with its padding, [pad].
func (a *Acts) Row(t int) []float32 { return a.X[t*a.Pad : (t+1)*a.Pad] }

// Quantize computes Q, D, DS and S of rows t0..t1-1 from X.
func (a *Acts) Quantize(l *Level, t0, t1 int) {
	i, j := t0*a.Pad, t1*a.Pad
	l.quantize(a.Q[i:j], a.D[i/32:j/32], a.DS[i/32:j/32], a.S[i/16:j/16], a.X[i:j])
	if l.tiles[KindQ4_0] == nil {
		return
	}
	blocks := 8 * a.groups()
	for t := t0; t < min(t1, a.Rows&^15); t++ {
		at := t/16*blocks*16 + t%16
		for b := range blocks {
			a.TD[at+16*b], a.TDS[at+16*b] = a.D[t*a.Pad/32+b], a.DS[t*a.Pad/32+b]
		}
	}
}

// Quantize8 is the activation format on plain slices: x [n] in blocks of 32 to q [n], d and ds [n/32], s [n/32, 2].
func (l *Level) Quantize8(q []int8, d, ds []float32, s []int16, x []float32) {
	n := len(x)
	if n%32 != 0 || len(q) != n || len(d) != n/32 || len(ds) != n/32 || len(s) != n/16 {
		panic(fmt.Sprintf("kernels: Quantize8: %d values, q %d, d %d, ds %d, s %d", n, len(q), len(d), len(ds), len(s)))
	}
	l.quantize(q, d, ds, s, x)
}
