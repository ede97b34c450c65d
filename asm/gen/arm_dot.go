package gen

// unsigned says that the dot of codes of 8 bits multiplies them unsigned where the level can (i8mm).
func (k *kind) unsigned() bool { return k.bits == 8 && k.table == nil }

// armTop is the largest size of a code as dot multiplies it.
func (k *kind) armTop() int {
	if k.table != nil {
		return max(k.offset, 24-k.offset)
	}
	return 1<<k.bits - 1
}

// armDot is the product of panels with one token.
func armDot(lv *a64, k *kind) *fn {
	f := newArm(lv, "Dot"+k.goName(), "y []float32, w []byte, units int, q []int8, d, ds []float32, s []int16", "", "multiplies panels with one token.")
	f.load("y", "R0", "w", "R1", "y_len", "R10")
	f.op("LSR", imm(4), "R10")
	c := newBlock(f, k, k.bits == 8 && !lv.mmla)
	form := armScales[k.name]
	f.loop("panel", "R10", func() {
		f.load("units", "R9", "q", "R5", "d", "R6", "ds", "R7", "s", "R8")
		f.zero(armAcc, 4)
		f.loop("unit", "R9", func() {
			if form.scale.byUnit() {
				c.unitScale(0, armD)
			}
			if form.min.byUnit() && !k.halves {
				c.unitScale(32, armDMin)
			}
			c.each(c.dotBlock)
			f.op("ADD", imm(k.bytes), "R1")
		})
		f.stp(armAcc, armAcc+1, 0, "R0")
		f.stp(armAcc+2, armAcc+3, 32, "R0")
		f.op("ADD", imm(64), "R0")
	})
	return f.end()
}

// dotBlock adds one block and moves on in the token.
func (c *armBlock) dotBlock() {
	k, f := c.k, c.f
	f.op("FLDPQ.P", mem(32, "R5"), fps(armQ, armQ+1))
	switch {
	case f.lv.sdot:
		c.startSums()
		if k.plane1 > 0 {
			f.ldp(c.planeAt(0), "R4", armPlane, armPlane+1)
			f.ldp(c.planeAt(32), "R4", armPlane+2, armPlane+3)
			c.oneBit = func(_, h int) int { return armPlane + h }
		}
		c.decodeParts(c.sdot)
	case k.halves:
		c.sumGroups(0, 4, armN0)
		c.sumGroups(4, 8, armN)
	default:
		c.sumGroups(0, 8, armN)
	}
	if k.halves {
		c.foldHalves()
	} else {
		c.fold()
	}
}

// decodeParts leaves the codes of all groups in armCode or armRaw and calls use, for two parts after the other two.
func (c *armBlock) decodeParts(use func(g, h, code int)) {
	k := c.k
	together, apart, step := 1, 1, 1 // groups that share bytes, and from one such first group to the next
	switch {
	case k.nibbles:
		together, apart = 2, 4
	case k.plane2 > 0:
		together, step = 4, 4
	}
	for h := 0; h < 4; h += 2 {
		if k.nibbles && k.plane2 > 0 {
			c.f.ldp(c.twoBitsAt(0, h), "R2", armPlane, armPlane+1)
			c.f.ldp(c.twoBitsAt(4, h), "R2", armPlane+2, armPlane+3)
			c.twoBits = func(g, h int) int { return armPlane + g/4*2 + h%2 }
		}
		for i := range 8 / together {
			first := i * step
			c.f.ldp(c.rawAt(first, h), "R2", armRaw, armRaw+1)
			for e := range 2 {
				for j := range together {
					g := first + j*apart
					use(g, h+e, c.codeIn(g, h+e, armRaw+e))
				}
			}
		}
	}
}

// codeIn is code into armCode, or the packed codes themselves where there is nothing to do, and returns the register.
func (c *armBlock) codeIn(g, h, raw int) int {
	if c.k.bits == 8 && c.k.table == nil && c.offset == 0 {
		return raw
	}
	c.code(g, h, raw, armCode)
	return armCode
}

