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
func (k *kind) tokens(lv *x86) []int {
	switch {
	case lv.reg == "Y" && k.halves:
		return []int{2, 1}
	case lv.reg == "Y":
		return []int{3, 2, 1}
	case k.halves:
		return []int{4, 2, 1}
	}
	return []int{6, 4, 2, 1}
}

// tileRegs assigns vector registers in a tile of some tokens: part h of token t is tileParts·t + h further on.
type tileRegs struct{ acc, n, f, w, act, tmp, s, ms int }

func (k *kind) tileRegs(tokens int) tileRegs {
	r := tileRegs{n: tokens * tileParts}
	r.f = r.n + tokens*tileParts
	r.w = r.f
	if k.halves {
		r.w += tokens * tileParts
	}
	r.act = r.w + tileParts
	r.tmp = r.act + 1
	r.s = r.tmp // scales, where they stay in registers
	r.ms = r.s + tileParts
	return r
}

// tile is the product of one unpacked panel slice (two panels side by side in 512-bit registers) with some tokens.
//
// General registers: y DI, its stride R8, codes SI, scales BX, blocks CX, the tokens' q DX (tokens 0-2) and R14 (3-5) with stride R12, their d
// R9, the distance to ds R10 and to s R11, their stride AX, a walker over the tokens' d R13.
func tile(lv *x86, k *kind) *fn {
	f := newFn(lv, "Tile"+k.goName(), "y []float32, stride int, codes []byte, scales []float32, blocks int, q []int8, d, ds []float32, s []int16, pad, tokens int, more bool", "", "multiplies an unpacked panel slice with some tokens.")
	f.load("y", "DI", "stride", "R8", "q", "DX", "d", "R9", "ds", "R10", "s", "R11", "pad", "R12")
	f.op("SHLQ", imm(2), "R8")
	f.op("SUBQ", "R9", "R10")
	f.op("SUBQ", "R9", "R11")
	f.op("MOVQ", "R12", "AX")
	f.op("SHRQ", imm(3), "AX")
	eachTokens(f, "tokens", k.tokens(lv), func(n int) {
		r := k.tileRegs(n)
		loadSums(f, r.acc, n, tileParts)
		f.load("codes", "SI", "scales", "BX", "blocks", "CX")
		if n > 3 {
			f.op("MOVQ", "DX", "R14")
			advance(f, "R14", "R12", 3)
		}
		f.loop("block", "CX", func() { k.tileBlock(f, r, n) })
		storeSums(f, r.acc, n, tileParts)
		f.note("the next tokens: back to the slice's first k, then %d rows on", n)
		f.load("blocks", "CX")
		f.op("SHLQ", imm(2), "CX")
		f.op("SUBQ", "CX", "R9")
		advance(f, "R9", "AX", n)
		f.op("SHLQ", imm(3), "CX")
		f.op("SUBQ", "CX", "DX")
		advance(f, "DX", "R12", n)
	})
	return f.end()
}

