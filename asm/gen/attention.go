package gen

import "fmt"

// Attention on a page of the cache: queries · keys (a chain over the dims, lanes are positions) and weights · values (a chain over the positions,
// lanes are dims). A step works on several queries and one or two groups of 16 lanes, as many as the registers hold.

// cacheBytes is the size of a cached value.
var cacheBytes = map[string]int{"F32": 4, "F16": 2, "Q8_0": 1}

// attn is one step's shape and registers: sums from 0, cached values, a broadcast, scales of Q8_0.
type attn struct {
	typ             string
	queries, groups int
	parts           int // registers of 16 lanes
	data, cast, by  int
}

// attnSizes are the numbers of queries of a step, the largest first.
func attnSizes(lv *x86) []int {
	if lv.parts() == 1 {
		return []int{8, 4, 1}
	}
	return []int{4, 1}
}

func newAttn(lv *x86, typ string, queries, groups int) *attn {
	a := &attn{typ: typ, queries: queries, groups: groups, parts: lv.parts()}
	a.data = queries * a.regs()
	a.cast = a.data + a.regs()
	a.by = a.cast + 1
	return a
}

// regs is the number of registers for the lanes of a step.
func (a *attn) regs() int { return a.groups * a.parts }

// load leaves cached values as f32 in data register h; base is where those of h's group are. Q8_0 codes are multiplied by register scale.
func (a *attn) load(f *fn, base string, off, h, scale int) {
	dst, part := f.v(a.data+h), h%a.parts
	switch a.typ {
	case "F32":
		f.op("VMOVUPS", mem(off+f.lv.bytes*part, base), dst)
	case "F16":
		f.op("VCVTPH2PS", mem(off+f.lv.bytes/2*part, base), dst)
	case "Q8_0":
		f.op("VPMOVSXBD", mem(off+f.lv.bytes/4*part, base), dst)
		f.op("VCVTDQ2PS", dst, dst)
		f.op("VMULPS", f.v(scale), dst, dst)
	}
}

// add adds the product of the data registers with the number at addr to the sums of query t.
func (a *attn) add(f *fn, t int, addr string) {
	f.op("VBROADCASTSS", addr, f.v(a.cast))
	for h := range a.regs() {
		f.op("VFMADD231PS", f.v(a.cast), f.v(a.data+h), f.v(a.regs()*t+h))
	}
}

// scores: queries · keys. General registers: q R8 with stride R10 (three of it R11), s R9 with rows of 512 bytes; keys SI and of the second
// group R13, Q8_0 scales BX; dims CX, groups left R12; cursors over a row of q DX and, for queries 4 to 7, R14; over s DI.
func scores(lv *x86, typ string) *fn {
	f := newFn(lv, "Scores"+typ, "s, q []float32, k []byte, headDim, queries, groups int", "", "computes queries · keys of a page.")
	f.load("q", "R8", "s", "R9", "headDim", "R10")
	f.op("ADDQ", imm(15), "R10")
	f.op("ANDQ", imm(-16), "R10")
	f.op("SHLQ", imm(2), "R10")
	f.op("LEAQ", "(R10)(R10*2)", "R11")
	eachTokens(f, "queries", attnSizes(lv), func(n int) {
		f.load("k", "SI", "groups", "R12")
		f.op("MOVQ", "R9", "DI")
		if typ == "Q8_0" {
			f.load("headDim", "BX")
			f.op("SHLQ", imm(7), "BX")
			f.op("ADDQ", "SI", "BX")
		}
		if lv.parts() == 1 && typ != "Q8_0" {
			pairs, single := f.label("pairs"), f.label("single")
			f.place(pairs)
			f.op("CMPQ", "R12", imm(2))
			f.op("JLT", single)
			newAttn(lv, typ, n, 2).scoreGroups(f)
			f.op("SUBQ", imm(2), "R12")
			f.op("JMP", pairs)
			f.place(single)
		}
		done := f.label("scored")
		f.op("TESTQ", "R12", "R12")
		f.op("JZ", done)
		f.loop("group", "R12", newAttn(lv, typ, n, 1).bind(f))
		f.place(done)
		f.op("ADDQ", imm(512*n), "R9")
		advance(f, "R8", "R10", n)
	})
	return f.end()
}

