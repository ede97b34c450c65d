package gen

import "math"

// vectorOps are the operations on rows of f32 whose length is a multiple of 16.
func vectorOps(lv *x86) []*fn {
	return []*fn{
		reduce(lv, "Sum", "adds x in 16 lanes.", func(f *fn, x string, h int) { f.op("VADDPS", x, f.v(h), f.v(h)) }),
		reduce(lv, "SumSquares", "adds x² in 16 lanes.", func(f *fn, x string, h int) {
			f.op("VMOVUPS", x, f.v(4+h))
			f.op("VFMADD231PS", f.v(4+h), f.v(4+h), f.v(h))
		}),
		largest(lv),
		each(lv, "Scale", "y, x, w []float32, c float32", "x", "computes y = (x·c)·w.", func(f *fn, h int) {
			f.op("VMULPS", mem(lv.bytes*h, "SI"), f.v(15), f.v(h))
			f.op("VMULPS", mem(lv.bytes*h, "DX"), f.v(h), f.v(h))
			f.op("VMOVUPS", f.v(h), mem(lv.bytes*h, "DI"))
		}),
		each(lv, "Mul", "x []float32, c float32", "x", "computes x = x·c.", func(f *fn, h int) {
			f.op("VMULPS", mem(lv.bytes*h, "SI"), f.v(15), f.v(h))
			f.op("VMOVUPS", f.v(h), mem(lv.bytes*h, "SI"))
		}),
		each(lv, "Add", "y, x []float32", "x", "computes y = y + x.", func(f *fn, h int) {
			f.op("VMOVUPS", mem(lv.bytes*h, "DI"), f.v(h))
			f.op("VADDPS", mem(lv.bytes*h, "SI"), f.v(h), f.v(h))
			f.op("VMOVUPS", f.v(h), mem(lv.bytes*h, "DI"))
		}),
		gated(lv, "SwiGLU", "computes y = silu(gate) · up.", silu),
		gated(lv, "GeGLU", "computes y = gelu(gate) · up in the tanh form.", gelu),
		plain(lv, "SiLU", "computes x = silu(x).", silu),
		plain(lv, "GELU", "computes x = gelu(x) in the tanh form.", gelu),
		plain(lv, "GELUErf", "computes x = gelu(x).", geluErf),
		plain(lv, "ReLU2", "computes x = max(x, 0)².", func(f *fn, x string) {
			f.op("VPXOR", f.v(9), f.v(9), f.v(9))
			f.op("VMAXPS", x, f.v(9), x)
			f.op("VMULPS", x, x, x)
		}),
		softCap(lv),
		expSum(lv),
	}
}

// erfQ are the coefficients of erfcx(z)/t in t = 1/(1 + z/2), z = |x|/√2.
var erfQ = [9]float64{0.2820826768875122, 0.2824450433254242, 0.24257288873195648, 0.20485365390777588, -0.03184175863862038, 0.28569769859313965, -0.49386364221572876, 0.28776830434799194, -0.059714920818805695}

const (
	erfT  = 0.35355339059327373 // 1/(2·√2)
	geluB = -1.5957691216057308
	geluA = geluB * 0.044715
)

// floats is a constant of one repeated f32.
func (f *fn) floats(name string, x float64) string {
	return f.dwords4(name, math.Float32bits(float32(x)))
}

// each runs body for 16 values at a time: x (or gate) in SI, y in DI, w (or up) in DX, c broadcast in register 15, inv in 14.
func each(lv *x86, name, sig, count, doc string, body func(f *fn, h int)) *fn {
	f := newFn(lv, name, sig, "", doc)
	for _, a := range f.args {
		reg := map[string]string{"x": "SI", "gate": "SI", "y": "DI", "w": "DX", "up": "DX"}[a.name]
		switch {
		case reg != "":
			f.load(a.name, reg)
		case a.name == "inv":
			f.op("VBROADCASTSS", f.at(a.name), f.v(14))
		case a.typ == "float32":
			f.op("VBROADCASTSS", f.at(a.name), f.v(15))
		}
	}
	f.load(count+"_len", "CX")
	f.op("SHRQ", imm(4), "CX")
	done := f.label("done")
	f.op("JZ", done)
	f.loop("sixteen", "CX", func() {
		for h := range lv.parts() {
			body(f, h)
		}
		for _, a := range f.args {
			if reg := (map[string]string{"x": "SI", "gate": "SI", "y": "DI", "w": "DX", "up": "DX"})[a.name]; reg != "" {
				f.op("ADDQ", imm(64), reg)
			}
		}
	})
	f.place(done)
	return f.end()
}

