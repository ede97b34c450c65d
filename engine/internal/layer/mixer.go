package layer

import "github.com/linnet-go/linnet/kernels"

// MixerSizes are the widths of layers that keep a state instead of keys and values, for the buffers of steps.
type MixerSizes struct {
	Projected int // values of the first product, 0: the model has no such layers
	Channels  int // values that the convolution works on
	Inner     int // values of the result
	Heads     int
}

func (s *MixerSizes) rowBytes() int {
	return 4 * (pad16(s.Channels) + pad16(s.Inner) + 2*pad16(s.Heads))
}

// mixer is the work of a step on such a layer.
type mixer struct {
	mixed []float32    // [rows, channels padded to 16] after the convolution
	gate  []float32    // [rows, inner padded to 16]
	small [2][]float32 // [rows, heads padded to 16]

	conv   *Conv
	source []float32 // what the convolution reads: some columns of rows of a stride
	stride int
	act    bool // silu behind the convolution

	mamba *Mamba2
	delta *DeltaNet
}

func (x *mixer) init(c *Config) {
	s := &c.Mixer
	if s.Projected == 0 {
		return
	}
	x.mixed = make([]float32, c.Rows*pad16(s.Channels))
	x.gate = make([]float32, c.Rows*pad16(s.Inner))
	x.small = [2][]float32{make([]float32, c.Rows*pad16(s.Heads)), make([]float32, c.Rows*pad16(s.Heads))}
}

// Conv is a causal convolution of each channel with a few taps: the last for the token itself. Its state are the inputs of the tokens before,
// [Taps-1, Channels], the oldest first.
type Conv struct {
	Taps, Channels int
	Weight         []float32 // [channels, taps padded to 16]
	Bias           []float32 // [channels, padded to 16], nil: none
}

// State returns the values of the state.
func (c *Conv) State() int { return (c.Taps - 1) * c.Channels }

// convBlock is the number of channels of a unit.
const convBlock = 64

// convolve sets mixed to the convolution of columns of source, whose rows have the given stride.
func (r *Run) convolve(c *Conv, source []float32, stride int, act bool) {
	x := &r.mixer
	x.conv, x.source, x.stride, x.act = c, source, stride, act
	blocks := (c.Channels + convBlock - 1) / convBlock
	r.share(len(r.spans)*blocks, float64(r.rows*c.Channels*c.Taps), r.do.convolve)
}

// spanRows returns the rows of a span.
func (r *Run) spanRows(i int) (first, n int) {
	for j := range i {
		first += len(r.spans[j].IDs)
	}
	return first, len(r.spans[i].IDs)
}

func (r *Run) convolveUnit(unit, _ int) {
	x := &r.mixer
	c := x.conv
	blocks := (c.Channels + convBlock - 1) / convBlock
	from := unit % blocks * convBlock
	to := min(from+convBlock, c.Channels)
	first, n := r.spanRows(unit / blocks)
	before, after := r.spans[unit/blocks].Seq.State(r.op.layer)
	at := func(t int) []float32 { // the channels of token t of the span, negative for those before
		if t < 0 {
			t += c.Taps - 1
			return before[t*c.Channels+from : t*c.Channels+to]
		}
		return x.source[(first+t)*x.stride+from : (first+t)*x.stride+to]
	}
	width, taps := pad16(c.Channels), pad16(c.Taps)
	for t := range n {
		y := x.mixed[(first+t)*width+from : (first+t)*width+to]
		clear(y)
		for j := range c.Taps {
			for i, v := range at(t - c.Taps + 1 + j) {
				y[i] += float32(v * c.Weight[(from+i)*taps+j])
			}
		}
		if c.Bias != nil {
			for i := range y {
				y[i] += c.Bias[from+i]
			}
		}
		if x.act {
			r.Level.Activate(kernels.SiLU, x.mixed[(first+t)*width+from:(first+t)*width+pad16(to)])
		}
	}
	for j := range c.Taps - 1 {
		copy(after[j*c.Channels+from:j*c.Channels+to], at(n-c.Taps+1+j))
	}
}

// ShortConv sets mid to c · convolution(b · z), where b, c and z are the thirds of w·in (Liquid AI 2025).
func (r *Run) ShortConv(w *Linear, c *Conv) {
	if !r.ready(w) {
		return
	}
	r.seal(&r.in, w.quantised())
	r.op.acts = &r.in
	cost := r.plan(0, w, r.wide, 1)
	r.share(r.op.products[0].count, cost, r.do.product)
	if r.stopped() {
		return
	}
	n, stride := c.Channels, pad16(w.Rows())
	for t := range r.rows {
		row := r.wide[t*stride:]
		for i, z := range row[2*n : 3*n] {
			row[i] *= z
		}
	}
	r.convolve(c, r.wide, stride, false)
	r.mid = r.room.Reshape(r.rows, n)
	for t := range r.rows {
		y, gate := r.mixer.mixed[t*pad16(n):], r.wide[t*stride+n:]
		for i := range r.mid.Row(t)[:n] {
			r.mid.Row(t)[i] = y[i] * gate[i]
		}
	}
}

func silu(x float32) float32 {
	return float32(float64(x) / (1 + exp(min(max(-float64(x), -700), 700))))
}

func sigmoid(x float32) float32 { return float32(1 / (1 + exp(min(max(-float64(x), -700), 700)))) }

// softplus is ln(1 + e^x).
func softplus(x float32) float64 {
	if x > 30 {
		return float64(x)
	}
	return log(1 + exp(max(float64(x), -700)))
}