// bind is scoreGroups as a function without arguments.
func (a *attn) bind(f *fn) func() { return func() { a.scoreGroups(f) } }

// scoreGroups computes the scores of the step's queries and positions.
func (a *attn) scoreGroups(f *fn) {
	for i := range a.queries * a.regs() {
		f.op("VPXOR", f.v(i), f.v(i), f.v(i))
	}
	f.load("headDim", "CX")
	f.op("MOVQ", "R8", "DX")
	if a.queries > 4 {
		f.op("LEAQ", "(R8)(R10*4)", "R14")
	}
	if a.groups == 2 {
		f.op("MOVQ", "CX", "R13")
		f.op("IMULQ", imm(16*cacheBytes[a.typ]), "R13")
		f.op("ADDQ", "SI", "R13")
	}
	if a.typ == "Q8_0" {
		eachBlock32(f, func() {
			for h := range a.parts {
				f.op("VCVTPH2PS", mem(f.lv.bytes/2*h, "BX"), f.v(a.by+h))
			}
			f.op("ADDQ", imm(32), "BX")
		}, func() { f.loop("dim", "CX", func() { a.scoreDim(f) }) })
	} else {
		f.loop("dim", "CX", func() { a.scoreDim(f) })
	}
	for t := range a.queries {
		for h := range a.regs() {
			f.op("VMOVUPS", f.v(a.regs()*t+h), mem(512*t+f.lv.bytes*h, "DI"))
		}
	}
	f.op("ADDQ", imm(64*a.groups), "DI")
	if a.groups == 2 {
		f.op("MOVQ", "R13", "SI")
	}
}

// scoreDim adds one dim of the keys.
func (a *attn) scoreDim(f *fn) {
	for h := range a.regs() {
		base := "SI"
		if h >= a.parts {
			base = "R13"
		}
		a.load(f, base, 0, h, a.by+h%a.parts)
	}
	for t := range a.queries {
		base := "DX"
		if t >= 4 {
			base = "R14"
		}
		a.add(f, t, fmt.Sprintf("(%s)%s", base, []string{"", "(R10*1)", "(R10*2)", "(R11*1)"}[t%4]))
	}
	f.op("ADDQ", imm(4), "DX")
	if a.queries > 4 {
		f.op("ADDQ", imm(4), "R14")
	}
	f.op("ADDQ", imm(16*cacheBytes[a.typ]), "SI")
	if a.groups == 2 {
		f.op("ADDQ", imm(16*cacheBytes[a.typ]), "R13")
	}
}

// eachBlock32 splits the count in CX into blocks of at most 32: head runs before each, body runs with the block's count in CX.
func eachBlock32(f *fn, head, body func()) {
	top, small := f.label("scaled"), f.label("last")
	f.op("MOVQ", "CX", "AX")
	f.place(top)
	head()
	f.op("MOVQ", imm(32), "CX")
	f.op("CMPQ", "AX", "CX")
	f.op("JGE", small)
	f.op("MOVQ", "AX", "CX")
	f.place(small)
	f.op("SUBQ", "CX", "AX")
	body()
	f.op("TESTQ", "AX", "AX")
	f.op("JNZ", top)
}

