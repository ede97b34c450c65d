package gen

import "fmt"

// Attention on a page of the cache (see attention.go): up to four queries and 16 lanes at a time. Vector registers: sums 0 and on, cached
// values 16 to 19, their scales 20 to 23, numbers of the queries 24 and on.
const (
	armData = 16
	armBy   = 20
	armCast = 24
)

// loadCached leaves 16 cached values at base as f32; codes of Q8_0 are multiplied by register scale(h).
func (f *afn) loadCached(typ, base string, scale func(h int) int) {
	switch typ {
	case "F32":
		f.ldp(0, base, armData, armData+1)
		f.ldp(32, base, armData+2, armData+3)
	case "F16":
		f.ldp(0, base, armData+1, armData+3)
		for h := range 4 {
			f.v(part("fcvtl", h), armData+h, armData+1+h/2*2)
		}
	case "Q8_0":
		f.ldr(0, base, armData+3)
		f.v("sshll.8h", armData+1, armData+3)
		f.v("sshll2.8h", armData+3, armData+3)
		for h := range 4 {
			f.v(part("sshll", h), armData+h, armData+1+h/2*2)
			f.v("scvtf", armData+h, armData+h)
			f.v("fmul", armData+h, armData+h, scale(h))
		}
	}
}

// addProducts adds the cached values times each query's number, which is R11 numbers behind R5, R6 ...
func (f *afn) addProducts(queries int) {
	for i := range queries {
		f.op("FMOVS", fmt.Sprintf("(%s)(R11<<2)", r(5+i)), fp(armCast+i))
		for h := range 4 {
			f.v("fmla.e", 4*i+h, armData+h, armCast+i, 0)
		}
	}
	f.op("ADD", imm(1), "R11")
}

// armScores: queries · keys. General registers: s R0, q R5 and on with stride R19, keys R2, their scales R3, groups left R10, dims R9 and R12,
// the cursor over s R23.
func armScores(typ string) *fn {
	f := newNeon("Scores"+typ, "s, q []float32, k []byte, headDim, queries, groups int", "", "computes queries · keys of a page.")
	f.load("s", "R0", "q", "R5", "headDim", "R19", "queries", "R21")
	f.op("ADD", imm(15), "R19")
	f.op("LSR", imm(4), "R19")
	f.op("LSL", imm(6), "R19")
	armTokens(f, "R21", []int{4, 2, 1}, func(n int) {
		f.load("k", "R2", "groups", "R10", "headDim", "R3")
		f.op("ADD", "R3<<7", "R2", "R3")
		for i := 1; i < n; i++ {
			f.op("ADD", "R19", r(4+i), r(5+i))
		}
		f.op("MOVD", "R0", "R23")
		done := f.label("scored")
		f.op("CBZ", "R10", done)
		f.loop("group", "R10", func() { f.scoreGroup(typ, n) })
		f.place(done)
		f.op("ADD", imm(512*n), "R0")
		f.op("ADD", "R19", r(4+n), "R5")
	})
	return f.end()
}

// scoreGroup computes the scores of n queries and 16 positions.
func (f *afn) scoreGroup(typ string, n int) {
	f.zero(0, 4*n)
	f.load("headDim", "R9")
	f.op("MOVD", imm(0), "R11")
	dims := func() {
		f.loop("dim", "R9", func() {
			f.loadCached(typ, "R2", func(h int) int { return armBy + h })
			f.op("ADD", imm(16*cacheBytes[typ]), "R2")
			f.addProducts(n)
		})
	}
	if typ != "Q8_0" {
		dims()
	} else {
		f.scaledDims(dims)
	}
	f.op("MOVD", "R23", "R17")
	for i := range n {
		f.stp(4*i, 4*i+1, 0, "R17")
		f.stp(4*i+2, 4*i+3, 32, "R17")
		f.op("ADD", imm(512), "R17")
	}
	f.op("ADD", imm(64), "R23")
}