// decodeGroups leaves the codes of groups lo..hi-1 in armCode and calls use, for one group or two that share nibbles after the other; before is
// called ahead of each.
func (c *armBlock) decodeGroups(lo, hi int, before func(groups ...int), use func(g, h, code int)) {
	k := c.k
	both := k.nibbles && hi-lo == 8
	for g := lo; g < hi && !(both && g == 4); g++ {
		groups := []int{g}
		if both {
			groups = []int{g, g + 4}
		}
		before(groups...)
		for h := range 4 {
			if h%2 == 0 {
				c.f.ldp(c.rawAt(g, h), "R2", armRaw, armRaw+1)
			}
			if k.plane1 > 0 {
				c.f.ldr(c.planeAt(16*h), "R4", armS)
				c.oneBit = func(int, int) int { return armS }
			}
			for _, g := range groups {
				use(g, h, c.codeIn(g, h, armRaw+h%2))
			}
		}
	}
}

// sdot adds the products of four k. The first sums of blocks with halves are those of groups 0 to 3.
func (c *armBlock) sdot(g, h, code int) {
	n, name := armN, "sdot.e"
	if c.k.halves && g < 4 {
		n = armN0
	}
	if c.f.lv.mmla {
		name = "usdot.e"
	}
	c.f.v(name, n+h, code, armQ+g/4, g%4)
}

// startSums sets the sums to -offset·Σq, or to 0.
func (c *armBlock) startSums() {
	f := c.f
	switch {
	case c.minus > 0 && c.k.halves:
		for _, n := range []int{armN0, armN} {
			f.spread("R8", 2, armCode)
			for h := range 4 {
				f.v("smull.4s", n+h, armCode, c.minus)
			}
		}
	case c.minus > 0:
		f.spread("R8", 4, armCode)
		f.v("saddlp", armCode, armCode)
		for h := range 4 {
			f.v("mul.4s", armN+h, armCode, c.minus)
		}
	default:
		f.zero(armN, 4)
		if c.k.halves {
			f.zero(armN0, 4)
		}
	}
}

// sumGroups computes the sums of some groups without SDOT. Products of a byte and a code of up to 6 bits are summed in 16 bits:
// eight of 5 bits or four of 6 fit.
func (c *armBlock) sumGroups(lo, hi, n int) {
	k, f := c.k, c.f
	if k.bits == 8 {
		c.sumPairs(lo, hi, n)
		return
	}
	c.decodeGroups(lo, hi, func(groups ...int) {
		for i, g := range groups {
			f.v("dup", armDup+i, armQ+g/4, g%4)
		}
	}, func(g, h, code int) {
		name, by := "smlal", armDup
		if g == lo {
			name = "smull"
		}
		if hi-lo == 8 && k.nibbles {
			by += g / 4
		}
		f.v(name, armWide+2*h, code, by)
		f.v(name+"2", armWide+2*h+1, code, by)
	})
	for h := range 4 {
		narrow(f, k.armTop()*(hi-lo), armWide+2*h, n+h)
	}
	if c.minus == 0 {
		return
	}
	size := 4
	if k.halves {
		size = 2
	}
	f.spread("R8", size, armCode)
	if k.halves {
		f.v("smull.4s", armCode, armCode, c.minus)
	} else {
		f.v("saddlp", armCode, armCode)
		f.v("mul.4s", armCode, armCode, c.minus)
	}
	for h := range 4 {
		f.v("add", n+h, n+h, armCode)
	}
}

// narrow makes the sums of four rows of two registers of 16-bit sums, which are at most top·127: pairs of them may fit 16 bits too.
func narrow(f *afn, top, wide, dst int) {
	if 2*top*127 < 1<<15 {
		f.v("addp.8h", dst, wide, wide+1)
		f.v("saddlp", dst, dst)
		return
	}
	f.v("saddlp", wide, wide)
	f.v("saddlp", wide+1, wide+1)
	f.v("addp.4s", dst, wide, wide+1)
}

