package gen

import "fmt"

// armForm is what distinguishes the products of kinds once their codes are signed bytes.
type armForm struct {
	name        string
	halves, min bool
	bits        int // forms of the neon level alone: codes of 5 bits without a sign, or of 8 bits
}

var armForms = []armForm{
	{name: "Plain"}, {name: "Min", min: true}, {name: "Halves", halves: true}, {name: "HalvesMin", halves: true, min: true},
	{name: "Min5", min: true, bits: 5}, {name: "Plain8", bits: 8}, {name: "Halves8", halves: true, bits: 8},
}

// armTile is a form's tile for some tokens: rows are 16, in passes of 4·parts. The f32 sums of all rows stay in registers, the integer
// sums of one pass.
type armTile struct {
	armForm
	f      *afn
	tokens int // that are multiplied: SMMLA takes a single one twice
	stored int
	parts  int // registers of 4 rows in a pass

	n, half, w, act, tmp int // registers: integer sums, f of halves, weights, activations; f32 sums are 0 and on
}

const (
	armTileD = 30 // D of the tokens, a lane each
	armTileS = 31 // D·Σq, or Σq of the halves
)

// shape returns the numbers of tokens, the largest first, and the parts of a pass.
func (m armForm) shape(lv *a64) (tokens []int, parts int) {
	switch {
	case lv.mmla && m.halves:
		return []int{2, 1}, 4
	case lv.sdot && m.halves:
		return []int{3, 2, 1}, 2
	case lv.sdot:
		return []int{4, 2, 1}, 2
	case m.halves:
		return []int{2, 1}, 2
	}
	return []int{2, 1}, 4
}

func (m armForm) newTile(f *afn, tokens int) *armTile {
	t := &armTile{armForm: m, f: f, tokens: tokens, stored: tokens}
	if f.lv.mmla {
		t.tokens = max(2, tokens)
	}
	_, t.parts = m.shape(f.lv)
	next := 4 * t.tokens
	take := func(n int) int { next += n; return next - n }
	t.n = take(t.parts * t.tokens)
	if !f.lv.sdot {
		take(t.parts * t.tokens) // sums are wide first
	}
	if m.halves {
		t.half = take(t.parts * t.tokens)
	}
	t.w = take(2)
	switch {
	case f.lv.mmla:
		t.act = take(4)
	case m.bits == 8:
		t.act = take(2 * t.tokens)
	default:
		t.act = take(t.tokens)
	}
	t.tmp = next
	return t
}

// General registers: y R0 with row stride R1, codes R2, scales R3, blocks left R4; the tokens' q R5, R6 ..., their d R9, R10 ... and ds (or s)
// R13, R14 ...; strides of q R19 and of the others R20; tokens left R21, more R22.
func (m armForm) tile(lv *a64) *fn {
	f := newArm(lv, "Tile"+m.name, "y []float32, stride int, codes []byte, scales []float32, blocks int, q []int8, d, ds []float32, s []int16, pad, tokens int, more bool", "",
		"multiplies an unpacked panel slice with some tokens.")
	f.load("y", "R0", "stride", "R1", "q", "R5", "d", "R9", "pad", "R19", "tokens", "R21")
	switch {
	case m.min && m.halves:
		f.load("s", "R13")
	case m.min:
		f.load("ds", "R13")
	}
	f.op("MOVBU", f.at("more"), "R22")
	f.op("LSL", imm(2), "R1")
	f.op("LSR", imm(3), "R19", "R20")
	sizes, _ := m.shape(lv)
	armTokens(f, "R21", sizes, func(n int) { m.newTile(f, n).run() })
	return f.end()
}

// armTokens writes a loop for every number of tokens in sizes, which end with 1; count is counted down.
func armTokens(f *afn, count string, sizes []int, body func(n int)) {
	for _, n := range sizes {
		top, next := f.label(fmt.Sprintf("tokens%d_", n)), f.label("fewer")
		f.place(top)
		f.op("CMP", imm(n), count)
		f.op("BLT", next)
		body(n)
		f.op("SUB", imm(n), count)
		f.op("JMP", top)
		f.place(next)
	}
}

