package gen

import (
	"fmt"
	"strings"
)

var goNames = map[string]string{"mxfp4": "MXFP4", "int8": "Int8"}

// goName is the kind's name as Go writes it: Q4_0, IQ4_NL.
func (k *kind) goName() string {
	if n, ok := goNames[k.name]; ok {
		return n
	}
	return strings.ToUpper(k.name)
}

// tokens returns the numbers of tokens that a tile takes at once, the largest first: as many as the registers hold.
func (k *kind) tokens() []int {
	if k.halves {
		return []int{2, 1}
	}
	return []int{3, 2, 1}
}

// tileRegs assigns vector registers in a tile of some tokens: part h of token t is parts()·t + h further on.
type tileRegs struct{ acc, n, f, w, act, tmp int }

func (k *kind) tileRegs(lv *x86, tokens int) tileRegs {
	r := tileRegs{n: tokens * lv.parts()}
	r.f = r.n + tokens*lv.parts()
	r.w = r.f
	if k.halves {
		r.w += tokens * lv.parts()
	}
	r.act = r.w + lv.parts()
	r.tmp = r.act + 1
	return r
}

// tile is the product of one unpacked panel slice with some tokens.
//
// General registers: y DI, its stride R8, codes SI, scales BX, blocks CX, the tokens' q DX, d R9, ds R10, s R11 with strides R12 and AX,
// tokens left R13.
func tile(lv *x86, k *kind) *fn {
	f := newFn(lv, "Tile"+k.goName(), "y []float32, stride int, codes []byte, scales []float32, blocks int, q []int8, d, ds []float32, s []int16, pad, tokens int, more bool", "", "multiplies an unpacked panel slice with some tokens.")
	f.load("y", "DI", "stride", "R8", "q", "DX", "d", "R9", "ds", "R10", "s", "R11", "pad", "R12", "tokens", "R13")
	f.op("SHLQ", imm(2), "R8")
	f.op("MOVQ", "R12", "AX")
	f.op("SHRQ", imm(3), "AX")
	eachTokens(f, k.tokens(), func(n int) {
		r := k.tileRegs(lv, n)
		loadSums(f, r.acc, n)
		f.load("codes", "SI", "scales", "BX", "blocks", "CX")
		f.loop("block", "CX", func() { k.tileBlock(f, r, n) })
		storeSums(f, r.acc, n)
		f.note("the next tokens: back to the slice's first k, then %d rows on", n)
		f.load("blocks", "CX")
		f.op("SHLQ", imm(2), "CX")
		for _, c := range []string{"R9", "R10", "R11"} {
			f.op("SUBQ", "CX", c)
			advance(f, c, "AX", n)
		}
		f.op("SHLQ", imm(3), "CX")
		f.op("SUBQ", "CX", "DX")
		advance(f, "DX", "R12", n)
	})
	return f.end()
}

// eachTokens writes a loop for every number of tokens in sizes, which end with 1: as many of the largest as fit, then the smaller ones.
func eachTokens(f *fn, sizes []int, body func(n int)) {
	for _, n := range sizes {
		top, next := f.label(fmt.Sprintf("tokens%d_", n)), f.label("fewer")
		f.place(top)
		f.op("CMPQ", "R13", imm(n))
		f.op("JLT", next)
		body(n)
		f.op("SUBQ", imm(n), "R13")
		f.op("JMP", top)
		f.place(next)
	}
}

// advance adds n·step to reg.
func advance(f *fn, reg, step string, n int) {
	for ; n >= 8; n -= 8 {
		f.op("LEAQ", fmt.Sprintf("(%s)(%s*8)", reg, step), reg)
	}
	for _, m := range []int{4, 2, 1} {
		if n&m != 0 {
			f.op("LEAQ", fmt.Sprintf("(%s)(%s*%d)", reg, step, m), reg)
		}
	}
}

// loadSums starts the sums of n tokens: from y if the slice continues one, else from zero. storeSums writes them and moves y on.
func loadSums(f *fn, acc, n int) {
	zero, done := f.label("zero"), f.label("sums")
	f.op("CMPB", f.at("more"), imm(0))
	f.op("JEQ", zero)
	f.op("MOVQ", "DI", "CX")
	for t := range n {
		for h := range f.lv.parts() {
			f.op("VMOVUPS", mem(f.lv.bytes*h, "CX"), f.v(acc+f.lv.parts()*t+h))
		}
		f.op("ADDQ", "R8", "CX")
	}
	f.op("JMP", done)
	f.place(zero)
	for i := range n * f.lv.parts() {
		f.op("VPXOR", f.v(acc+i), f.v(acc+i), f.v(acc+i))
	}
	f.place(done)
}