// reduce sums over 16 lanes, then adds lane i and lane i + half.
func reduce(lv *x86, name, doc string, step func(f *fn, x string, h int)) *fn {
	f := newFn(lv, name, "x []float32", "sum float32", doc)
	f.load("x", "SI", "x_len", "CX")
	for h := range lv.parts() {
		f.op("VPXOR", f.v(h), f.v(h), f.v(h))
	}
	done := f.label("done")
	f.op("SHRQ", imm(4), "CX")
	f.op("JZ", done)
	f.loop("sixteen", "CX", func() {
		for h := range lv.parts() {
			step(f, mem(lv.bytes*h, "SI"), h)
		}
		f.op("ADDQ", imm(64), "SI")
	})
	f.place(done)
	tree(f, "VADDPS")
	f.op("VMOVSS", "X0", f.at("sum"))
	return f.end()
}

// tree combines the 16 lanes of registers 0 (and 1) to lane 0.
func tree(f *fn, op string) {
	if f.lv.parts() == 1 {
		f.op("VEXTRACTF64X4", imm(1), "Z0", "Y1")
	}
	f.op(op, "Y1", "Y0", "Y0")
	f.op("VEXTRACTF128", imm(1), "Y0", "X1")
	f.op(op, "X1", "X0", "X0")
	f.op("VPERMILPD", imm(1), "X0", "X1")
	f.op(op, "X1", "X0", "X0")
	f.op("VPSHUFD", imm(1), "X0", "X1")
	f.op(op, "X1", "X0", "X0")
}

// largest returns the maximum of at least 16 values.
func largest(lv *x86) *fn {
	f := newFn(lv, "Max", "x []float32", "top float32", "returns the largest of x.")
	f.load("x", "SI", "x_len", "CX")
	f.op("SHRQ", imm(4), "CX")
	for h := range lv.parts() {
		f.op("VMOVUPS", mem(lv.bytes*h, "SI"), f.v(h))
	}
	f.loop("sixteen", "CX", func() {
		for h := range lv.parts() {
			f.op("VMAXPS", mem(lv.bytes*h, "SI"), f.v(h), f.v(h))
		}
		f.op("ADDQ", imm(64), "SI")
	})
	tree(f, "VMAXPS")
	f.op("VMOVSS", "X0", f.at("top"))
	return f.end()
}

// expOf replaces x by e^x: registers t, n and p are overwritten. The steps are those of kernels.exp.
func expOf(f *fn, x, t, n, p string) {
	wide := f.lv.parts() == 1 // compares to a mask register
	f.op("VMOVUPS", f.floats("expMin", -87.3365447505531), n)
	if wide {
		f.op("VCMPPS", imm(5), n, x, "K1") // not x < expMin
	} else {
		f.op("VCMPPS", imm(1), n, x, p) // x < expMin: the result will be 0
	}
	f.op("VMOVUPS", f.floats("expMax", 88.3762626647949), t)
	f.op("VMINPS", x, t, x) // NaN stays
	f.op("VMOVUPS", f.floats("log2e", 1.44269504088896341), t)
	f.op("VMOVUPS", f.floats("magic", 0x1.8p23), n)
	f.op("VFMADD213PS", n, x, t)
	f.op("VSUBPS", n, t, n)
	f.op("VFNMADD231PS", f.floats("ln2hi", 0.693359375), n, x)
	f.op("VFNMADD231PS", f.floats("ln2lo", -2.12194440e-4), n, x)
	f.op("VMOVUPS", f.floats("e6", 0.0013926250394433737), n)
	for _, c := range []struct {
		name string
		v    float64
	}{{"e5", 0.00836323294788599}, {"e4", 0.04166655242443085}, {"e3", 0.16666576266288757}, {"e2", 0.5}, {"e1", 1}, {"e1", 1}} {
		f.op("VFMADD213PS", f.floats(c.name, c.v), x, n)
	}
	f.op("VPSLLD", imm(23), t, t)
	f.op("VPADDD", f.dwords4("bias", 0x3f800000), t, t)
	if wide {
		f.op("VMULPS.Z", t, n, "K1", x)
		return
	}
	f.op("VMULPS", t, n, n)
	f.op("VANDNPS", n, p, x)
}

// gated computes y = act(gate) · up.
func gated(lv *x86, name, doc string, act func(f *fn, x string)) *fn {
	return each(lv, name, "y, gate, up []float32", "gate", doc, func(f *fn, h int) {
		x := f.v(8)
		f.op("VMOVUPS", mem(lv.bytes*h, "SI"), x)
		act(f, x)
		f.op("VMULPS", mem(lv.bytes*h, "DX"), x, x)
		f.op("VMOVUPS", x, mem(lv.bytes*h, "DI"))
	})
}

