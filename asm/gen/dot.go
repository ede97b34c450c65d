package gen

import "fmt"

func imm(n int) string { return fmt.Sprintf("$%d", n) }

// Registers of the dot and unpack recipes; a number that stands for 16 rows is the first of parts() registers.
const (
	acc    = 0 // f32 sums
	sumA   = 2 // integer sums of groups 0-3
	sumB   = 4 // and of groups 4-7
	raw    = 6 // packed codes
	code   = 8
	tmp    = 9
	act    = 10 // four activations in every dword: groups 0-3
	act2   = 11 // groups 4-7
	tmp2   = 11
	nibble = 12 // 0x0f
	mask1  = 13 // the bit of a plane
	mask2  = 14 // the bits of a plane, or the table
)

// setup loads the constants that decoding reads.
func (k *kind) setup(f *fn) {
	if k.nibbles {
		f.op("VMOVDQU", f.bytes1("nibble", 15), f.v(nibble))
	}
	if k.plane1 > 0 {
		f.op("VMOVDQU", f.bytes1("mask1", 1<<k.at1), f.v(mask1))
	}
	if k.plane2 > 0 {
		f.op("VMOVDQU", f.bytes1("mask2", 3<<k.at2), f.v(mask2))
	}
	if k.table != nil {
		f.op("VMOVDQU", f.vector("table", k.table[:]), f.v(mask2))
	}
}

// decode leaves the codes of every group g and part h of a block in register code and calls use for it. before is called ahead of groups
// g and, where their codes share bytes, g + 4.
func (k *kind) decode(f *fn, c *cursors, before func(groups ...int), use func(g, h int)) {
	if !k.nibbles {
		for g := range 8 {
			before(g)
			for h := range f.lv.parts() {
				k.codeOf(f, c, g, h)
				use(g, h)
			}
		}
		return
	}
	for j := range 4 {
		before(j, j+4)
		f.op("PREFETCHT1", c.code(64*j+ahead))
		for h := range f.lv.parts() {
			f.op("VMOVDQU", c.code(64*j+f.lv.bytes*h), f.v(raw+h))
		}
		for _, g := range []int{j, j + 4} {
			for h := range f.lv.parts() {
				k.codeOf(f, c, g, h)
				use(g, h)
			}
		}
	}
}

// ahead is the distance in bytes at which weights are fetched before use.
const ahead = 2048

// codeOf leaves the codes of group g, part h in register code.
func (k *kind) codeOf(f *fn, c *cursors, g, h int) {
	at := f.lv.bytes * h
	dst := f.v(code)
	switch {
	case k.nibbles && g < 4:
		f.op("VPAND", f.v(nibble), f.v(raw+h), dst)
	case k.nibbles:
		f.op("VPSRLW", imm(4), f.v(raw+h), dst)
		f.op("VPAND", f.v(nibble), dst, dst)
	case k.plane2 == 0: // bytes
		if h == 0 {
			f.op("PREFETCHT1", c.code(64*g+ahead))
		}
		f.op("VMOVDQU", c.code(64*g+at), dst)
	}
	if k.table != nil {
		f.op("VPSHUFB", dst, f.v(mask2), dst)
	}
	if k.plane2 > 0 {
		if h == 0 && g%4 == 0 {
			f.op("PREFETCHT1", c.plane2(64*(g/4)+ahead))
		}
		k.plane(f, c.plane2(64*(g/4)+at), k.at2-2*(g%4), mask2, k.nibbles)
	}
	if k.plane1 > 0 {
		if h == 0 && g == 0 {
			f.op("PREFETCHT1", c.plane1(ahead))
		}
		k.plane(f, c.plane1(at), k.at1-g, mask1, true)
	}
}

// plane merges bits of a plane into the codes, shifted left by shift (right when negative).
func (k *kind) plane(f *fn, addr string, shift, mask int, merge bool) {
	dst := f.v(tmp)
	if !merge {
		dst = f.v(code)
	}
	if f.lv.reg == "Z" && merge && shift != 0 { // code | bits & mask in one instruction
		name, n := "VPSLLW", shift
		if shift < 0 {
			name, n = "VPSRLW", -shift
		}
		f.op(name, imm(n), addr, dst)
		f.op("VPTERNLOGD", "$0xf8", f.v(mask), dst, f.v(code))
		return
	}
	switch {
	case shift == 0:
		f.op("VPAND", addr, f.v(mask), dst)
	default:
		f.op("VMOVDQU", addr, dst)
		if shift > 0 {
			f.op("VPSLLW", imm(shift), dst, dst)
		} else {
			f.op("VPSRLW", imm(-shift), dst, dst)
		}
		f.op("VPAND", f.v(mask), dst, dst)
	}
	if merge {
		f.op("VPOR", dst, f.v(code), f.v(code))
	}
}