func storeSums(f *fn, acc, n int) {
	for t := range n {
		for h := range f.lv.parts() {
			f.op("VMOVUPS", f.v(acc+f.lv.parts()*t+h), mem(f.lv.bytes*h, "DI"))
		}
		f.op("ADDQ", "R8", "DI")
	}
}

// row is the address of token t's data behind base, rows of stride apart.
func row(off int, base, stride string, t int) string {
	if t == 0 {
		return mem(off, base)
	}
	return fmt.Sprintf("%d(%s)(%s*%d)", off, base, stride, t)
}

// tileBlock adds one block of 32 k to n tokens.
func (k *kind) tileBlock(f *fn, r tileRegs, n int) {
	if f.lv.vnni {
		k.clearSums(f, r, n)
	}
	for g := range 8 {
		k.tileGroup(f, r, n, g)
		if g == 3 && k.halves {
			k.tileHalf(f, r, n)
		}
	}
	if k.halves {
		k.tileFoldHalves(f, r, n)
	} else {
		k.tileFold(f, r, n)
	}
	f.op("ADDQ", imm(512), "SI")
	f.op("ADDQ", imm(64*k.per()), "BX")
	f.op("ADDQ", imm(32), "DX")
	for _, c := range []string{"R9", "R10", "R11"} {
		f.op("ADDQ", imm(4), c)
	}
}

func (k *kind) clearSums(f *fn, r tileRegs, n int) {
	for i := range n * f.lv.parts() {
		f.op("VPXOR", f.v(r.n+i), f.v(r.n+i), f.v(r.n+i))
	}
}

// tileGroup adds the products of four k.
func (k *kind) tileGroup(f *fn, r tileRegs, n, g int) {
	parts := f.lv.parts()
	first := g == 0 || g == 4 && k.halves
	if k.bits == 8 && !f.lv.vnni { // sign form: |w| · sign(w)·q, one part at a time
		w, abs := f.v(r.w), f.v(r.w+1)
		for h := range parts {
			f.op("VMOVDQU", mem(64*g+f.lv.bytes*h, "SI"), w)
			f.op("VPXOR", f.bytes1("sign", 128), w, w)
			f.op("VPABSB", w, abs)
			for t := range n {
				s, a := f.v(r.n+parts*t+h), f.v(r.act)
				f.op("VPBROADCASTD", row(4*g, "DX", "R12", t), a)
				f.op("VPSIGNB", w, a, a)
				f.op("VPMADDUBSW", a, abs, a)
				if first {
					f.op("VPMADDWD", f.words2("ones", 1), a, s)
					continue
				}
				f.op("VPMADDWD", f.words2("ones", 1), a, a)
				f.op("VPADDD", a, s, s)
			}
		}
		return
	}
	late := k.bits == 5 && !k.halves && g >= 4 // 16 bits hold four groups of 5 bits: the others are widened one by one
	if late && g == 4 && !f.lv.vnni {
		k.widenAll(f, r, n)
	}
	for h := range parts {
		f.op("VMOVDQU", mem(64*g+f.lv.bytes*h, "SI"), f.v(r.w+h))
	}
	for t := range n {
		f.op("VPBROADCASTD", row(4*g, "DX", "R12", t), f.v(r.act))
		for h := range parts {
			s, a, w, u := f.v(r.n+parts*t+h), f.v(r.act), f.v(r.w+h), f.v(r.tmp)
			if late && !f.lv.vnni {
				f.op("VPMADDUBSW", a, w, u)
				f.op("VPMADDWD", f.words2("ones", 1), u, u)
				f.op("VPADDD", u, s, s)
				continue
			}
			k.mulAdd(f, w, a, s, u, first)
		}
	}
}

func (k *kind) widenAll(f *fn, r tileRegs, n int) {
	for i := range n * f.lv.parts() {
		k.widen(f, f.v(r.n+i))
	}
}

