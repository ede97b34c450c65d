package kernels

import (
	"fmt"

	"github.com/linnet-go/linnet/quant"
)

// Matrix is a weight matrix in panels of 16 rows.
type Matrix struct {
	Kind       Kind
	Rows, Cols int
	data       []byte // [panels] of panelBytes
	panelBytes int
}

// NewMatrix returns an empty matrix for weights of type t, to be filled by Pack. Its memory lies outside the Go heap; Free returns it.
func NewMatrix(t quant.Type, rows, cols int) (*Matrix, error) {
	k, ok := KindOf(t)
	if !ok {
		return nil, fmt.Errorf("no panels for %v", t)
	}
	m := &Matrix{Kind: k, Rows: rows, Cols: cols, panelBytes: PanelBytes(k, cols)}
	data, err := alloc(m.Panels() * m.panelBytes)
	m.data = data
	return m, err
}

// Panels returns the number of panels.
func (m *Matrix) Panels() int { return (m.Rows + 15) / 16 }

// Bytes returns the memory that the weights take.
func (m *Matrix) Bytes() int { return len(m.data) }

// Pack fills panels p0..p1-1 from the stored rows src of the whole matrix. The error names row and block of a value that is not finite.
func (m *Matrix) Pack(t quant.Type, src []byte, p0, p1 int) error {
	return PackPanels(m.Kind, t, m.data, src, m.Rows, m.Cols, p0, p1)
}

// Free gives the memory back. The matrix must not be used any more.
func (m *Matrix) Free() {
	free(m.data)
	m.data = nil
}

// slice and floatSlice are the k that panels are unpacked for at a time, so that what is unpacked stays in the first-level cache.
const (
	slice      = 512
	floatSlice = 256
)

// tilePanels is the number of panels that tiles multiply at a time: their codes of a slice take most of the first-level cache.
const tilePanels = 4

// Scratch is the memory that one worker unpacks panels to.
type Scratch struct {
	ring   []byte       // what tile registers are stored to
	codes  []byte       // [slice/32, 512] of up to tilePanels panels
	scales []float32    // [slice/32, 16] each of scales and minimums, and what levels add, of as many panels
	wide   [2][]float32 // [floatSlice, 16] of two panels
}

// NewScratch returns scratch memory for one worker.
func NewScratch() *Scratch {
	return &Scratch{ring: make([]byte, 16<<10), codes: make([]byte, tilePanels*16*slice), scales: make([]float32, tilePanels*3*slice/2), wide: [2][]float32{make([]float32, 16*floatSlice), make([]float32, 16*floatSlice)}}
}

// Mul computes y = W · x for panels p0..p1-1 and all rows of x: y [x.Rows, stride], where row r of W goes to column r. Columns up to the
// next multiple of 16 are written too. For quantised weights x must have been quantised.
func (m *Matrix) Mul(l *Level, y []float32, stride int, x *Acts, p0, p1 int, s *Scratch) {
	if x.Cols != m.Cols || p0 < 0 || p1 > m.Panels() || stride < 16*p1 || len(y) < (x.Rows-1)*stride+16*p1 {
		panic(fmt.Sprintf("kernels: Matrix.Mul: [%d, %d] · [%d, %d], panels %d to %d, len(y) = %d, stride %d", m.Rows, m.Cols, x.Rows, x.Cols, p0, p1, len(y), stride))
	}
	if p0 >= p1 || x.Rows == 0 {
		return
	}
	unit, size := layouts[m.Kind].unit, layouts[m.Kind].bytes
	units := m.panelBytes / size
	if x.Rows == 1 {
		w, out := m.data[p0*m.panelBytes:p1*m.panelBytes], y[16*p0:16*p1]
		if m.Kind.Float() {
			l.dotFloat[m.Kind](out, w, units, x.X)
		} else {
			l.dot[m.Kind](out, w, units, x.Q, x.D, x.DS, x.S)
		}
		return
	}
	if tiles := x.Rows / 16; tiles > 0 && l.tiles[m.Kind] != nil {
		m.mulTiles(l, y, stride, x, p0, p1, tiles, s)
		if x.Rows%16 == 0 {
			return
		}
		rest := x.from(16 * tiles)
		m.Mul(l, y[16*tiles*stride:], stride, &rest, p0, p1, s)
		return
	}
	step, two := slice/unit, l.pairTile[m.Kind] != nil
	if m.Kind.Float() {
		step, two = floatSlice/unit, l.pairFloat != nil
	}
	// Slices outside, panels inside: the tokens' values of a slice stay in the second-level cache for all panels.
	for u := 0; u < units; u += step {
		n := min(step, units-u)
		for p := p0; p < p1; p++ {
			w := m.data[p*m.panelBytes+u*size:]
			if two && p+1 < p1 {
				m.mulPair(l, y[16*p:], stride, x, w[:n*size], w[m.panelBytes:m.panelBytes+n*size], u*unit, n, s)
				p++
			} else {
				m.mulSlice(l, y[16*p:], stride, x, w[:n*size], u*unit, n, s)
			}
		}
	}
}