// mulAdd adds code · act to the integer sum s: four products a dword. first says that s holds nothing yet. With AVX2 pairs of products
// are added in 16 bits: sums of codes of up to 5 bits stay there for four groups and are widened once (widen).
func (k *kind) mulAdd(f *fn, code, act, s, t string, first bool) {
	switch {
	case f.lv.vnni:
		f.op("VPDPBUSD", act, code, s)
		return
	case k.bits == 8:
		f.op("VPXOR", f.bytes1("sign", 128), code, code)
		f.op("VPSIGNB", code, act, t)
		f.op("VPABSB", code, code)
		f.op("VPMADDUBSW", t, code, t)
	case first && k.bits <= 5:
		f.op("VPMADDUBSW", act, code, s)
		return
	default:
		f.op("VPMADDUBSW", act, code, t)
	}
	if k.bits <= 5 {
		f.op("VPADDW", t, s, s)
		return
	}
	if first {
		f.op("VPMADDWD", f.words2("ones", 1), t, s)
		return
	}
	f.op("VPMADDWD", f.words2("ones", 1), t, t)
	f.op("VPADDD", t, s, s)
}

// widen brings a sum of mulAdd to 32 bits.
func (k *kind) widen(f *fn, s string) {
	if !f.lv.vnni && k.bits <= 5 {
		f.op("VPMADDWD", f.words2("ones", 1), s, s)
	}
}

// dot is the product of panels with one token.
func dot(lv *x86, k *kind) *fn {
	f := newFn(lv, "Dot"+k.goName(), "y []float32, w []byte, units int, q []int8, d, ds []float32, s []int16", "", "multiplies panels with one token.")
	f.load("y", "DI", "w", "SI", "y_len", "R11")
	f.op("SHRQ", imm(4), "R11")
	k.setup(f)
	f.loop("panel", "R11", func() {
		f.load("units", "CX", "q", "DX", "d", "R8", "ds", "R9", "s", "R10")
		for h := range lv.parts() {
			f.op("VPXOR", f.v(acc+h), f.v(acc+h), f.v(acc+h))
		}
		f.loop("unit", "CX", func() {
			k.eachBlock(f, func(c *cursors) { k.dotBlock(f, c) })
			f.op("ADDQ", imm(k.bytes), "SI")
		})
		for h := range lv.parts() {
			f.op("VMOVUPS", f.v(acc+h), mem(lv.bytes*h, "DI"))
		}
		f.op("ADDQ", imm(64), "DI")
	})
	return f.end()
}

// dotBlock adds one block and moves on in the token.
func (k *kind) dotBlock(f *fn, c *cursors) {
	if f.lv.vnni {
		for h := range f.lv.parts() {
			f.op("VPXOR", f.v(sumA+h), f.v(sumA+h), f.v(sumA+h))
			f.op("VPXOR", f.v(sumB+h), f.v(sumB+h), f.v(sumB+h))
		}
	}
	f.op("PREFETCHT1", c.scale(ahead))
	before := func(groups ...int) {
		for _, g := range groups {
			f.op("VPBROADCASTD", mem(4*g, "DX"), f.v(act+g/4))
		}
	}
	k.decode(f, c, before, func(g, h int) {
		s := sumA
		if g >= 4 {
			s = sumB
		}
		k.mulAdd(f, f.v(code), f.v(act+g/4), f.v(s+h), f.v(tmp), g%4 == 0)
	})
	for h := range f.lv.parts() {
		k.widen(f, f.v(sumA+h))
		k.widen(f, f.v(sumB+h))
	}
	if k.halves {
		k.foldHalves(f, c)
	} else {
		k.fold(f, c)
	}
	f.op("ADDQ", imm(32), "DX")
	f.op("ADDQ", imm(4), "R8")
	f.op("ADDQ", imm(4), "R9")
	f.op("ADDQ", imm(4), "R10")
}

// fold adds a block with one scale to acc: acc = fma(f32(n)·s, D, acc), then the minimum acc = fma(m, D·Σq, acc).
func (k *kind) fold(f *fn, c *cursors) {
	if k.offsetAt(f.lv) > 0 {
		f.op("VPBROADCASTD", mem(0, "R10"), f.v(act))
		f.op("VPMADDWD", f.words2("offset", uint16(k.offsetAt(f.lv))), f.v(act), f.v(act))
	}
	for h := range f.lv.parts() {
		n := f.v(sumA + h)
		f.op("VPADDD", f.v(sumB+h), n, n)
		if k.offsetAt(f.lv) > 0 {
			f.op("VPSUBD", f.v(act), n, n)
		}
		f.op("VCVTDQ2PS", n, n)
		k.scale(f, c, 0, h, code)
		f.op("VMULPS", f.v(code), n, n)
	}
	f.op("VBROADCASTSS", mem(0, "R8"), f.v(act))
	for h := range f.lv.parts() {
		f.op("VFMADD231PS", f.v(act), f.v(sumA+h), f.v(acc+h))
	}
	if k.minimum == nil {
		return
	}
	f.op("VBROADCASTSS", mem(0, "R9"), f.v(act))
	for h := range f.lv.parts() {
		k.minimum(f, c, 0, h, code)
		f.op(k.addMin(), f.v(act), f.v(code), f.v(acc+h))
	}
}

