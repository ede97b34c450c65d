package gen

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// The amx level multiplies 16 tokens with a panel at a time in tile registers: 8-bit activations (A: 16 rows of 32 bytes) by signed codes
// (B: 8 rows of 64 bytes) give the int32 sums of a block (C: 16 x 16). The tile unit and the vector unit work on different blocks at
// the same time: while block j is multiplied, the sums of block j-4, which went through memory, are scaled and added.
//
// All blocks of all panels of all token tiles are one stream, so that the pipeline never runs dry. It is written out for a group of 8 blocks;
// the number of blocks of a slice is padded to whole groups with zero scales.

const (
	amxGroup = 8 // blocks
	amxLag   = 4 // blocks between multiplying and scaling
)

// amxForm is what distinguishes the products of kinds once their codes are signed bytes.
type amxForm struct {
	name        string
	halves, min bool
}

var amxForms = []amxForm{{"Plain", false, false}, {"Min", false, true}, {"Halves", true, false}}

func amxFiles(lv *x86) []*file {
	files := peakFiles(lv)
	for _, k := range kinds {
		if k.halves && k.minimum != nil {
			continue // Q2_K is left to avx512
		}
		files = append(files, &file{"unpack_" + k.name, []*fn{unpack(lv, k)}})
	}
	for _, form := range amxForms {
		files = append(files, &file{"tile_" + strings.ToLower(form.name), []*fn{form.tile(lv)}})
	}
	return files
}

// sums is the number of C tiles a block has: each 16 k of its own where scales are.
func (m amxForm) sums() int {
	if m.halves {
		return 2
	}
	return 1
}

// sets is the number of vectors of scales, minimums and -M·s a block has (see kind.per and storeScales).
func (m amxForm) sets() int {
	n := m.sums()
	if m.min {
		n *= 2
	}
	return n + 1
}

// Vector registers: the sums of token t in t, then these.
const (
	amxS     = 16 // s, or s0
	amxMS    = 17 // -M·s
	amxS1    = 18
	amxMin   = 19
	amxMagic = 21
	amxTmp   = 22 // and on
)

// tile is the product of unpacked panel slices with whole tiles of 16 tokens.
//
// General registers: y DI (of the panel), its row stride R8; q DX and codes SI of the group whose blocks are multiplied; scales BX, D R9 and D·Σq
// R10 of the group whose blocks are scaled; q row stride R12, B and C row stride R13; groups left CX, panels left R14; ring AX.
func (m amxForm) tile(lv *x86) *fn {
	f := newFn(lv, "Tile"+m.name, "y []float32, stride int, codes []byte, scales []float32, groups, panels int, q []int8, d, ds []float32, pad, tiles, dstride int, more bool, ring []byte", "",
		"multiplies panels' unpacked slices with tiles of 16 tokens.")
	f.op("LEAQ", f.config(m), "AX")
	f.raw("c4 e2 78 49 00", "LDTILECFG (AX)")
	f.load("stride", "R8", "codes", "SI", "q", "DX", "pad", "R12", "ring", "AX")
	f.op("SHLQ", imm(2), "R8")
	f.op("MOVQ", imm(64), "R13")
	f.op("VMOVUPS", f.floats("magic", magicFloat), f.v(amxMagic))
	f.note("the first blocks of the stream")
	for j := range amxLag {
		for _, op := range m.tileOps(f, j, j >= m.back()) {
			op()
		}
	}
	tiles, panels, groups := f.label("tiles"), f.label("panels"), f.label("groups")
	f.place(tiles)
	f.load("y", "DI", "scales", "BX", "panels", "R14")
	f.place(panels)
	m.loadSums(f)
	f.load("groups", "CX", "d", "R9", "ds", "R10")
	f.place(groups)
	m.group(f)
	f.op("ADDQ", imm(64*m.sets()*amxGroup), "BX")
	f.op("ADDQ", imm(64*amxGroup), "R9")
	f.op("ADDQ", imm(64*amxGroup), "R10")
	f.op("DECQ", "CX")
	f.op("JNZ", groups)
	m.storeSums(f)
	f.op("ADDQ", imm(64), "DI")
	f.op("DECQ", "R14")
	f.op("JNZ", panels)
	f.note("the next 16 tokens")
	f.load("dstride", "R14")
	f.op("SHLQ", imm(2), "R14")
	f.op("ADDQ", "R14", f.at("d"))
	f.op("ADDQ", "R14", f.at("ds"))
	f.op("MOVQ", "R8", "R14")
	f.op("SHLQ", imm(4), "R14")
	f.op("ADDQ", "R14", f.at("y"))
	f.op("DECQ", f.at("tiles"))
	f.op("JNZ", tiles)
	f.raw("c4 e2 78 49 c0", "TILERELEASE")
	return f.end()
}

