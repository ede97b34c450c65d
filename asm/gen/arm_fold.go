package gen

// loadD loads what a block has for each token: D, and D·Σq or, as floats, the two Σq in lanes 2i and 2i + 1 of registers tmp and armTileS.
func (t *armTile) loadD() {
	f := t.f
	for i := range t.tokens {
		f.lane(r(9+i), armTileD, i)
		if t.min {
			f.lane(r(13+i), armTileS, i)
		}
	}
	if t.min && t.halves {
		f.v("sshll", t.tmp, armTileS)
		f.v("sshll2", armTileS, armTileS)
		f.v("scvtf", t.tmp, t.tmp)
		f.v("scvtf", armTileS, armTileS)
	}
}

// eachScale calls use for every part h of the pass from part p on and every token i with the register of the scales or minimums in set
// set of the block.
func (t *armTile) eachScale(p, set int, use func(i, h, s int)) {
	f := t.f
	for h := 0; h < t.parts; h += 2 {
		f.ldp(64*set+16*(p+h), "R3", t.w, t.w+1)
		for e := range 2 {
			for i := range t.tokens {
				use(i, h+e, t.w+e)
			}
		}
	}
}

// fold adds the pass's rows of a block to the f32 sums: acc = fma(f32(n)·s, D, acc), then acc = fma(m, D·Σq, acc); or with halves
// f = fma(f32(n1), s1, f32(n0)·s0), acc = fma(f, D, acc), then g = fma(Σq1, m1, Σq0·m0), acc = fma(g, D, acc).
func (t *armTile) fold(p int) {
	f := t.f
	if f.lv.mmla {
		t.foldPairs(p)
		return
	}
	second := 0
	if t.halves {
		second = 1
	}
	t.eachScale(p, second, func(i, h, s int) {
		n := t.sum(i, h)
		f.v("scvtf", n, n)
		if t.halves {
			f.v("fmla", t.f0(i, h), n, s)
			n = t.f0(i, h)
		} else {
			f.v("fmul", n, n, s)
		}
		f.v("fmla.e", 4*i+p+h, n, armTileD, i)
	})
	switch {
	case t.min && t.halves:
		sums := []int{t.tmp, t.tmp, armTileS}
		t.eachScale(p, 2, func(i, h, m int) { f.v("fmul.e", t.sum(i, h), m, sums[i], 2*(i%2)) })
		t.eachScale(p, 3, func(i, h, m int) {
			f.v("fmla.e", t.sum(i, h), m, sums[i], 2*(i%2)+1)
			f.v("fmla.e", 4*i+p+h, t.sum(i, h), armTileD, i)
		})
	case t.min:
		t.eachScale(p, 1, func(i, h, m int) { f.v("fmla.e", 4*i+p+h, m, armTileS, i) })
	}
}

// first makes f = f32(n0)·s0 of the sums of the first 16 k.
func (t *armTile) first(p int) {
	f := t.f
	if f.lv.mmla {
		t.eachPair(p, 0, func(j, _, s int) {
			f.v("scvtf", t.n+j, t.n+j)
			f.v("fmul", t.half+j, t.n+j, s)
		})
		return
	}
	t.eachScale(p, 0, func(i, h, s int) {
		f.v("scvtf", t.sum(i, h), t.sum(i, h))
		f.v("fmul", t.f0(i, h), t.sum(i, h), s)
	})
}