func (k *kind) addMin() string {
	if k.negMin {
		return "VFNMADD231PS"
	}
	return "VFMADD231PS"
}

// foldHalves adds a block with a scale for each 16 k: f = f32(n0)·s0; f = fma(f32(n1), s1, f); acc = fma(f, D, acc).
func (k *kind) foldHalves(f *fn, c *cursors) {
	f.op("VPBROADCASTD", mem(0, "R10"), f.v(act))
	if k.offsetAt(f.lv) > 0 {
		f.op("VPMADDWD", f.words2pair("offset1", 0, k.offsetAt(f.lv)), f.v(act), f.v(act2))
		f.op("VPMADDWD", f.words2pair("offset0", k.offsetAt(f.lv), 0), f.v(act), f.v(act))
	}
	for h := range f.lv.parts() {
		a, b := f.v(sumA+h), f.v(sumB+h)
		if k.offsetAt(f.lv) > 0 {
			f.op("VPSUBD", f.v(act), a, a)
			f.op("VPSUBD", f.v(act2), b, b)
		}
		f.op("VCVTDQ2PS", a, a)
		f.op("VCVTDQ2PS", b, b)
		k.scale(f, c, 0, h, code)
		f.op("VMULPS", f.v(code), a, a)
		k.scale(f, c, 1, h, code)
		f.op("VFMADD231PS", f.v(code), b, a)
	}
	f.op("VBROADCASTSS", mem(0, "R8"), f.v(raw))
	for h := range f.lv.parts() {
		f.op("VFMADD231PS", f.v(raw), f.v(sumA+h), f.v(acc+h))
	}
	if k.minimum == nil {
		return
	}
	f.op("VPMADDWD", f.words2pair("second", 0, 1), f.v(act), f.v(act2))
	f.op("VPMADDWD", f.words2pair("first", 1, 0), f.v(act), f.v(act))
	f.op("VCVTDQ2PS", f.v(act), f.v(act))
	f.op("VCVTDQ2PS", f.v(act2), f.v(act2))
	for h := range f.lv.parts() {
		g := f.v(sumA + h)
		k.minimum(f, c, 0, h, code)
		f.op("VMULPS", f.v(code), f.v(act), g)
		k.minimum(f, c, 1, h, code)
		f.op("VFMADD231PS", f.v(code), f.v(act2), g)
		f.op(k.addMin(), f.v(raw), g, f.v(acc+h))
	}
}

// unpack spreads units to codes and scales for the tiles.
func unpack(lv *x86, k *kind) *fn {
	f := newFn(lv, "Unpack"+k.goName(), "codes []byte, scales []float32, w []byte, units int", "", "spreads units of a panel to codes and scales.")
	f.load("codes", "DI", "scales", "DX", "w", "SI", "units", "CX")
	k.setup(f)
	f.loop("unit", "CX", func() {
		k.eachBlock(f, func(c *cursors) {
			k.decode(f, c, func(...int) {}, func(g, h int) {
				if lv.amx && k.offset > 0 {
					f.op("VPSUBB", f.bytes1("offset", byte(k.offset)), f.v(code), f.v(code))
				}
				f.op("VMOVDQU", f.v(code), mem(lv.group()*g+lv.bytes*h, "DI"))
			})
			k.storeScales(f, c)
			f.op("ADDQ", imm(8*lv.group()), "DI")
			f.op("ADDQ", imm(lv.group()*k.sets(lv)), "DX")
		})
		f.op("ADDQ", imm(k.bytes), "SI")
	})
	return f.end()
}

// storeScales writes a block's scales, then its minimums (negated where they are subtracted), to DX.
func (k *kind) storeScales(f *fn, c *cursors) {
	sets := k.per()
	if k.minimum != nil {
		sets /= 2
	}
	for i := range sets {
		for h := range f.lv.parts() {
			at := f.lv.group()*i + f.lv.bytes*h
			k.scale(f, c, i, h, code)
			f.op("VMOVUPS", f.v(code), mem(at, "DX"))
			if f.lv.magic() && i == 0 {
				f.op("VMULPS", f.floats("minusMagic", -magicFloat), f.v(code), f.v(tmp))
				f.op("VMOVUPS", f.v(tmp), mem(f.lv.group()*k.per()+f.lv.bytes*h, "DX"))
			}
			if k.minimum == nil {
				continue
			}
			k.minimum(f, c, i, h, code)
			if k.negMin {
				f.op("VPXOR", f.dwords4("minus", 1<<31), f.v(code), f.v(code))
			}
			f.op("VMOVUPS", f.v(code), mem(f.lv.group()*sets+at, "DX"))
		}
	}
}

// offsetAt is what is subtracted from codes when a block is folded: AVX2 takes codes of 8 bits as signed from the start.
func (k *kind) offsetAt(lv *x86) int {
	if k.bits == 8 && !lv.vnni {
		return 0
	}
	return k.offset
}