// eachTokens writes a loop for every number of tokens in sizes, which end with 1: as many of the largest as fit, then the smaller ones.
// The parameter count, which it counts down, says how many there are.
func eachTokens(f *fn, count string, sizes []int, body func(n int)) {
	for _, n := range sizes {
		top, next := f.label(fmt.Sprintf("tokens%d_", n)), f.label("fewer")
		f.place(top)
		f.op("CMPQ", f.at(count), imm(n))
		f.op("JLT", next)
		body(n)
		f.op("SUBQ", imm(n), f.at(count))
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
func loadSums(f *fn, acc, n, parts int) {
	zero, done := f.label("zero"), f.label("sums")
	f.op("CMPB", f.at("more"), imm(0))
	f.op("JEQ", zero)
	f.op("MOVQ", "DI", "CX")
	for t := range n {
		for h := range parts {
			f.op("VMOVUPS", mem(f.lv.bytes*h, "CX"), f.v(acc+parts*t+h))
		}
		f.op("ADDQ", "R8", "CX")
	}
	f.op("JMP", done)
	f.place(zero)
	for i := range n * parts {
		f.op("VPXOR", f.v(acc+i), f.v(acc+i), f.v(acc+i))
	}
	f.place(done)
}

func storeSums(f *fn, acc, n, parts int) {
	for t := range n {
		for h := range parts {
			f.op("VMOVUPS", f.v(acc+parts*t+h), mem(f.lv.bytes*h, "DI"))
		}
		f.op("ADDQ", "R8", "DI")
	}
}

// tokenRow is the address of token t's data: tokens 0-2 behind base, 3-5 behind base3, rows of stride apart.
func tokenRow(off int, base, base3, stride string, t int) string {
	if t >= 3 {
		base = base3
	}
	if t%3 == 0 {
		return mem(off, base)
	}
	return fmt.Sprintf("%d(%s)(%s*%d)", off, base, stride, t%3)
}

// eachToken runs body with R13 at token t's d; its ds and s are at dsAt and sAt.
func eachToken(f *fn, n int, body func(t int)) {
	f.op("MOVQ", "R9", "R13")
	for t := range n {
		body(t)
		if t+1 < n {
			f.op("ADDQ", "AX", "R13")
		}
	}
}

const (
	dAt  = "(R13)"
	dsAt = "(R13)(R10*1)"
	sAt  = "(R13)(R11*1)"
)

// tileBlock adds one block of 32 k to n tokens.
func (k *kind) tileBlock(f *fn, r tileRegs, n int) {
	if f.lv.vnni {
		k.startSums(f, r, n, 0, f.lv.magic())
	}
	for g := range 8 {
		k.tileGroup(f, r, n, g)
		if g == 3 && k.halves {
			k.tileHalf(f, r, n)
		}
	}
	switch {
	case k.halves:
		k.tileFoldHalves(f, r, n)
	case f.lv.magic():
		k.tileFoldMagic(f, r, n)
	default:
		k.tileFold(f, r, n)
	}
	f.op("ADDQ", imm(8*f.lv.group()), "SI")
	f.op("ADDQ", imm(f.lv.group()*k.sets(f.lv)), "BX")
	f.op("ADDQ", imm(32), "DX")
	if n > 3 {
		f.op("ADDQ", imm(32), "R14")
	}
	f.op("ADDQ", imm(4), "R9")
}

// magic says that integer sums start from the bits of the float M = 1.5·2^23: as floats they then are M + n, so that one
// FMA, fma(M + n, s, -M·s), gives round(n·s) without a conversion. M·s is exact: s has at most 19 significant bits.
func (lv *x86) magic() bool { return lv.reg == "Z" }

const magicFloat = 0x1.8p23

// startSums sets the integer sums to what the offset takes off: -offset·Σq of the block or, with halves, of the given half; plus the bits
// of M if magic is set. Levels without VPDPBUSD subtract it when the block is folded.
func (k *kind) startSums(f *fn, r tileRegs, n, half int, magic bool) {
	start := f.v(r.act)
	if magic {
		start = f.floats("magic", magicFloat)
	} else {
		f.op("VPXOR", start, start, start)
	}
	lo, hi := -k.offset, -k.offset
	if k.halves && half == 0 {
		hi = 0
	} else if k.halves {
		lo = 0
	}
	eachToken(f, n, func(t int) {
		for h := range tileParts {
			s := f.v(r.n + tileParts*t + h)
			switch {
			case h > 0:
				f.op("VMOVDQU", f.v(r.n+tileParts*t), s)
			case k.offset == 0:
				f.op("VMOVDQU", start, s)
			case f.lv.reg == "Z":
				f.op("VMOVDQU", start, s)
				f.op("VMOVDQU", f.words2pair(fmt.Sprintf("minus%d_%d", -lo, -hi), lo, hi), f.v(r.tmp))
				f.op("VPDPWSSD.BCST", sAt, f.v(r.tmp), s)
			default:
				f.op("VPBROADCASTD", sAt, f.v(r.tmp))
				f.op("VPMADDWD", f.words2pair(fmt.Sprintf("minus%d_%d", -lo, -hi), lo, hi), f.v(r.tmp), s)
			}
		}
	})
}

// tileGroup adds the products of four k.
func (k *kind) tileGroup(f *fn, r tileRegs, n, g int) {
	first := g == 0 || g == 4 && k.halves
	if k.bits == 8 && !f.lv.vnni {
		k.tileSigned(f, r, n, g, first)
		return
	}
	late := k.bits == 5 && !k.halves && g >= 4 && !f.lv.vnni // 16 bits hold four groups of 5 bits: the others are widened one by one
	if late && g == 4 {
		k.widenAll(f, r, n)
	}
	for h := range tileParts {
		f.op("VMOVDQU", mem(f.lv.group()*g+f.lv.bytes*h, "SI"), f.v(r.w+h))
	}
	for t := range n {
		f.op("VPBROADCASTD", tokenRow(4*g, "DX", "R14", "R12", t), f.v(r.act))
		for h := range tileParts {
			s, a, w, u := f.v(r.n+tileParts*t+h), f.v(r.act), f.v(r.w+h), f.v(r.tmp)
			if late {
				f.op("VPMADDUBSW", a, w, u)
				f.op("VPMADDWD", f.words2("ones", 1), u, u)
				f.op("VPADDD", u, s, s)
				continue
			}
			k.mulAdd(f, w, a, s, u, first)
		}
	}
}

// tileSigned is tileGroup for 8 bits without VPDPBUSD: |w| · sign(w)·q, one part at a time.
func (k *kind) tileSigned(f *fn, r tileRegs, n, g int, first bool) {
	w, abs, a := f.v(r.w), f.v(r.w+1), f.v(r.act)
	for h := range tileParts {
		f.op("VMOVDQU", mem(f.lv.group()*g+f.lv.bytes*h, "SI"), w)
		f.op("VPXOR", f.bytes1("sign", 128), w, w)
		f.op("VPABSB", w, abs)
		for t := range n {
			s := f.v(r.n + tileParts*t + h)
			f.op("VPBROADCASTD", tokenRow(4*g, "DX", "R14", "R12", t), a)
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
}

func (k *kind) widenAll(f *fn, r tileRegs, n int) {
	for i := range n * tileParts {
		k.widen(f, f.v(r.n+i))
	}
}

// subtract takes the offset's share off a token's sums where startSums has not.
func (k *kind) subtract(f *fn, r tileRegs, t int, name string, first, second int) {
	if k.offsetAt(f.lv) == 0 || f.lv.vnni {
		return
	}
	f.op("VPBROADCASTD", sAt, f.v(r.act))
	f.op("VPMADDWD", f.words2pair(name, first, second), f.v(r.act), f.v(r.act))
	for h := range tileParts {
		s := f.v(r.n + tileParts*t + h)
		f.op("VPSUBD", f.v(r.act), s, s)
	}
}

// tileHalf turns the integer sums of the first 16 k into f = f32(n0)·s0.
func (k *kind) tileHalf(f *fn, r tileRegs, n int) {
	k.widenAll(f, r, n)
	eachToken(f, n, func(t int) {
		k.subtract(f, r, t, "offset0", k.offset, 0)
		for h := range tileParts {
			s, d := f.v(r.n+tileParts*t+h), f.v(r.f+tileParts*t+h)
			if f.lv.magic() {
				f.op("VMOVUPS", k.magicScale(f, h), d)
				f.op("VFMADD231PS", mem(f.lv.bytes*h, "BX"), s, d)
				continue
			}
			f.op("VCVTDQ2PS", s, s)
			f.op("VMULPS", mem(f.lv.bytes*h, "BX"), s, d)
		}
	})
	if f.lv.vnni {
		k.startSums(f, r, n, 1, false)
	}
}

// tileFoldHalves adds the second 16 k and the block to the sums.
func (k *kind) tileFoldHalves(f *fn, r tileRegs, n int) {
	k.widenAll(f, r, n)
	eachToken(f, n, func(t int) {
		k.subtract(f, r, t, "offset1", 0, k.offset)
		f.op("VBROADCASTSS", dAt, f.v(r.tmp))
		for h := range tileParts {
			s, d := f.v(r.n+tileParts*t+h), f.v(r.f+tileParts*t+h)
			f.op("VCVTDQ2PS", s, s)
			f.op("VFMADD231PS", mem(f.lv.group()+f.lv.bytes*h, "BX"), s, d)
			f.op("VFMADD231PS", f.v(r.tmp), d, f.v(r.acc+tileParts*t+h))
		}
		if k.minimum == nil {
			return
		}
		f.op("VPBROADCASTD", sAt, f.v(r.act))
		f.op("VPMADDWD", f.words2pair("second", 0, 1), f.v(r.act), f.v(r.w))
		f.op("VPMADDWD", f.words2pair("first", 1, 0), f.v(r.act), f.v(r.act))
		f.op("VCVTDQ2PS", f.v(r.act), f.v(r.act))
		f.op("VCVTDQ2PS", f.v(r.w), f.v(r.w))
		for h := range tileParts {
			g := f.v(r.n + tileParts*t + h)
			f.op("VMULPS", mem(2*f.lv.group()+f.lv.bytes*h, "BX"), f.v(r.act), g)
			f.op("VFMADD231PS", mem(3*f.lv.group()+f.lv.bytes*h, "BX"), f.v(r.w), g)
			f.op("VFMADD231PS", f.v(r.tmp), g, f.v(r.acc+tileParts*t+h))
		}
	})
}

// magicScale is where -M·s (or -M·s0) of part h stands: behind the scales and minimums.
func (k *kind) magicScale(f *fn, h int) string {
	return mem(f.lv.group()*k.per()+f.lv.bytes*h, "BX")
}

// tileFoldMagic adds a block with one scale to the sums, scales in registers.
func (k *kind) tileFoldMagic(f *fn, r tileRegs, n int) {
	for h := range tileParts {
		f.op("VMOVUPS", mem(f.lv.bytes*h, "BX"), f.v(r.s+h))
		f.op("VMOVUPS", k.magicScale(f, h), f.v(r.ms+h))
	}
	eachToken(f, n, func(t int) {
		for h := range tileParts {
			s, a := f.v(r.n+tileParts*t+h), f.v(r.acc+tileParts*t+h)
			f.op("VFMADD213PS", f.v(r.ms+h), f.v(r.s+h), s)
			f.op("VFMADD231PS.BCST", dAt, s, a)
		}
	})
	if k.minimum == nil {
		return
	}
	for h := range tileParts {
		f.op("VMOVUPS", mem(f.lv.group()+f.lv.bytes*h, "BX"), f.v(r.s+h))
	}
	eachToken(f, n, func(t int) {
		for h := range tileParts {
			f.op("VFMADD231PS.BCST", dsAt, f.v(r.s+h), f.v(r.acc+tileParts*t+h))
		}
	})
}

// tileFold adds a block with one scale to the sums.
func (k *kind) tileFold(f *fn, r tileRegs, n int) {
	if k.bits < 5 {
		k.widenAll(f, r, n)
	}
	eachToken(f, n, func(t int) {
		k.subtract(f, r, t, "offset", k.offset, k.offset)
		f.op("VBROADCASTSS", dAt, f.v(r.tmp))
		for h := range tileParts {
			s, a := f.v(r.n+tileParts*t+h), f.v(r.acc+tileParts*t+h)
			f.op("VCVTDQ2PS", s, s)
			f.op("VMULPS", mem(f.lv.bytes*h, "BX"), s, s)
			f.op("VFMADD231PS", f.v(r.tmp), s, a)
		}
		if k.minimum == nil {
			return
		}
		f.op("VBROADCASTSS", dsAt, f.v(r.act))
		for h := range tileParts {
			f.op("VFMADD231PS", mem(f.lv.group()+f.lv.bytes*h, "BX"), f.v(r.act), f.v(r.acc+tileParts*t+h))
		}
	})
}