// plain computes x = act(x).
func plain(lv *x86, name, doc string, act func(f *fn, x string)) *fn {
	return each(lv, name, "x []float32", "x", doc, func(f *fn, h int) {
		x := f.v(8)
		f.op("VMOVUPS", mem(lv.bytes*h, "SI"), x)
		act(f, x)
		f.op("VMOVUPS", x, mem(lv.bytes*h, "SI"))
	})
}

// silu, gelu and geluErf replace x; registers 9 to 14 are overwritten. Their steps are those of the functions in kernels/generic_vector.go.
func silu(f *fn, x string) {
	f.op("VPXOR", f.dwords4("minus", 1<<31), x, f.v(9))
	logistic(f, x)
}

func gelu(f *fn, x string) {
	f.op("VMULPS", x, x, f.v(9))
	f.op("VMOVUPS", f.floats("geluB", geluB), f.v(14))
	f.op("VFMADD132PS", f.floats("geluA", geluA), f.v(14), f.v(9))
	f.op("VMULPS", x, f.v(9), f.v(9))
	logistic(f, x)
}

// logistic computes x = x/(1 + exp(z)), z in register 9.
func logistic(f *fn, x string) {
	expOf(f, f.v(9), f.v(10), f.v(11), f.v(12))
	f.op("VADDPS", f.floats("e1", 1), f.v(9), f.v(9))
	f.op("VDIVPS", f.v(9), x, x)
}

func geluErf(f *fn, x string) {
	z, t, p := f.v(9), f.v(13), f.v(10)
	f.op("VPAND", f.dwords4("abs", 0x7fffffff), x, f.v(14))
	f.op("VMOVUPS", f.floats("e1", 1), t)
	f.op("VMOVUPS", t, p)
	f.op("VFMADD231PS", f.floats("erfT", erfT), f.v(14), p)
	f.op("VDIVPS", p, t, t)
	f.op("VMULPS", f.floats("minusHalf", -0.5), x, z)
	f.op("VMULPS", x, z, z)
	expOf(f, z, f.v(10), f.v(11), f.v(12))
	f.op("VMOVUPS", f.floats("erf8", erfQ[8]), p)
	for i := 7; i >= 0; i-- {
		f.op("VFMADD213PS", f.floats("erf"+string(rune('0'+i)), erfQ[i]), t, p)
	}
	f.op("VMULPS", t, p, p)
	f.op("VMULPS", z, p, p)
	f.op("VMULPS", f.floats("half", 0.5), f.v(14), f.v(14))
	f.op("VMULPS", f.v(14), p, p)
	f.op("VPXOR", t, t, t)
	f.op("VMAXPS", x, t, x)
	f.op("VSUBPS", p, x, x)
}

// softCap computes x = c·tanh(x·inv).
func softCap(lv *x86) *fn {
	return each(lv, "SoftCap", "x []float32, inv, c float32", "x", "computes x = c·tanh(x·inv).", func(f *fn, h int) {
		x := f.v(8)
		f.op("VMULPS", mem(lv.bytes*h, "SI"), f.v(14), x)
		f.op("VADDPS", x, x, x)
		expOf(f, x, f.v(10), f.v(11), f.v(12))
		f.op("VMOVUPS", f.floats("e1", 1), f.v(9))
		f.op("VADDPS", f.v(9), x, x)
		f.op("VMOVUPS", f.floats("e2x", 2), f.v(10))
		f.op("VDIVPS", x, f.v(10), x)
		f.op("VSUBPS", x, f.v(9), x)
		f.op("VMULPS", f.v(15), x, x)
		f.op("VMOVUPS", x, mem(lv.bytes*h, "SI"))
	})
}

// expSum computes x = exp(x - m) and adds the results to 16 lanes.
func expSum(lv *x86) *fn {
	f := newFn(lv, "ExpSum", "x []float32, m float32, lanes *[16]float32", "", "computes x = exp(x - m) and adds to the lanes.")
	f.load("x", "SI", "x_len", "CX", "lanes", "DI")
	f.op("VBROADCASTSS", f.at("m"), f.v(15))
	for h := range lv.parts() {
		f.op("VMOVUPS", mem(lv.bytes*h, "DI"), f.v(h))
	}
	done := f.label("done")
	f.op("SHRQ", imm(4), "CX")
	f.op("JZ", done)
	f.loop("sixteen", "CX", func() {
		for h := range lv.parts() {
			x := f.v(8)
			f.op("VMOVUPS", mem(lv.bytes*h, "SI"), x)
			f.op("VSUBPS", f.v(15), x, x)
			expOf(f, x, f.v(9), f.v(10), f.v(11))
			f.op("VMOVUPS", x, mem(lv.bytes*h, "SI"))
			f.op("VADDPS", x, f.v(h), f.v(h))
		}
		f.op("ADDQ", imm(64), "SI")
	})
	f.place(done)
	for h := range lv.parts() {
		f.op("VMOVUPS", f.v(h), mem(lv.bytes*h, "DI"))
	}
	return f.end()
}