// run multiplies the tile's tokens and moves on to the next ones.
func (t *armTile) run() {
	f := t.f
	for i := 1; i < t.tokens; i++ {
		t.next(5+i, "R19")
		t.next(9+i, "R20")
		if t.min {
			t.next(13+i, "R20")
		}
	}
	t.loadSums()
	f.load("codes", "R2", "scales", "R3", "blocks", "R4")
	f.loop("block", "R4", func() { t.block() })
	t.storeSums()
	f.note("the next tokens, at the slice's first k")
	f.load("blocks", "R4")
	t.back(5, "R19", 5)
	t.back(9, "R20", 2)
	if t.min {
		t.back(13, "R20", 2)
	}
}

// next points a register to the row after that of the one before it; a token taken twice keeps its row.
func (t *armTile) next(dst int, stride string) {
	if t.stored < t.tokens {
		t.f.op("MOVD", r(dst-1), r(dst))
		return
	}
	t.f.op("ADD", stride, r(dst-1), r(dst))
}

// back points the first of the registers from base on to the row after the last one, before the blocks of 1<<shift bytes in R4.
func (t *armTile) back(base int, stride string, shift int) {
	t.f.op("LSL", imm(shift), "R4", "R17")
	t.f.op("SUB", "R17", stride, "R17")
	t.f.op("ADD", "R17", r(base+t.tokens-1), r(base))
}

// loadSums starts the sums: from y if the slice continues one, else from zero.
func (t *armTile) loadSums() {
	f := t.f
	zero, done := f.label("zero"), f.label("sums")
	f.op("CBZ", "R22", zero)
	f.op("MOVD", "R0", "R17")
	for i := range t.tokens {
		to := 4 * i
		if f.lv.mmla {
			to = armRows + 4*(i%2)
		}
		f.ldp(0, "R17", to, to+1)
		f.ldp(32, "R17", to+2, to+3)
		if i+1 < t.stored {
			f.op("ADD", "R1", "R17")
		}
		if f.lv.mmla && i%2 == 1 {
			t.pairUp(4 * (i - 1))
		}
	}
	f.op("JMP", done)
	f.place(zero)
	f.zero(0, 4*t.tokens)
	f.place(done)
}

// storeSums writes the sums and moves y on.
func (t *armTile) storeSums() {
	f := t.f
	for i := range t.stored {
		from := 4 * i
		if f.lv.mmla {
			from = armRows + 4*(i%2)
		}
		if f.lv.mmla && i%2 == 0 {
			t.pairApart(4 * i)
		}
		f.stp(from, from+1, 0, "R0")
		f.stp(from+2, from+3, 32, "R0")
		f.op("ADD", "R1", "R0")
	}
}

// block adds one block of 32 k.
func (t *armTile) block() {
	f := t.f
	for p := 0; p < 4; p += t.parts {
		for kh := range 2 {
			if f.lv.sdot && (kh == 0 || t.halves) {
				f.zero(t.n, t.parts*t.tokens)
			}
			t.products(p, kh)
			if t.halves && kh == 0 {
				t.first(p)
			}
		}
		if p == 0 {
			t.loadD()
		}
		t.fold(p)
	}
	f.op("ADD", imm(512), "R2")
	f.op("ADD", imm(64*t.per()), "R3")
}

// per is the number of vectors of scales and minimums of a block.
func (m armForm) per() int {
	n := 1
	if m.halves {
		n *= 2
	}
	if m.min {
		n *= 2
	}
	return n
}

// sum is the register of the integer sums of token i and part h of the pass, f0 that of what the first half gives.
func (t *armTile) sum(i, h int) int { return t.n + t.parts*i + h }
func (t *armTile) f0(i, h int) int  { return t.half + t.parts*i + h }