// group writes the steps of 8 blocks: block i is scaled while block i+4 is multiplied.
func (m amxForm) group(f *fn) {
	for i := range amxGroup {
		if i == amxGroup-amxLag {
			m.next(f)
		}
		f.note("scale block %d", i)
		interleave(m.tileOps(f, (i+amxLag)%amxGroup, true), m.vectorOps(f, i))
	}
}

// next moves DX and SI to the group that follows in the stream: the slice's next blocks, or its first ones again for the next panel, or those of
// the next 16 tokens with the first panel; at the very end the first ones, whose products nobody reads.
func (m amxForm) next(f *fn) {
	done := f.label("next")
	f.op("ADDQ", imm(32*amxGroup), "DX")
	f.op("ADDQ", imm(512*amxGroup), "SI")
	f.op("CMPQ", "CX", imm(1))
	f.op("JNE", done)
	f.load("q", "DX")
	f.op("CMPQ", "R14", imm(1))
	f.op("JNE", done)
	f.load("codes", "SI")
	f.op("CMPQ", f.at("tiles"), imm(1))
	f.op("JEQ", done)
	f.op("MOVQ", "R12", "R11")
	f.op("SHLQ", imm(4), "R11")
	f.op("ADDQ", "R11", "DX")
	f.op("MOVQ", "DX", f.at("q"))
	f.place(done)
}

// interleave runs few among many.
func interleave(few, many []func()) {
	done := 0
	for i, s := range many {
		for done < len(few) && done*len(many) <= i*len(few) {
			few[done]()
			done++
		}
		s()
	}
	for ; done < len(few); done++ {
		few[done]()
	}
}

// back is how many blocks later the sums of a block are stored to the ring.
func (m amxForm) back() int {
	if m.halves {
		return 1
	}
	return 3
}

// tileOps multiplies block j of a group and stores the sums of an earlier one.
func (m amxForm) tileOps(f *fn, j int, store bool) []func() {
	var ops []func()
	add := func(op func()) { ops = append(ops, op) }
	if store {
		b := (j + amxGroup - m.back()) % amxGroup
		for i := range m.sums() {
			add(func() { f.tileStore(m.c(b, i), "AX", "R13", 1024*(m.sums()*b+i)) })
		}
	}
	for i := range m.sums() {
		c, a, b, bytes := m.c(j, i), 4+(j+i)%2, 6+(j+i)%2, 32/m.sums()
		add(func() { f.raw(fmt.Sprintf("c4 e2 7b 49 %02x", 0xc0+8*c), fmt.Sprintf("TILEZERO T%d", c)) })
		add(func() { f.tileLoad(a, "DX", "R12", 32*j+bytes*i) })
		add(func() { f.tileLoad(b, "SI", "R13", 512*j+16*bytes*i) })
		add(func() { f.tileProduct(c, a, b) })
	}
	return ops
}

// c is the tile that holds sum i of block j.
func (m amxForm) c(j, i int) int { return (j*m.sums() + i) % 4 }

// vectorOps scales the sums of block i and adds them: acc = fma(fma(M + n, s, -M·s), D, acc).
func (m amxForm) vectorOps(f *fn, i int) []func() {
	var ops []func()
	add := func(name string, operands ...any) { ops = append(ops, func() { f.op(name, operands...) }) }
	scale := func(set int) string { return mem(64*(m.sets()*i+set), "BX") }
	ring := func(sum, t int) string { return mem(1024*(m.sums()*i+sum)+64*t, "AX") }
	dAt := func(base string, t int) string { return mem(64*i+4*t, base) }
	add("VMOVUPS", scale(0), f.v(amxS))
	add("VMOVUPS", scale(m.sets()-1), f.v(amxMS))
	if m.halves {
		add("VMOVUPS", scale(1), f.v(amxS1))
	}
	if m.min {
		add("VMOVUPS", scale(m.sums()), f.v(amxMin))
	}
	for t := range 16 {
		x := f.v(amxTmp + t%4)
		add("VPADDD", ring(0, t), f.v(amxMagic), x)
		add("VFMADD213PS", f.v(amxMS), f.v(amxS), x)
		if m.halves {
			y := f.v(amxTmp + 4 + t%4)
			add("VPADDD", ring(1, t), f.v(amxMagic), y)
			add("VSUBPS", f.v(amxMagic), y, y)
			add("VFMADD231PS", f.v(amxS1), y, x)
		}
		add("VFMADD231PS.BCST", dAt("R9", t), x, f.v(t))
		if m.min {
			add("VFMADD231PS.BCST", dAt("R10", t), f.v(amxMin), f.v(t))
		}
	}
	return ops
}