// values: weights · values. General registers: sums R9 with stride R14, weights R8 with rows of 512 bytes; values BX of the dims at hand, their
// row stride R10; groups of 16 dims R11, those done R12; cursors over the sums DI and DX, over positions SI, over the weights DX,
// Q8_0 scales AX.
func values(lv *x86, typ string) *fn {
	f := newFn(lv, "Values"+typ, "acc, e []float32, v []byte, headDim, queries, positions int", "", "adds weights · values of a page.")
	f.load("acc", "R9", "e", "R8", "headDim", "R11")
	f.op("ADDQ", imm(15), "R11")
	f.op("SHRQ", imm(4), "R11")
	f.op("MOVQ", "R11", "R14")
	f.op("SHLQ", imm(6), "R14")
	f.op("MOVQ", "R11", "R10")
	f.op("SHLQ", imm(map[string]int{"F32": 6, "F16": 5, "Q8_0": 4}[typ]), "R10")
	eachTokens(f, "queries", attnSizes(lv), func(n int) {
		f.load("v", "BX")
		f.op("MOVQ", "R9", "DI")
		f.op("MOVQ", imm(0), "R12")
		top, single, next, done := f.label("dims"), f.label("single"), f.label("next"), f.label("valued")
		f.place(top)
		f.op("MOVQ", "R11", "AX")
		f.op("SUBQ", "R12", "AX")
		f.op("JZ", done)
		if lv.parts() == 1 && typ != "Q8_0" {
			f.op("CMPQ", "AX", imm(2))
			f.op("JLT", single)
			newAttn(lv, typ, n, 2).valueGroups(f)
			f.op("JMP", next)
			f.place(single)
		}
		newAttn(lv, typ, n, 1).valueGroups(f)
		f.place(next)
		f.op("JMP", top)
		f.place(done)
		f.op("ADDQ", imm(512*n), "R8")
		advance(f, "R9", "R14", n)
	})
	return f.end()
}

// valueGroups adds the positions' values in the step's dims to the sums of its queries.
func (a *attn) valueGroups(f *fn) {
	sums := func(move func(reg, at string)) {
		f.op("MOVQ", "DI", "DX")
		for t := range a.queries {
			for h := range a.regs() {
				move(f.v(a.regs()*t+h), mem(f.lv.bytes*h, "DX"))
			}
			f.op("ADDQ", "R14", "DX")
		}
	}
	sums(func(reg, at string) { f.op("VMOVUPS", at, reg) })
	f.op("MOVQ", "BX", "SI")
	f.op("MOVQ", "R8", "DX")
	if a.typ == "Q8_0" {
		f.note("scales follow the codes: [128] rows of ceil(dims/32) f16; AX is at the row's scale of these dims")
		f.load("v", "AX")
		f.op("MOVQ", "R10", "CX")
		f.op("SHLQ", imm(7), "CX")
		f.op("ADDQ", "CX", "AX")
		f.op("MOVQ", "R12", "CX")
		f.op("SHRQ", imm(1), "CX")
		f.op("LEAQ", "(AX)(CX*2)", "AX")
	}
	f.load("positions", "CX")
	f.loop("position", "CX", func() {
		if a.typ == "Q8_0" {
			a.valueScale(f)
		}
		for h := range a.regs() {
			a.load(f, "SI", 16*cacheBytes[a.typ]*(h/a.parts), h, a.by)
		}
		for t := range a.queries {
			a.add(f, t, mem(512*t, "DX"))
		}
		f.op("ADDQ", "R10", "SI")
		f.op("ADDQ", imm(4), "DX")
	})
	sums(func(reg, at string) { f.op("VMOVUPS", reg, at) })
	f.op("ADDQ", imm(16*cacheBytes[a.typ]*a.groups), "BX")
	f.op("ADDQ", imm(64*a.groups), "DI")
	f.op("ADDQ", imm(a.groups), "R12")
}

// valueScale broadcasts the f16 scale at AX and moves AX to the next position's.
func (a *attn) valueScale(f *fn) {
	f.op("VPBROADCASTW", "(AX)", fmt.Sprintf("X%d", a.by))
	f.op("VCVTPH2PS", fmt.Sprintf("X%d", a.by), fmt.Sprintf("X%d", a.by))
	f.op("VBROADCASTSS", fmt.Sprintf("X%d", a.by), f.v(a.by))
	f.op("MOVQ", "R11", "R13")
	f.op("INCQ", "R13")
	f.op("SHRQ", imm(1), "R13")
	f.op("LEAQ", "(AX)(R13*2)", "AX")
}