// scaledDims splits the dims in R9 into blocks of at most 32, each with scales at R3.
func (f *afn) scaledDims(dims func()) {
	top, small := f.label("scaled"), f.label("last")
	f.op("MOVD", "R9", "R12")
	f.place(top)
	f.ldp(0, "R3", armCast, armCast+1)
	for h := range 4 {
		f.v(part("fcvtl", h), armBy+h, armCast+h/2)
	}
	f.op("ADD", imm(32), "R3")
	f.op("MOVD", imm(32), "R9")
	f.op("CMP", "R9", "R12")
	f.op("BGE", small)
	f.op("MOVD", "R12", "R9")
	f.place(small)
	f.op("SUB", "R9", "R12")
	dims()
	f.op("CBNZ", "R12", top)
}

// armValues: weights · values. General registers: sums R0 with stride R19, weights R5 and on, values R2 of the dims at hand with row
// stride R14; their scales R3 with row stride R15; groups of 16 dims R10, those done R12; positions left R9, cursors R13 and R17.
func armValues(typ string) *fn {
	f := newNeon("Values"+typ, "acc, e []float32, v []byte, headDim, queries, positions int", "", "adds weights · values of a page.")
	f.load("acc", "R0", "e", "R5", "headDim", "R10", "queries", "R21")
	f.op("ADD", imm(15), "R10")
	f.op("LSR", imm(4), "R10")
	f.op("LSL", imm(6), "R10", "R19")
	f.op("LSL", imm(map[string]int{"F32": 6, "F16": 5, "Q8_0": 4}[typ]), "R10", "R14")
	f.op("ADD", imm(1), "R10", "R15")
	f.op("LSR", imm(1), "R15")
	f.op("LSL", imm(1), "R15")
	armTokens(f, "R21", []int{4, 2, 1}, func(n int) {
		f.load("v", "R2")
		for i := 1; i < n; i++ {
			f.op("ADD", imm(512), r(4+i), r(5+i))
		}
		top, done := f.label("dims"), f.label("valued")
		f.op("MOVD", imm(0), "R12")
		f.place(top)
		f.op("CMP", "R10", "R12")
		f.op("BGE", done)
		f.valueGroup(typ, n)
		f.op("ADD", imm(16*cacheBytes[typ]), "R2")
		f.op("ADD", imm(1), "R12")
		f.op("JMP", top)
		f.place(done)
		f.op("ADD", imm(512), r(4+n), "R5")
		for range n {
			f.op("ADD", "R19", "R0")
		}
	})
	return f.end()
}

// valueGroup adds the positions' values in 16 dims to the sums of n queries.
func (f *afn) valueGroup(typ string, n int) {
	sums := func(move func(i int)) {
		f.op("ADD", "R12<<6", "R0", "R17")
		for i := range n {
			move(i)
			f.op("ADD", "R19", "R17")
		}
	}
	sums(func(i int) {
		f.ldp(0, "R17", 4*i, 4*i+1)
		f.ldp(32, "R17", 4*i+2, 4*i+3)
	})
	if typ == "Q8_0" {
		f.note("scales follow the codes: [128] rows of ceil(dims/32) f16; R3 is at the row's scale of these dims")
		f.load("v", "R3")
		f.op("ADD", "R14<<7", "R3")
		f.op("LSR", imm(1), "R12", "R17")
		f.op("ADD", "R17<<1", "R3")
	}
	f.op("MOVD", imm(0), "R11")
	f.op("MOVD", "R2", "R13")
	f.load("positions", "R9")
	f.loop("position", "R9", func() {
		if typ == "Q8_0" {
			f.op("VLD1R", "(R3)", fmt.Sprintf("[V%d.H4]", armBy))
			f.v("fcvtl", armBy, armBy)
			f.op("ADD", "R15", "R3")
		}
		f.loadCached(typ, "R13", func(int) int { return armBy })
		f.op("ADD", "R14", "R13")
		f.addProducts(n)
	})
	sums(func(i int) {
		f.stp(4*i, 4*i+1, 0, "R17")
		f.stp(4*i+2, 4*i+3, 32, "R17")
	})
}
