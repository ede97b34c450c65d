package gen

// floatFiles are the operations on f32 values: products of float weights, and the work on rows.
func floatFiles(lv *x86) []*file {
	tiles := []*fn{tileFloat(lv, 1)}
	if lv.parts() == 1 {
		tiles = append(tiles, tileFloat(lv, 2))
	}
	return []*file{
		{"dot_float", []*fn{dotFloat(lv, "F32", 4096), dotFloat(lv, "F16", 2048), dotFloat(lv, "BF16", 2048)}},
		{"unpack_float", []*fn{unpackFloat(lv, "F16"), unpackFloat(lv, "BF16")}},
		{"tile_float", tiles},
		{"vector", vectorOps(lv)},
		{"quantize", []*fn{quantize(lv)}},
		{"scores", []*fn{scores(lv, "F32"), scores(lv, "F16"), scores(lv, "Q8_0")}},
		{"values", []*fn{values(lv, "F32"), values(lv, "F16"), values(lv, "Q8_0")}},
	}
}

// chain is the order of k within a group of four.
var chain = [4]int{0, 2, 1, 3}

// loadFloat leaves the weights of step i (in chain order) of a group of four k, part h, in register dst. base points to the group.
func loadFloat(f *fn, typ, base string, i, h, dst int) {
	switch typ {
	case "F32":
		f.op("VMOVUPS", mem(64*chain[i]+f.lv.bytes*h, base), f.v(dst))
	case "F16":
		f.op("VCVTPH2PS", mem(32*i+f.lv.bytes/2*h, base), f.v(dst))
	case "BF16": // a dword holds the pair: the low half is the even step
		at := mem(64*(i/2)+f.lv.bytes*h, base)
		if i%2 == 0 {
			f.op("VMOVDQU", at, f.v(dst))
			f.op("VPSLLD", imm(16), f.v(dst), f.v(dst))
		} else {
			f.op("VMOVDQU", f.dwords4("high", 0xffff0000), f.v(dst))
			f.op("VPAND", at, f.v(dst), f.v(dst))
		}
	}
}

// dotFloat is the product of panels of float weights with one token: one chain of FMAs a row.
func dotFloat(lv *x86, typ string, bytes int) *fn {
	f := newFn(lv, "Dot"+typ, "y []float32, w []byte, units int, x []float32", "", "multiplies panels of "+typ+" weights with one token.")
	f.load("y", "DI", "w", "SI", "y_len", "R11")
	f.op("SHRQ", imm(4), "R11")
	group := bytes / 16
	f.loop("panel", "R11", func() {
		f.load("units", "CX", "x", "DX")
		f.op("SHLQ", imm(4), "CX")
		for h := range lv.parts() {
			f.op("VPXOR", f.v(h), f.v(h), f.v(h))
		}
		f.loop("group", "CX", func() {
			for at := 0; at < group; at += 64 {
				f.op("PREFETCHT1", mem(at+ahead, "SI"))
			}
			for i := range 4 {
				f.op("VBROADCASTSS", mem(4*chain[i], "DX"), f.v(4))
				for h := range lv.parts() {
					loadFloat(f, typ, "SI", i, h, 6+h)
					f.op("VFMADD231PS", f.v(4), f.v(6+h), f.v(h))
				}
			}
			f.op("ADDQ", imm(group), "SI")
			f.op("ADDQ", imm(16), "DX")
		})
		for h := range lv.parts() {
			f.op("VMOVUPS", f.v(h), mem(lv.bytes*h, "DI"))
		}
		f.op("ADDQ", imm(64), "DI")
	})
	return f.end()
}

// unpackFloat widens F16 or BF16 units to f32, k ascending.
func unpackFloat(lv *x86, typ string) *fn {
	f := newFn(lv, "Unpack"+typ, "dst []float32, w []byte, units int", "", "widens units of a panel of "+typ+" weights.")
	f.load("dst", "DI", "w", "SI", "units", "CX")
	f.op("SHLQ", imm(4), "CX")
	f.loop("group", "CX", func() {
		for i := range 4 {
			for h := range lv.parts() {
				loadFloat(f, typ, "SI", i, h, h)
				f.op("VMOVUPS", f.v(h), mem(64*chain[i]+lv.bytes*h, "DI"))
			}
		}
		f.op("ADDQ", imm(128), "SI")
		f.op("ADDQ", imm(256), "DI")
	})
	return f.end()
}

// tileFloat is the product of an unpacked panel slice, or of two panels' slices side by side, with some tokens. General registers: y DI,
// its stride R8, weights SI (and BX), groups of four k CX, the tokens' x DX (0-2), R14 (3-5), R9 (6-8) and R10 (9-11), their stride R12.
func tileFloat(lv *x86, panels int) *fn {
	name, w, doc := "TileFloat", "w []float32", "multiplies an unpacked panel slice with some tokens."
	if panels == 2 {
		name, w, doc = "PairFloat", "w, v []float32", "multiplies the unpacked slices of two panels with some tokens."
	}
	f := newFn(lv, name, "y []float32, stride int, "+w+", n int, x []float32, pad, tokens int, more bool", "", doc)
	f.load("y", "DI", "stride", "R8", "x", "DX", "pad", "R12")
	f.op("SHLQ", imm(2), "R8")
	f.op("SHLQ", imm(2), "R12")
	sizes := []int{6, 4, 2, 1}
	if panels*lv.parts() == 1 {
		sizes = []int{12, 6, 3, 1}
	}
	parts := panels * lv.parts()
	eachTokens(f, "tokens", sizes, func(n int) {
		loadSums(f, 0, n, parts)
		f.load("w", "SI", "n", "CX")
		if panels == 2 {
			f.load("v", "BX")
		}
		f.op("SHRQ", imm(2), "CX")
		for i := 1; 3*i < n; i++ {
			f.op("MOVQ", floatBases[i-1], floatBases[i])
			advance(f, floatBases[i], "R12", 3)
		}
		f.loop("group", "CX", func() { tileFloatGroup(f, n, panels) })
		storeSums(f, 0, n, parts)
		f.load("n", "CX")
		f.op("SHLQ", imm(2), "CX")
		f.op("SUBQ", "CX", "DX")
		advance(f, "DX", "R12", n)
	})
	return f.end()
}

// floatBases hold the x of three tokens each.
var floatBases = []string{"DX", "R14", "R9", "R10"}

func tileFloatGroup(f *fn, n, panels int) {
	parts := panels * f.lv.parts()
	for _, k := range chain {
		for h := range parts {
			base := "SI"
			if h >= f.lv.parts() {
				base = "BX"
			}
			f.op("VMOVUPS", mem(64*k+f.lv.bytes*(h%f.lv.parts()), base), f.v(12+h))
		}
		for t := range n {
			x := tokenRow(4*k, floatBases[t/3], "", "R12", t%3)
			if parts == 1 {
				f.op("VFMADD231PS.BCST", x, f.v(12), f.v(t))
				continue
			}
			f.op("VBROADCASTSS", x, f.v(14))
			for h := range parts {
				f.op("VFMADD231PS", f.v(14), f.v(12+h), f.v(parts*t+h))
			}
		}
	}
	f.op("ADDQ", imm(256), "SI")
	if panels == 2 {
		f.op("ADDQ", imm(256), "BX")
	}
	for i := 0; 3*i < n; i++ {
		f.op("ADDQ", imm(16), floatBases[i])
	}
}