// tileHalf turns the integer sums of the first 16 k into f = f32(n0)·s0.
func (k *kind) tileHalf(f *fn, r tileRegs, n int) {
	parts := f.lv.parts()
	k.widenAll(f, r, n)
	for t := range n {
		if k.offsetAt(f.lv) > 0 {
			f.op("VPBROADCASTD", row(0, "R11", "AX", t), f.v(r.act))
			f.op("VPMADDWD", f.words2pair("offset0", k.offsetAt(f.lv), 0), f.v(r.act), f.v(r.act))
		}
		for h := range parts {
			s, d := f.v(r.n+parts*t+h), f.v(r.f+parts*t+h)
			if k.offsetAt(f.lv) > 0 {
				f.op("VPSUBD", f.v(r.act), s, s)
			}
			f.op("VCVTDQ2PS", s, s)
			f.op("VMULPS", mem(f.lv.bytes*h, "BX"), s, d)
		}
	}
	if f.lv.vnni {
		k.clearSums(f, r, n)
	}
}

// tileFoldHalves adds the second 16 k and the block to the sums.
func (k *kind) tileFoldHalves(f *fn, r tileRegs, n int) {
	parts := f.lv.parts()
	k.widenAll(f, r, n)
	for t := range n {
		if k.offsetAt(f.lv) > 0 {
			f.op("VPBROADCASTD", row(0, "R11", "AX", t), f.v(r.act))
			f.op("VPMADDWD", f.words2pair("offset1", 0, k.offsetAt(f.lv)), f.v(r.act), f.v(r.act))
		}
		f.op("VBROADCASTSS", row(0, "R9", "AX", t), f.v(r.tmp))
		for h := range parts {
			s, d := f.v(r.n+parts*t+h), f.v(r.f+parts*t+h)
			if k.offsetAt(f.lv) > 0 {
				f.op("VPSUBD", f.v(r.act), s, s)
			}
			f.op("VCVTDQ2PS", s, s)
			f.op("VFMADD231PS", mem(64+f.lv.bytes*h, "BX"), s, d)
			f.op("VFMADD231PS", f.v(r.tmp), d, f.v(r.acc+parts*t+h))
		}
		if k.minimum == nil {
			continue
		}
		f.op("VPBROADCASTD", row(0, "R11", "AX", t), f.v(r.act))
		f.op("VPMADDWD", f.words2pair("second", 0, 1), f.v(r.act), f.v(r.w))
		f.op("VPMADDWD", f.words2pair("first", 1, 0), f.v(r.act), f.v(r.act))
		f.op("VCVTDQ2PS", f.v(r.act), f.v(r.act))
		f.op("VCVTDQ2PS", f.v(r.w), f.v(r.w))
		for h := range parts {
			g := f.v(r.n + parts*t + h)
			f.op("VMULPS", mem(128+f.lv.bytes*h, "BX"), f.v(r.act), g)
			f.op("VFMADD231PS", mem(192+f.lv.bytes*h, "BX"), f.v(r.w), g)
			f.op("VFMADD231PS", f.v(r.tmp), g, f.v(r.acc+parts*t+h))
		}
	}
}

// tileFold adds a block with one scale to the sums.
func (k *kind) tileFold(f *fn, r tileRegs, n int) {
	parts := f.lv.parts()
	if k.bits < 5 {
		k.widenAll(f, r, n)
	}
	for t := range n {
		if k.offsetAt(f.lv) > 0 {
			f.op("VPBROADCASTD", row(0, "R11", "AX", t), f.v(r.act))
			f.op("VPMADDWD", f.words2("offset", uint16(k.offsetAt(f.lv))), f.v(r.act), f.v(r.act))
		}
		f.op("VBROADCASTSS", row(0, "R9", "AX", t), f.v(r.tmp))
		for h := range parts {
			s, a := f.v(r.n+parts*t+h), f.v(r.acc+parts*t+h)
			if k.offsetAt(f.lv) > 0 {
				f.op("VPSUBD", f.v(r.act), s, s)
			}
			f.op("VCVTDQ2PS", s, s)
			f.op("VMULPS", mem(f.lv.bytes*h, "BX"), s, s)
			f.op("VFMADD231PS", f.v(r.tmp), s, a)
		}
		if k.minimum == nil {
			continue
		}
		f.op("VBROADCASTSS", row(0, "R10", "AX", t), f.v(r.act))
		for h := range parts {
			f.op("VFMADD231PS", mem(64+f.lv.bytes*h, "BX"), f.v(r.act), f.v(r.acc+parts*t+h))
		}
	}
}
