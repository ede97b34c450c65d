package gen

// armUnpack spreads units to signed codes and to scales for the tiles: codes as in kernels.unpackFunc, or, for SMMLA, 16 bytes of two
// rows x 8 k: [4 pairs of groups][8 pairs of rows][2 rows][8 k].
func armUnpack(lv *a64, k *kind) *fn {
	f := newArm(lv, "Unpack"+k.goName(), "codes []byte, scales []float32, w []byte, units int", "", "spreads units of a panel to codes and scales.")
	f.load("codes", "R0", "scales", "R12", "w", "R1", "units", "R9")
	c := newBlock(f, k, true)
	form := armScales[k.name]
	f.loop("unit", "R9", func() {
		if form.scale.byUnit() {
			c.unitScale(0, armD)
		}
		if form.min.byUnit() {
			c.unitScale(32, armDMin)
		}
		c.each(func() {
			if lv.mmla {
				c.storeRows()
			} else {
				c.storeGroups()
			}
			c.storeScales(form)
			f.op("ADD", imm(512), "R0")
			f.op("ADD", imm(64*k.per()), "R12")
		})
		f.op("ADD", imm(k.bytes), "R1")
	})
	return f.end()
}

// load leaves the codes of group g, part h in register dst.
func (c *armBlock) load(g, h, dst int) {
	k := c.k
	if k.nibbles || k.plane2 > 0 || c.offset > 0 {
		c.f.ldr(c.rawAt(g, h), "R2", armRaw)
		c.code(g, h, armRaw, dst)
		return
	}
	c.f.ldr(c.rawAt(g, h), "R2", dst)
}

func (c *armBlock) storeGroups() {
	for g := range 8 {
		for h := 0; h < 4; h += 2 {
			c.load(g, h, armCode)
			c.load(g, h+1, armPlane)
			c.f.stp(armCode, armPlane, 64*g+16*h, "R0")
		}
	}
}

func (c *armBlock) storeRows() {
	for g := 0; g < 8; g += 2 {
		for h := range 4 {
			c.load(g, h, armCode)
			c.load(g+1, h, armPlane)
			c.f.v("zip1", armPlane+1, armCode, armPlane)
			c.f.v("zip2", armPlane+2, armCode, armPlane)
			c.f.stp(armPlane+1, armPlane+2, 64*g+32*h, "R0")
		}
	}
}

// storeScales writes a block's scales, then its minimums, negated where they are subtracted.
func (c *armBlock) storeScales(form armScale) {
	k, f := c.k, c.f
	sets := 1
	if k.halves {
		sets = 2
	}
	for i := range sets {
		c.eachScale(form.scale, 0, i, armD, func(h int) { f.str(armS, 64*i+16*h, "R12") })
	}
	if form.min == noScale {
		return
	}
	for i := range sets {
		c.eachScale(form.min, form.minOff, i, armDMin, func(h int) {
			if k.negMin {
				f.v("fneg", armS, armS)
			}
			f.str(armS, 64*(sets+i)+16*h, "R12")
		})
	}
}