// sumPairs is sumGroups for signed codes of 8 bits: two products fit 16 bits.
func (c *armBlock) sumPairs(lo, hi, n int) {
	k, f := c.k, c.f
	for i := range (hi - lo) / 2 {
		a, b := lo+2*i, lo+2*i+1
		if k.nibbles {
			a, b = i, i+4
		}
		f.v("dup", armDup, armQ+a/4, a%4)
		f.v("dup", armDup+1, armQ+b/4, b%4)
		for h := range 4 {
			f.ldr(c.rawAt(a, h), "R2", armRaw)
			if !k.nibbles {
				f.ldr(c.rawAt(b, h), "R2", armRaw+1)
				c.code(b, h, armRaw+1, armRaw+1)
			} else {
				c.code(b, h, armRaw, armRaw+1)
			}
			c.code(a, h, armRaw, armCode)
			for e := range 2 {
				add := "sadalp"
				if i == 0 {
					add = "saddlp"
				}
				f.v(part("smull", e), armTmp, armCode, armDup)
				f.v(part("smlal", e), armTmp, armRaw+1, armDup+1)
				f.v(add, armWide+2*h+e, armTmp)
			}
		}
	}
	for h := range 4 {
		f.v("addp.4s", n+h, armWide+2*h, armWide+2*h+1)
	}
}

// fold adds a block with one scale: acc = fma(f32(n)·s, D, acc), then acc = fma(m, D·Σq, acc).
func (c *armBlock) fold() {
	f, form := c.f, armScales[c.k.name]
	f.op("FMOVS.P", mem(4, "R6"), fp(armRaw))
	c.eachScale(form.scale, 0, 0, armD, func(h int) {
		f.v("scvtf", armN+h, armN+h)
		f.v("fmul", armN+h, armN+h, armS)
		f.v("fmla.e", armAcc+h, armN+h, armRaw, 0)
	})
	if form.min == noScale {
		return
	}
	f.op("FMOVS.P", mem(4, "R7"), fp(armRaw))
	c.eachScale(form.min, form.minOff, 0, armDMin, func(h int) { f.v(c.addMin()+".e", armAcc+h, armS, armRaw, 0) })
}

func (c *armBlock) addMin() string {
	if c.k.negMin {
		return "fmls"
	}
	return "fmla"
}

// foldHalves adds a block with a scale for each 16 k: f = f32(n0)·s0; f = fma(f32(n1), s1, f); acc = fma(f, D, acc).
func (c *armBlock) foldHalves() {
	f, form := c.f, armScales[c.k.name]
	f.op("FMOVS.P", mem(4, "R6"), fp(armRaw))
	c.eachScale(form.scale, 0, 0, armD, func(h int) {
		f.v("scvtf", armN0+h, armN0+h)
		f.v("fmul", armN0+h, armN0+h, armS)
	})
	c.eachScale(form.scale, 0, 1, armD, func(h int) {
		f.v("scvtf", armN+h, armN+h)
		f.v("fmla", armN0+h, armN+h, armS)
		f.v("fmla.e", armAcc+h, armN0+h, armRaw, 0)
	})
	if form.min == noScale {
		return
	}
	c.unitScale(32, armPlane)
	for e := range 2 {
		f.spread("R8", 2, armQ+e)
		f.v("sshll", armQ+e, armQ+e)
		f.v("scvtf", armQ+e, armQ+e)
	}
	c.eachScale(form.min, form.minOff, 0, armPlane, func(h int) { f.v("fmul", armN0+h, armS, armQ) })
	c.eachScale(form.min, form.minOff, 1, armPlane, func(h int) {
		f.v("fmla", armN0+h, armS, armQ+1)
		f.v(c.addMin()+".e", armAcc+h, armN0+h, armRaw, 0)
	})
}