// products adds the products of 16 k with the rows from part p on; after the last ones of a sum it has 32 bits a row.
func (t *armTile) products(p, kh int) {
	switch {
	case t.f.lv.mmla:
		t.smmla(p, kh)
	case t.f.lv.sdot:
		t.sdot(p, kh)
	case t.bits == 8:
		t.smullPairs(p, kh)
	default:
		t.smull(p, kh)
	}
	if t.f.lv.sdot {
		return
	}
	if kh == 1 || t.halves {
		t.narrow()
	}
	if kh == 1 && p+t.parts < 4 {
		for i := range t.tokens {
			t.f.op("SUB", imm(32), r(5+i))
		}
	}
}

// loadAct loads 16 k of token i; the last pass moves on.
func (t *armTile) loadAct(i, p, kh, dst int) {
	if p+t.parts == 4 {
		t.f.ldrPast(r(5+i), dst)
		return
	}
	t.f.ldr(16*kh, r(5+i), dst)
}

func (t *armTile) sdot(p, kh int) {
	for i := range t.tokens {
		t.loadAct(i, p, kh, t.act+i)
	}
	for g := 4 * kh; g < 4*kh+4; g++ {
		t.f.ldp(64*g+16*p, "R2", t.w, t.w+1)
		for i := range t.tokens {
			for h := range t.parts {
				t.f.v("sdot.e", t.sum(i, h), t.w+h, t.act+i, g%4)
			}
		}
	}
}

// smull sums products of 4 k in 16 bits; see armBlock.sumGroups. Signed codes of 6 bits and less fit in eight groups.
func (t *armTile) smull(p, kh int) {
	f := t.f
	for g := 4 * kh; g < 4*kh+4; g++ {
		name := "smlal"
		if g == 0 || g == 4 && t.halves {
			name = "smull"
		}
		for i := range t.tokens {
			f.spread(r(5+i), 4, t.act+i)
		}
		for h := 0; h < t.parts; h += 2 {
			f.ldp(64*g+16*(p+h), "R2", t.w, t.w+1)
			for i := range t.tokens {
				for e := range 2 {
					wide := t.n + 2*(t.parts*i+h+e)
					f.v(name, wide, t.w+e, t.act+i)
					f.v(name+"2", wide+1, t.w+e, t.act+i)
				}
			}
		}
	}
}

// smullPairs is smull for codes of 8 bits: two products fit.
func (t *armTile) smullPairs(p, kh int) {
	f := t.f
	for g := 4 * kh; g < 4*kh+4; g += 2 {
		add := "sadalp"
		if g == 0 || g == 4 && t.halves {
			add = "saddlp"
		}
		for i := range t.tokens {
			f.spread(r(5+i), 4, t.act+2*i)
			f.spread(r(5+i), 4, t.act+2*i+1)
		}
		for h := range t.parts {
			f.ldr(64*g+16*(p+h), "R2", t.w)
			f.ldr(64*g+64+16*(p+h), "R2", t.w+1)
			for i := range t.tokens {
				for e := range 2 {
					f.v(part("smull", e), t.tmp+e, t.w, t.act+2*i)
					f.v(part("smlal", e), t.tmp+e, t.w+1, t.act+2*i+1)
					f.v(add, t.n+2*(t.parts*i+h)+e, t.tmp+e)
				}
			}
		}
	}
}

// narrow adds up the wide sums of the pass.
func (t *armTile) narrow() {
	for j := range t.parts * t.tokens {
		switch t.bits {
		case 8:
			t.f.v("addp.4s", t.n+j, t.n+2*j, t.n+2*j+1)
		case 5:
			narrow(t.f, 31*8, t.n+2*j, t.n+j)
		default:
			narrow(t.f, 16*8, t.n+2*j, t.n+j)
		}
	}
}
