package gen

// armVectorOps are the operations on rows of f32 whose length is a multiple of 16.
func armVectorOps() []*fn {
	return []*fn{
		armReduce("Sum", "adds x in 16 lanes.", func(f *afn, h int) { f.v("fadd", h, 4+h, h) }),
		armReduce("SumSquares", "adds x² in 16 lanes.", func(f *afn, h int) { f.v("fmla", h, 4+h, 4+h) }),
		armLargest(),
		armEach("Scale", "y, x, w []float32, c float32", "y", "x", nil, "computes y = (x·c)·w.", func(f *afn, x int) {
			f.v("fmul", x, x, armC)
			f.v("fmul", x, x, armY)
		}),
		armEach("Mul", "x []float32, c float32", "x", "x", nil, "computes x = x·c.", func(f *afn, x int) { f.v("fmul", x, x, armC) }),
		armEach("Add", "y, x []float32", "y", "x", nil, "computes y = y + x.", func(f *afn, x int) { f.v("fadd", x, armY, x) }),
		armExpSum(),
	}
}

// armActivations are the activations of a feed-forward net, and the soft cap.
func armActivations() []*fn {
	return []*fn{
		armGated("SwiGLU", "computes y = silu(gate) · up.", nil, armSiLU),
		armGated("GeGLU", "computes y = gelu(gate) · up in the tanh form.", geluConstants, armGELU),
		armPlain("SiLU", "computes x = silu(x).", nil, armSiLU),
		armPlain("GELU", "computes x = gelu(x) in the tanh form.", geluConstants, armGELU),
		armPlain("GELUErf", "computes x = gelu(x).", nil, armGELUErf),
		armEach("ReLU2", "x []float32", "x", "x", nil, "computes x = max(x, 0)².", func(f *afn, x int) {
			f.v("zero", 1)
			f.v("fmax", x, x, 1)
			f.v("fmul", x, x, x)
		}),
		armPlainWith("SoftCap", "x []float32, inv, c float32", "computes x = c·tanh(x·inv).", []float64{2}, armSoftCap),
	}
}

// Registers of the operations on rows: 0 is x, 1 to 7 are free for the steps, then these.
const (
	armY     = 8  // w or up
	armInv   = 9  // inv
	armC     = 10 // c or m
	armOwn   = 11 // and on: an operation's constants
	armConsE = 16 // and on: those of exp, expConstants
)

// expConstants are the constants of kernels.exp in the order of their registers; one is also the bits of its bias.
var expConstants = []float64{-87.3365447505531, 88.3762626647949, 1.44269504088896341, 0x1.8p23, 0.693359375, -2.12194440e-4,
	0.0013926250394433737, 0.00836323294788599, 0.04166655242443085, 0.16666576266288757, 0.5, 1}

const armOne = armConsE + 11

var geluConstants = []float64{geluA, geluB}

// armEach runs body for 16 values at a time, four in register 0: x (or gate) at R1, y R2, w (or up) R3; the result goes to dst.
func armEach(name, sig, dst, count string, constants []float64, doc string, body func(f *afn, x int)) *fn {
	f := newNeon(name, sig, "", doc)
	regs := map[string]string{"x": "R1", "gate": "R1", "y": "R2", "w": "R3", "up": "R3"}
	second := ""
	for _, a := range f.args {
		switch reg := regs[a.name]; {
		case reg != "":
			f.load(a.name, reg)
			if reg == "R3" || a.name == "y" && name == "Add" {
				second = reg
			}
		case a.name == "inv":
			f.op("MOVWU", f.at(a.name), "R17")
			f.op("VDUP", "R17", "V9.S4")
		default:
			f.op("MOVWU", f.at(a.name), "R17")
			f.op("VDUP", "R17", "V10.S4")
		}
	}
	f.load(count+"_len", "R9")
	done := f.label("done")
	f.op("LSR", imm(4), "R9")
	f.op("CBZ", "R9", done)
	for i, c := range constants {
		if c != 0 {
			f.fillFloat(armOwn+i, c)
		}
	}
	f.loop("sixteen", "R9", func() {
		for h := range 4 {
			f.ldr(16*h, "R1", 0)
			if second != "" {
				f.ldr(16*h, second, armY)
			}
			body(f, 0)
			f.str(0, 16*h, regs[dst])
		}
		for _, a := range f.args {
			if reg := regs[a.name]; reg != "" {
				f.op("ADD", imm(64), reg)
			}
		}
	})
	f.place(done)
	return f.end()
}