// Together returns the number of panels that level l multiplies at a time with rows tokens: work is best split at multiples of it.
func (m *Matrix) Together(l *Level, rows int) int {
	switch {
	case rows == 1:
		return 1
	case rows >= 16 && l.tiles[m.Kind] != nil:
		return tilePanels
	case l.pairTile[m.Kind] != nil || m.Kind.Float() && l.pairFloat != nil:
		return 2
	}
	return 1
}

// mulSlice adds n units of one panel, beginning at k, to the tokens' sums.
func (m *Matrix) mulSlice(l *Level, y []float32, stride int, x *Acts, w []byte, k, n int, s *Scratch) {
	if m.Kind.Float() {
		l.tileFloat(y, stride, m.widen(l, s.wide[0], w, n), 64*n, x.X[k:], x.Pad, x.Rows, k > 0)
		return
	}
	l.unpack[m.Kind](s.codes, s.scales, w, n)
	b := k / 32
	l.tile[m.Kind](y, stride, s.codes, s.scales, n*layouts[m.Kind].unit/32, x.Q[k:], x.D[b:], x.DS[b:], x.S[2*b:], x.Pad, x.Rows, k > 0)
}

// widen returns n units of float weights as f32, in dst unless they are it already.
func (m *Matrix) widen(l *Level, dst []float32, w []byte, n int) []float32 {
	if m.Kind == KindF32 {
		return floats(w)
	}
	l.unpackFloat[m.Kind](dst, w, n)
	return dst
}

// mulPair is mulSlice for two panels w0 and w1 side by side.
func (m *Matrix) mulPair(l *Level, y []float32, stride int, x *Acts, w0, w1 []byte, k, n int, s *Scratch) {
	if m.Kind.Float() {
		l.pairFloat(y, stride, m.widen(l, s.wide[0], w0, n), m.widen(l, s.wide[1], w1, n), 64*n, x.X[k:], x.Pad, x.Rows, k > 0)
		return
	}
	l.pairUnpack[m.Kind](s.codes, s.scales, w0, n)
	l.pairUnpack[m.Kind](s.codes[64:], s.scales[16:], w1, n)
	b := k / 32
	l.pairTile[m.Kind](y, stride, s.codes, s.scales, n*layouts[m.Kind].unit/32, x.Q[k:], x.D[b:], x.DS[b:], x.S[2*b:], x.Pad, x.Rows, k > 0)
}

// mulTiles multiplies the first tiles·16 tokens on a level with tile registers. Slices are padded to groups of 8 blocks with zeros.
func (m *Matrix) mulTiles(l *Level, y []float32, stride int, x *Acts, p0, p1, tiles int, s *Scratch) {
	unit, size := layouts[m.Kind].unit, layouts[m.Kind].bytes
	units, step, sets := m.panelBytes/size, slice/unit, m.Kind.scales()+16
	for u := 0; u < units; u += step {
		n := min(step, units-u)
		blocks := n * unit / 32
		groups := (blocks + 7) / 8
		for p := p0; p < p1; p += tilePanels {
			panels := min(tilePanels, p1-p)
			for i := range panels {
				codes, scales := s.codes[i*groups*8*512:(i+1)*groups*8*512], s.scales[i*groups*8*sets:(i+1)*groups*8*sets]
				l.tilesUnpack[m.Kind](codes, scales, m.data[(p+i)*m.panelBytes+u*size:], n)
				clear(codes[blocks*512:])
				clear(scales[blocks*sets:])
			}
			k := u * unit
			l.tiles[m.Kind](y[16*p:], stride, s.codes, s.scales, groups, panels, x.Q[k:], x.TD[k/2:], x.TDS[k/2:], x.Pad, tiles, 128*x.groups(), k > 0, s.ring)
		}
	}
}