// quantize rounds blocks of 32 values to 8 bits. Its steps are those of kernels.genericQuantize, in 256-bit registers at every level.
func quantize(lv *x86) *fn {
	f := newFn(lv, "Quantize", "q []int8, d, ds []float32, s []int16, x []float32", "", "rounds blocks of 32 activations to 8 bits.")
	f.load("q", "DI", "d", "R8", "ds", "R9", "s", "R10", "x", "SI", "d_len", "CX")
	f.op("VMOVDQU", f.dwords4("abs", 0x7fffffff), "Y15")
	f.op("VMOVDQU", f.vector("order", []byte{0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0, 0, 6, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0}), "Y14")
	f.op("VMOVSS", f.floats("c127", 127), "X13")
	f.op("VMOVDQU", f.bytes1("byteOnes", 1), "Y12")
	done := f.label("done")
	f.op("TESTQ", "CX", "CX")
	f.op("JZ", done)
	f.loop("block", "CX", func() { quantizeBlock(f) })
	f.place(done)
	return f.end()
}

func quantizeBlock(f *fn) {
	y := func(i int) string { return []string{"Y0", "Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7"}[i] }
	f.note("the largest |x|, compared as integers")
	for i := range 4 {
		f.op("VMOVUPS", mem(32*i, "SI"), y(i))
		f.op("VPAND", "Y15", y(i), y(4+i))
	}
	f.op("VPMAXSD", "Y5", "Y4", "Y4")
	f.op("VPMAXSD", "Y7", "Y6", "Y6")
	f.op("VPMAXSD", "Y6", "Y4", "Y4")
	f.op("VEXTRACTI128", imm(1), "Y4", "X5")
	f.op("VPMAXSD", "X5", "X4", "X4")
	f.op("VPSHUFD", imm(0x4e), "X4", "X5")
	f.op("VPMAXSD", "X5", "X4", "X4")
	f.op("VPSHUFD", imm(0xb1), "X4", "X5")
	f.op("VPMAXSD", "X5", "X4", "X4")
	zero, scaled := f.label("zero"), f.label("scaled")
	f.op("VMOVD", "X4", "AX")
	f.op("CMPL", "AX", "$0x03800000") // 2^-120
	f.op("JLT", zero)
	f.op("VDIVSS", "X4", "X13", "X5")
	f.op("VDIVSS", "X13", "X4", "X4")
	f.op("JMP", scaled)
	f.place(zero)
	f.op("VPXOR", "X4", "X4", "X4")
	f.op("VPXOR", "X5", "X5", "X5")
	f.place(scaled)
	f.op("VBROADCASTSS", "X5", "Y5")
	f.op("VMOVSS", "X4", mem(0, "R8"))
	for i := range 4 {
		f.op("VMULPS", "Y5", y(i), y(i))
		f.op("VCVTPS2DQ", y(i), y(i))
	}
	f.op("VPACKSSDW", "Y1", "Y0", "Y0")
	f.op("VPACKSSDW", "Y3", "Y2", "Y2")
	f.op("VPACKSSWB", "Y2", "Y0", "Y0")
	f.op("VPERMD", "Y0", "Y14", "Y0")
	f.op("VMOVDQU", "Y0", mem(0, "DI"))
	f.note("the sums of the two halves")
	f.op("VPMADDUBSW", "Y0", "Y12", "Y0")
	f.op("VPMADDWD", f.words2("ones", 1), "Y0", "Y0")
	f.op("VPSHUFD", imm(0x4e), "Y0", "Y1")
	f.op("VPADDD", "Y1", "Y0", "Y0")
	f.op("VPSHUFD", imm(0xb1), "Y0", "Y1")
	f.op("VPADDD", "Y1", "Y0", "Y0")
	f.op("VEXTRACTI128", imm(1), "Y0", "X1")
	f.op("VMOVD", "X0", "AX")
	f.op("VMOVD", "X1", "BX")
	f.op("MOVW", "AX", mem(0, "R10"))
	f.op("MOVW", "BX", mem(2, "R10"))
	f.op("VPADDD", "X1", "X0", "X0")
	f.op("VCVTDQ2PS", "X0", "X0")
	f.op("VMULSS", "X4", "X0", "X0")
	f.op("VMOVSS", "X0", mem(0, "R9"))
	f.op("ADDQ", imm(128), "SI")
	f.op("ADDQ", imm(32), "DI")
	for _, c := range []string{"R8", "R9", "R10"} {
		f.op("ADDQ", imm(4), c)
	}
}