// withExp adds the constants of exp, which come after an operation's own.
func withExp(own []float64) []float64 {
	all := make([]float64, armConsE-armOwn, armConsE-armOwn+len(expConstants))
	copy(all, own)
	return append(all, expConstants...)
}

// armGated computes y = act(gate) · up, armPlain x = act(x).
func armGated(name, doc string, constants []float64, act func(f *afn, x int)) *fn {
	return armEach(name, "y, gate, up []float32", "y", "gate", withExp(constants), doc, func(f *afn, x int) {
		act(f, x)
		f.v("fmul", x, x, armY)
	})
}

func armPlain(name, doc string, constants []float64, act func(f *afn, x int)) *fn {
	return armPlainWith(name, "x []float32", doc, constants, act)
}

func armPlainWith(name, sig, doc string, constants []float64, act func(f *afn, x int)) *fn {
	return armEach(name, sig, "x", "x", withExp(constants), doc, act)
}

// armExp replaces x by e^x: registers t, n, p and mask are overwritten. The steps are those of kernels.exp.
func armExp(f *afn, x, t, n, p, mask int) {
	c := func(i int) int { return armConsE + i }
	f.v("fcmgt", mask, c(0), x) // x < expMin: the result will be 0
	f.v("fmin", x, x, c(1))     // NaN stays
	f.v("mov", t, c(3))
	f.v("fmla", t, x, c(2))
	f.v("fsub", n, t, c(3))
	f.v("fmls", x, n, c(4))
	f.v("fmls", x, n, c(5))
	from := c(6)
	for _, at := range [][2]int{{p, 7}, {n, 8}, {p, 9}, {n, 10}, {p, 11}, {n, 11}} {
		f.v("mov", at[0], c(at[1]))
		f.v("fmla", at[0], from, x)
		from = at[0]
	}
	f.v("shl", t, t, 23)
	f.v("add", t, t, armOne)
	f.v("fmul", x, from, t)
	f.v("bic", x, x, mask)
}

// armSiLU, armGELU, armGELUErf and armSoftCap replace x. Their steps are those of the functions in kernels/generic_vector.go.
func armSiLU(f *afn, x int) {
	f.v("fneg", 1, x)
	armLogistic(f, x)
}

func armGELU(f *afn, x int) {
	f.v("fmul", 2, x, x)
	f.v("mov", 1, armOwn+1)
	f.v("fmla", 1, 2, armOwn)
	f.v("fmul", 1, x, 1)
	armLogistic(f, x)
}

// armLogistic computes x = x/(1 + exp(z)), z in register 1.
func armLogistic(f *afn, x int) {
	armExp(f, 1, 2, 3, 4, 5)
	f.v("fadd", 1, 1, armOne)
	f.v("fdiv", x, x, 1)
}

func armGELUErf(f *afn, x int) {
	const z, t, p, abs = 1, 2, 3, 6
	f.v("fabs", abs, x)
	f.fillFloat(armOwn, -0.5)
	f.v("fmul", z, x, armOwn)
	f.v("fmul", z, z, x)
	armExp(f, z, 2, 3, 4, 5)
	f.fillFloat(armOwn, erfT)
	f.v("mov", p, armOne)
	f.v("fmla", p, abs, armOwn)
	f.v("fdiv", t, armOne, p)
	f.fillFloat(p, erfQ[8])
	for i := 7; i >= 0; i-- {
		f.fillFloat(4+i%2, erfQ[i])
		from := p
		if i < 7 {
			from = 4 + (i+1)%2
		}
		f.v("fmla", 4+i%2, from, t)
	}
	f.v("fmul", p, 4, t)
	f.v("fmul", p, p, z)
	f.fillFloat(armOwn, 0.5)
	f.v("fmul", abs, abs, armOwn)
	f.v("fmul", p, p, abs)
	f.v("zero", 4)
	f.v("fmax", x, x, 4)
	f.v("fsub", x, x, p)
}

