package gen

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// fn is one assembly function being written.
type fn struct {
	lv     *x86
	name   string
	doc    string
	args   []arg
	ret    []arg
	frame  int // bytes of stack
	body   strings.Builder
	consts []constant
	labels int
}

type arg struct{ name, typ string }

type constant struct {
	name  string
	words [8]uint64 // one 64-byte vector
}

// newFn begins a function. sig is a Go parameter list, "y []float32, units int"; ret a list of results or "".
func newFn(lv *x86, name, sig, ret, doc string) *fn {
	return &fn{lv: lv, name: name, doc: doc, args: parse(sig), ret: parse(ret)}
}

// parse reads a Go parameter list into one arg a name.
func parse(sig string) []arg {
	var args []arg
	if sig == "" {
		return nil
	}
	open := 0 // first arg that still lacks its type
	for _, p := range strings.Split(sig, ", ") {
		name, typ, ok := strings.Cut(p, " ")
		args = append(args, arg{name, typ})
		if !ok {
			continue
		}
		for ; open < len(args); open++ {
			args[open].typ = typ
		}
	}
	return args
}

func (f *fn) params() string { return list(f.args) }

func (f *fn) result() string {
	if len(f.ret) == 0 {
		return ""
	}
	return " (" + list(f.ret) + ")"
}

func list(args []arg) string {
	var b strings.Builder
	for i, a := range args {
		b.WriteString(a.name)
		if i+1 < len(args) && args[i+1].typ == a.typ {
			b.WriteString(", ")
			continue
		}
		b.WriteString(" " + a.typ)
		if i+1 < len(args) {
			b.WriteString(", ")
		}
	}
	return b.String()
}

// typeSize returns size and alignment of a parameter on the stack.
func typeSize(typ string) (size, align int) {
	switch {
	case strings.HasPrefix(typ, "[]"):
		return 24, 8
	case typ == "float32":
		return 4, 4
	case typ == "bool":
		return 1, 1
	}
	return 8, 8
}

// at returns the stack operand of a parameter or result: its value, or a slice's base ("name") or length ("name_len").
func (f *fn) at(name string) string {
	off := 0
	for i, a := range append(append([]arg{}, f.args...), f.ret...) {
		size, align := typeSize(a.typ)
		if i == len(f.args) {
			align = 8
		}
		off = (off + align - 1) &^ (align - 1)
		switch {
		case a.name == name && size == 24:
			return fmt.Sprintf("%s_base+%d(FP)", name, off)
		case a.name == name:
			return fmt.Sprintf("%s+%d(FP)", name, off)
		case a.name+"_len" == name:
			return fmt.Sprintf("%s+%d(FP)", name, off+8)
		}
		off += size
	}
	panic("gen: " + f.name + " has no parameter " + name)
}

// size returns the bytes of all parameters and results.
func (f *fn) size() int {
	off := 0
	for i, a := range append(append([]arg{}, f.args...), f.ret...) {
		size, align := typeSize(a.typ)
		if i == len(f.args) {
			align = 8
		}
		off = (off+align-1)&^(align-1) + size
	}
	return off
}

// op writes one instruction; the operands are in the assembler's order, the destination last.
func (f *fn) op(name string, operands ...any) {
	s := make([]string, len(operands))
	for i, o := range operands {
		s[i] = fmt.Sprint(o)
	}
	if name == "VPDPBUSD" && f.lv.reg == "Y" {
		var r [3]int
		for i := range r {
			fmt.Sscanf(s[i], "Y%d", &r[i])
		}
		fmt.Fprintf(&f.body, "\t%s\n", vexDotProduct(r[0], r[1], r[2]))
		return
	}
	fmt.Fprintf(&f.body, "\t%s %s\n", f.lv.mnemonic(name, s), strings.Join(s, ", "))
}

// load reads parameters into general registers: load("y", "DI", "units", "CX").
func (f *fn) load(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		f.op("MOVQ", f.at(pairs[i]), pairs[i+1])
	}
}

// note writes a comment line.
func (f *fn) note(format string, a ...any) {
	fmt.Fprintf(&f.body, "\t// "+format+"\n", a...)
}

// label returns a new label name; place puts it here.
func (f *fn) label(name string) string {
	f.labels++
	return fmt.Sprintf("%s%d", name, f.labels)
}

func (f *fn) place(label string) { fmt.Fprintf(&f.body, "%s:\n", label) }

// loop repeats body while counter, decremented after it, is not zero.
func (f *fn) loop(name, counter string, body func()) {
	top := f.label(name)
	f.place(top)
	body()
	f.op("DECQ", counter)
	f.op("JNZ", top)
}

// end writes the return.
func (f *fn) end() *fn {
	f.op("VZEROUPPER")
	fmt.Fprintf(&f.body, "\tRET\n")
	return f
}

// v returns vector register i of the level's width.
func (f *fn) v(i int) string { return fmt.Sprintf("%s%d", f.lv.reg, i) }

func mem(off int, reg string) string { return fmt.Sprintf("%d(%s)", off, reg) }

// vector returns the operand of a constant whose 64 bytes repeat pattern (1, 2, 4, 8, 16, 32 or 64 bytes).
func (f *fn) vector(name string, pattern []byte) string {
	c := constant{name: name}
	var b [64]byte
	for i := range b {
		b[i] = pattern[i%len(pattern)]
	}
	for i := range c.words {
		c.words[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	have := false
	for _, o := range f.consts {
		have = have || o.name == name
	}
	if !have {
		f.consts = append(f.consts, c)
	}
	return name + "<>(SB)"
}

// bytes1, words2 and dwords4 are constants of one repeated number.
func (f *fn) bytes1(name string, x byte) string { return f.vector(name, []byte{x}) }
func (f *fn) words2(name string, x uint16) string {
	return f.vector(name, []byte{byte(x), byte(x >> 8)})
}
func (f *fn) dwords4(name string, x uint32) string {
	return f.vector(name, binary.LittleEndian.AppendUint32(nil, x))
}

// words2pair is a constant of two repeated 16-bit numbers.
func (f *fn) words2pair(name string, lo, hi int) string {
	return f.vector(name, []byte{byte(lo), byte(lo >> 8), byte(hi), byte(hi >> 8)})
}
