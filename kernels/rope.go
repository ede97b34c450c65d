package kernels

// Rope turns pairs of values of one head by the angles of a position (Su et al. 2021): (a, b) becomes (a·cos - b·sin, a·sin + b·cos).
// cos and sin hold one value a pair. Interleaved pairs are (2i, 2i+1), split ones (i, i + pairs); values beyond the pairs stay.
func Rope(x, cos, sin []float32, interleaved bool) {
	n := len(cos)
	sin = sin[:n]
	if interleaved {
		x = x[:2*n]
		for i, c := range cos {
			a, b := x[2*i], x[2*i+1]
			x[2*i] = float32(a*c) - float32(b*sin[i])
			x[2*i+1] = float32(a*sin[i]) + float32(b*c)
		}
		return
	}
	lo, hi := x[:n], x[n:2*n]
	for i, c := range cos {
		a, b := lo[i], hi[i]
		lo[i] = float32(a*c) - float32(b*sin[i])
		hi[i] = float32(a*sin[i]) + float32(b*c)
	}
}