func armSoftCap(f *afn, x int) {
	f.v("fmul", x, x, armInv)
	f.v("fadd", 1, x, x)
	armExp(f, 1, 2, 3, 4, 5)
	f.v("fadd", 1, 1, armOne)
	f.v("fdiv", 1, armOwn, 1)
	f.v("fsub", x, armOne, 1)
	f.v("fmul", x, x, armC)
}

// armReduce sums over 16 lanes, then adds lane i and lane i + half.
func armReduce(name, doc string, step func(f *afn, h int)) *fn {
	f := newNeon(name, "x []float32", "sum float32", doc)
	f.load("x", "R1", "x_len", "R9")
	f.zero(0, 4)
	done := f.label("done")
	f.op("LSR", imm(4), "R9")
	f.op("CBZ", "R9", done)
	f.loop("sixteen", "R9", func() {
		f.ldp(0, "R1", 4, 5)
		f.ldp(32, "R1", 6, 7)
		for h := range 4 {
			step(f, h)
		}
		f.op("ADD", imm(64), "R1")
	})
	f.place(done)
	armTree(f, "fadd")
	f.op("FMOVS", "F0", f.at("sum"))
	return f.end()
}

// armTree combines the 16 lanes of registers 0 to 3 to lane 0.
func armTree(f *afn, op string) {
	f.v(op, 0, 0, 2)
	f.v(op, 1, 1, 3)
	f.v(op, 0, 0, 1)
	f.v("ext", 1, 0, 0, 8)
	f.v(op, 0, 0, 1)
	f.v("ext", 1, 0, 0, 4)
	f.v(op, 0, 0, 1)
}

// armLargest returns the maximum of at least 16 values.
func armLargest() *fn {
	f := newNeon("Max", "x []float32", "top float32", "returns the largest of x.")
	f.load("x", "R1", "x_len", "R9")
	f.op("LSR", imm(4), "R9")
	f.ldp(0, "R1", 0, 1)
	f.ldp(32, "R1", 2, 3)
	f.loop("sixteen", "R9", func() {
		f.ldp(0, "R1", 4, 5)
		f.ldp(32, "R1", 6, 7)
		for h := range 4 {
			f.v("fmax", h, h, 4+h)
		}
		f.op("ADD", imm(64), "R1")
	})
	armTree(f, "fmax")
	f.op("FMOVS", "F0", f.at("top"))
	return f.end()
}

// armExpSum computes x = exp(x - m) and adds the results to 16 lanes, registers 28 to 31.
func armExpSum() *fn {
	f := newNeon("ExpSum", "x []float32, m float32, lanes *[16]float32", "", "computes x = exp(x - m) and adds to the lanes.")
	f.load("x", "R1", "x_len", "R9", "lanes", "R2")
	done := f.label("done")
	f.op("LSR", imm(4), "R9")
	f.op("CBZ", "R9", done)
	f.op("MOVWU", f.at("m"), "R17")
	f.op("VDUP", "R17", "V10.S4")
	for i, c := range expConstants {
		f.fillFloat(armConsE+i, c)
	}
	f.ldp(0, "R2", 28, 29)
	f.ldp(32, "R2", 30, 31)
	f.loop("sixteen", "R9", func() {
		for h := range 4 {
			f.ldr(16*h, "R1", 0)
			f.v("fsub", 0, 0, armC)
			armExp(f, 0, 2, 3, 4, 5)
			f.str(0, 16*h, "R1")
			f.v("fadd", 28+h, 28+h, 0)
		}
		f.op("ADD", imm(64), "R1")
	})
	f.stp(28, 29, 0, "R2")
	f.stp(30, 31, 32, "R2")
	f.place(done)
	return f.end()
}
