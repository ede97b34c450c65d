package gen

import (
	"fmt"
	"math"
	"strings"
)

// a64 is an instruction-set level of arm64 as the recipes see it. Vector registers have 16 bytes: four hold the 16 rows of a panel.
type a64 struct {
	name, needs string
	sdot        bool // SDOT: sums of four products of bytes
	mmla        bool // SMMLA: 2 rows x 8 k times 8 k x 2 tokens
}

// armLevels is the table of levels. Each inherits from the one before what it does not do better.
var armLevels = []*a64{
	{name: "neon", needs: "ASIMD"},
	{name: "dotprod", needs: "ASIMD, DotProd", sdot: true},
	{name: "i8mm", needs: "ASIMD, DotProd, I8MM", sdot: true, mmla: true},
}

func (lv *a64) id() (name, needs, arch string) { return lv.name, lv.needs, "arm64" }

// operations returns every file of the level.
func (lv *a64) operations() []*file {
	var files []*file
	for _, k := range kinds {
		if !lv.mmla || k.unsigned() {
			files = append(files, &file{"dot_" + k.name, []*fn{armDot(lv, k)}})
		}
		if !lv.sdot || lv.mmla && !(k.halves && k.minimum != nil) {
			files = append(files, &file{"unpack_" + k.name, []*fn{armUnpack(lv, k)}})
		}
	}
	for _, m := range armForms {
		if m.bits > 0 && lv.sdot || lv.mmla && m.halves && m.min {
			continue
		}
		files = append(files, &file{"tile_" + strings.ToLower(m.name), []*fn{m.tile(lv)}})
	}
	files = append(files, armPeaks(lv)...)
	if lv.sdot {
		return files
	}
	return append(files, armFloatFiles()...)
}

// afn is one arm64 function being written. Its instructions name the destination first.
type afn struct {
	fn
	lv *a64
}

func newArm(lv *a64, name, sig, ret, doc string) *afn {
	return &afn{fn: fn{name: name, doc: doc, args: parse(sig), ret: parse(ret)}, lv: lv}
}

// v writes a vector instruction of the table instructions.
func (f *afn) v(name string, operands ...int) {
	fmt.Fprintf(&f.body, "\t%s\n", instruction(name).line(operands))
}

// op writes an instruction in the assembler's own syntax, destination last.
func (f *afn) op(name string, operands ...any) {
	s := make([]string, len(operands))
	for i, o := range operands {
		s[i] = fmt.Sprint(o)
	}
	fmt.Fprintf(&f.body, "\t%s %s\n", name, strings.Join(s, ", "))
}

// load reads parameters into general registers.
func (f *afn) load(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		f.op("MOVD", f.at(pairs[i]), pairs[i+1])
	}
}

// loop repeats body while counter, decremented after it, is not zero.
func (f *afn) loop(name, counter string, body func()) {
	top := f.label(name)
	f.place(top)
	body()
	f.op("SUBS", imm(1), counter)
	f.op("BNE", top)
}

func (f *afn) end() *fn {
	fmt.Fprintf(&f.body, "\tRET\n")
	return &f.fn
}

// ldr and str move a register of 16 bytes, ldp and stp two.
func (f *afn) ldr(off int, base string, dst int)  { f.op("FMOVQ", mem(off, base), fp(dst)) }
func (f *afn) str(src, off int, base string)      { f.op("FMOVQ", fp(src), mem(off, base)) }
func (f *afn) ldp(off int, base string, a, b int) { f.op("FLDPQ", mem(off, base), fps(a, b)) }
func (f *afn) stp(a, b, off int, base string)     { f.op("FSTPQ", fps(a, b), mem(off, base)) }

// ldrPast loads 16 bytes and moves base past them.
func (f *afn) ldrPast(base string, dst int) { f.op("FMOVQ.P", mem(16, base), fp(dst)) }

// spread loads a number of size bytes (2 or 4) into every lane and moves base past it.
func (f *afn) spread(base string, size, dst int) {
	f.op("VLD1R.P", mem(size, base), fmt.Sprintf("[V%d.%s]", dst, map[int]string{2: "H4", 4: "S4"}[size]))
}

// lane loads one f32 into a lane and moves base past it.
func (f *afn) lane(base string, dst, lane int) {
	f.op("VLD1.P", mem(4, base), fmt.Sprintf("V%d.S[%d]", dst, lane))
}

func fp(i int) string     { return fmt.Sprintf("F%d", i) }
func fps(a, b int) string { return fmt.Sprintf("(F%d, F%d)", a, b) }
func r(i int) string      { return fmt.Sprintf("R%d", i) }

// fill sets every 32-bit lane of dst; general register 17 is overwritten.
func (f *afn) fill(dst int, bits uint32) {
	f.op("MOVD", fmt.Sprintf("$0x%x", bits), "R17")
	f.op("VDUP", "R17", fmt.Sprintf("V%d.S4", dst))
}

func (f *afn) fillFloat(dst int, x float64) { f.fill(dst, math.Float32bits(float32(x))) }

// fillBytes sets every byte of dst.
func (f *afn) fillBytes(dst int, x byte) { f.op("VMOVI", imm(int(x)), fmt.Sprintf("V%d.B16", dst)) }

// zero clears n registers.
func (f *afn) zero(first, n int) {
	for i := range n {
		f.v("zero", first+i)
	}
}
