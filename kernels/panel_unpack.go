package kernels

// UnpackPanel sets dst [16, cols] to the values of a panel, formed as quant forms them and with the same bits: the inverse of PackPanels.
func UnpackPanel(k Kind, dst []float32, panel []byte, cols int) {
	l := &layouts[k]
	for k0 := 0; k0 < cols; k0 += l.unit {
		unit := panel[k0/l.unit*l.bytes:][:l.bytes]
		n := min(l.unit, cols-k0)
		if k.Float() {
			unpackFloatUnit(k, dst[k0:], unit, n, cols)
		} else {
			unpackUnit(k, dst[k0:], unit, n, cols)
		}
	}
}

func unpackFloatUnit(k Kind, dst []float32, unit []byte, n, cols int) {
	wide := make([]float32, 16*layouts[k].unit)
	genericUnpackFloat[k](wide, unit, 1)
	for i := range n {
		for r := range 16 {
			dst[r*cols+i] = wide[16*i+r]
		}
	}
}

func unpackUnit(k Kind, dst []float32, unit []byte, n, cols int) {
	l := &layouts[k]
	blocks := l.unit / 32
	codes, scales := make([]byte, 512*blocks), make([]float32, k.scales()*blocks)
	genericUnpack[k](codes, scales, unit, 1)
	for i := range n {
		s, mins := scales[i/32*k.scales():], 16
		if l.halves {
			s, mins = s[i%32/16*16:], 32
		}
		for r := range 16 {
			code := codes[i/32*512+i%32/4*64+4*r+i%4]
			v := float32(s[r] * float32(int(code)-l.offset))
			if l.min {
				v += s[mins+r]
			}
			dst[r*cols+i] = v
		}
	}
}