// loadSums and storeSums move the sums of 16 tokens from and to y.
func (m amxForm) loadSums(f *fn) {
	zero, done := f.label("zero"), f.label("sums")
	f.op("CMPB", f.at("more"), imm(0))
	f.op("JEQ", zero)
	f.op("MOVQ", "DI", "CX")
	for t := range 16 {
		f.op("VMOVUPS", mem(0, "CX"), f.v(t))
		f.op("ADDQ", "R8", "CX")
	}
	f.op("JMP", done)
	f.place(zero)
	for t := range 16 {
		f.op("VPXOR", f.v(t), f.v(t), f.v(t))
	}
	f.place(done)
}

func (m amxForm) storeSums(f *fn) {
	f.op("MOVQ", "DI", "CX")
	for t := range 16 {
		f.op("VMOVUPS", f.v(t), mem(0, "CX"))
		f.op("ADDQ", "R8", "CX")
	}
}

// config is the tile configuration: palette 1, bytes a row at 16 + 2n, rows at 48 + n.
func (f *fn) config(m amxForm) string {
	var c [64]byte
	c[0] = 1
	k := 32 / m.sums()
	for n := range 8 {
		row, rows := 64, 16
		switch {
		case n >= 6:
			rows = k / 4
		case n >= 4:
			row = k
		}
		binary.LittleEndian.PutUint16(c[16+2*n:], uint16(row))
		c[48+n] = byte(rows)
	}
	return f.vector("config", c[:])
}

// raw writes an instruction that the assembler does not know as bytes.
func (f *fn) raw(hex, mnemonic string) {
	bytes := strings.Fields(hex)
	for i, b := range bytes {
		bytes[i] = "BYTE $0x" + b
	}
	fmt.Fprintf(&f.body, "\t%s // %s\n", strings.Join(bytes, "; "), mnemonic)
}

var regNumbers = map[string]int{"AX": 0, "CX": 1, "DX": 2, "BX": 3, "SI": 6, "DI": 7, "R8": 8, "R9": 9, "R10": 10, "R11": 11, "R12": 12, "R13": 13, "R14": 14}

// tileMemory encodes TILELOADD (prefix F2) and TILESTORED (F3): VEX.128.0F38.W0 4B /r with a base, an index that holds the row stride, and a
// displacement of four bytes.
func tileMemory(prefix byte, tile int, base, index string, off int) string {
	b, x := regNumbers[base], regNumbers[index]
	bytes := []byte{0xc4, 0x80 | byte(1-x>>3)<<6 | byte(1-b>>3)<<5 | 2, 0x78 | prefix, 0x4b, byte(0x84 | tile<<3), byte(x&7<<3 | b&7)}
	bytes = binary.LittleEndian.AppendUint32(bytes, uint32(int32(off)))
	return fmt.Sprintf("% x", bytes)
}

func (f *fn) tileLoad(tile int, base, index string, off int) {
	f.raw(tileMemory(3, tile, base, index, off), fmt.Sprintf("TILELOADD %d(%s)(%s*1), T%d", off, base, index, tile))
}

func (f *fn) tileStore(tile int, base, index string, off int) {
	f.raw(tileMemory(2, tile, base, index, off), fmt.Sprintf("TILESTORED T%d, %d(%s)(%s*1)", tile, off, base, index))
}

// tileProduct adds A · B to C, signed bytes by signed bytes: TDPBSSD.
func (f *fn) tileProduct(c, a, b int) {
	f.raw(fmt.Sprintf("c4 e2 %02x 5e %02x", (^b&15)<<3|3, 0xc0|c<<3|a), fmt.Sprintf("TDPBSSD T%d, T%d, T%d", b, a, c))
}
