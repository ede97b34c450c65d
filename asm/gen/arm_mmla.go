package gen

// SMMLA multiplies 2 rows x 8 k with 8 k x 2 tokens: a register holds [row][token] of two rows and two tokens. The f32 sums are kept in this
// order too: of a pair of tokens in 8 registers, one for each pair of rows.

// armRows are 8 registers for the rows of y of a pair of tokens, free where the sums are loaded and stored.
const armRows = 16

// pairUp brings the rows of y of two tokens into the order of the sums, registers acc and on; pairApart brings them back.
func (t *armTile) pairUp(acc int) {
	for h := range 4 {
		t.f.v("zip1", acc+2*h, armRows+h, armRows+4+h)
		t.f.v("zip2", acc+2*h+1, armRows+h, armRows+4+h)
	}
}

func (t *armTile) pairApart(acc int) {
	for h := range 4 {
		t.f.v("uzp1", armRows+h, acc+2*h, acc+2*h+1)
		t.f.v("uzp2", armRows+4+h, acc+2*h, acc+2*h+1)
	}
}

// smmla adds the products of 16 k with the rows from part p on. Activations are laid out as 8 k of two tokens.
func (t *armTile) smmla(p, kh int) {
	f := t.f
	for i := 0; i < t.tokens; i += 2 {
		t.loadAct(i, p, kh, t.w)
		t.loadAct(i+1, p, kh, t.w+1)
		f.v("trn1", t.act+i, t.w, t.w+1)
		f.v("trn2", t.act+i+1, t.w, t.w+1)
	}
	for e := range 2 {
		for h := range t.parts {
			f.ldp(256*kh+128*e+32*(p+h), "R2", t.w, t.w+1)
			for u := range t.tokens / 2 {
				for j := range 2 {
					f.v("smmla", t.n+2*t.parts*u+2*h+j, t.w+j, t.act+2*u+e)
				}
			}
		}
	}
}

// eachPair is eachScale for pairs: use gets the number j of the register of the pass's sums, that of the f32 sums, and the register of
// the scales, each of which stands beside itself.
func (t *armTile) eachPair(p, set int, use func(j, acc, s int)) {
	f := t.f
	for h := 0; h < t.parts; h += 2 {
		f.ldp(64*set+16*(p+h), "R3", t.w, t.w+1)
		for e := range 2 {
			for j := range 2 {
				s := t.act + 2 + j
				f.v([]string{"zip1", "zip2"}[j], s, t.w+e, t.w+e)
				for u := range t.tokens / 2 {
					rows := 2*(h+e) + j
					use(2*t.parts*u+rows, 8*u+2*p+rows, s)
				}
			}
		}
	}
}

// pairs lays the tokens' numbers in lanes of from out as the sums are: two tokens, twice.
func (t *armTile) pairs(from int) {
	t.f.v("trn1", t.act, from, from)
	if t.tokens > 2 {
		t.f.v("trn2", t.act+1, from, from)
	}
}

// foldPairs is fold for pairs.
func (t *armTile) foldPairs(p int) {
	f := t.f
	t.pairs(armTileD)
	second := 0
	if t.halves {
		second = 1
	}
	t.eachPair(p, second, func(j, acc, s int) {
		n := t.n + j
		f.v("scvtf", n, n)
		if t.halves {
			f.v("fmla", t.half+j, n, s)
			n = t.half + j
		} else {
			f.v("fmul", n, n, s)
		}
		f.v("fmla", acc, n, t.act+acc/8)
	})
	if !t.min {
		return
	}
	t.pairs(armTileS)
	t.eachPair(p, 1, func(_, acc, m int) { f.v("fmla", acc, m, t.act+acc/8) })
}
