package gen

import "fmt"

// inst is a vector instruction: in the syntax of Go's assembler where that knows it, else as a word with GNU syntax for the reader.
type inst struct {
	name   string // how recipes call it
	text   string // operands in the order of recipes
	word   uint32 // without operands; 0: text is Go syntax
	fields string // what each operand is: registers d, n, m; e the index of a 32-bit element
}

func (in *inst) line(operands []int) string {
	args := make([]any, len(operands))
	for i, o := range operands {
		args[i] = o
	}
	text := fmt.Sprintf(in.text, args...)
	if in.word == 0 {
		return text
	}
	return fmt.Sprintf("WORD $0x%08x // %s", in.encode(operands), text)
}

func (in *inst) encode(operands []int) uint32 {
	w := in.word
	if len(operands) != len(in.fields) {
		panic("gen: " + in.name + ": wrong number of operands")
	}
	for i, o := range operands {
		x := uint32(o)
		switch in.fields[i] {
		case 'd':
			w |= x
		case 'n':
			w |= x << 5
		case 'm':
			w |= x << 16
		case 'e':
			w |= x&1<<21 | x>>1<<11
		}
	}
	return w
}

func instruction(name string) *inst {
	for i := range instructions {
		if instructions[i].name == name {
			return &instructions[i]
		}
	}
	panic("gen: no instruction " + name)
}

// instructions are the vector instructions that recipes use. The words are proved by TestArmEncoding.
var instructions = []inst{
	{"fadd", "fadd v%d.4s, v%d.4s, v%d.4s", 0x4e20d400, "dnm"},
	{"fsub", "fsub v%d.4s, v%d.4s, v%d.4s", 0x4ea0d400, "dnm"},
	{"fmul", "fmul v%d.4s, v%d.4s, v%d.4s", 0x6e20dc00, "dnm"},
	{"fdiv", "fdiv v%d.4s, v%d.4s, v%d.4s", 0x6e20fc00, "dnm"},
	{"fmax", "fmax v%d.4s, v%d.4s, v%d.4s", 0x4e20f400, "dnm"},
	{"fmin", "fmin v%d.4s, v%d.4s, v%d.4s", 0x4ea0f400, "dnm"},
	{"fmla", "fmla v%d.4s, v%d.4s, v%d.4s", 0x4e20cc00, "dnm"},
	{"fmls", "fmls v%d.4s, v%d.4s, v%d.4s", 0x4ea0cc00, "dnm"},
	{"fmla.e", "fmla v%d.4s, v%d.4s, v%d.s[%d]", 0x4f801000, "dnme"},
	{"fmls.e", "fmls v%d.4s, v%d.4s, v%d.s[%d]", 0x4f805000, "dnme"},
	{"fmul.e", "fmul v%d.4s, v%d.4s, v%d.s[%d]", 0x4f809000, "dnme"},
	{"fneg", "fneg v%d.4s, v%d.4s", 0x6ea0f800, "dn"},
	{"fabs", "fabs v%d.4s, v%d.4s", 0x4ea0f800, "dn"},
	{"fcmgt", "fcmgt v%d.4s, v%d.4s, v%d.4s", 0x6ea0e400, "dnm"},
	{"scvtf", "scvtf v%d.4s, v%d.4s", 0x4e21d800, "dn"},
	{"ucvtf", "ucvtf v%d.4s, v%d.4s", 0x6e21d800, "dn"},
	{"fcvtns", "fcvtns v%d.4s, v%d.4s", 0x4e21a800, "dn"},
	{"fcvtl", "fcvtl v%d.4s, v%d.4h", 0x0e217800, "dn"},
	{"fcvtl2", "fcvtl2 v%d.4s, v%d.8h", 0x4e217800, "dn"},
	{"smull", "smull v%d.8h, v%d.8b, v%d.8b", 0x0e20c000, "dnm"},
	{"smull2", "smull2 v%d.8h, v%d.16b, v%d.16b", 0x4e20c000, "dnm"},
	{"smlal", "smlal v%d.8h, v%d.8b, v%d.8b", 0x0e208000, "dnm"},
	{"smlal2", "smlal2 v%d.8h, v%d.16b, v%d.16b", 0x4e208000, "dnm"},
	{"smull.4s", "smull v%d.4s, v%d.4h, v%d.4h", 0x0e60c000, "dnm"},
	{"mul.4s", "mul v%d.4s, v%d.4s, v%d.4s", 0x4ea09c00, "dnm"},
	{"saddlp", "saddlp v%d.4s, v%d.8h", 0x4e602800, "dn"},
	{"sadalp", "sadalp v%d.4s, v%d.8h", 0x4e606800, "dn"},
	{"addp.8h", "addp v%d.8h, v%d.8h, v%d.8h", 0x4e60bc00, "dnm"},
	{"addp.4s", "addp v%d.4s, v%d.4s, v%d.4s", 0x4ea0bc00, "dnm"},
	{"sshll.8h", "sshll v%d.8h, v%d.8b, #0", 0x0f08a400, "dn"},
	{"sshll2.8h", "sshll2 v%d.8h, v%d.16b, #0", 0x4f08a400, "dn"},
	{"sshll", "sshll v%d.4s, v%d.4h, #0", 0x0f10a400, "dn"},
	{"sshll2", "sshll2 v%d.4s, v%d.8h, #0", 0x4f10a400, "dn"},
	{"ushll.8h", "ushll v%d.8h, v%d.8b, #0", 0x2f08a400, "dn"},
	{"ushll2.8h", "ushll2 v%d.8h, v%d.16b, #0", 0x6f08a400, "dn"},
	{"ushll", "ushll v%d.4s, v%d.4h, #0", 0x2f10a400, "dn"},
	{"ushll2", "ushll2 v%d.4s, v%d.8h, #0", 0x6f10a400, "dn"},
	{"sdot.e", "sdot v%d.4s, v%d.16b, v%d.4b[%d]", 0x4f80e000, "dnme"},
	{"usdot.e", "usdot v%d.4s, v%d.16b, v%d.4b[%d]", 0x4f80f000, "dnme"},
	{"smmla", "smmla v%d.4s, v%d.16b, v%d.16b", 0x4e80a400, "dnm"},
	{"umin", "umin v%d.4s, v%d.4s, v%d.4s", 0x6ea06c00, "dnm"},
	{"umax", "umax v%d.4s, v%d.4s, v%d.4s", 0x6ea06400, "dnm"},
	{"umaxv", "umaxv s%d, v%d.4s", 0x6eb0a800, "dn"},
	{"saddlv", "saddlv h%d, v%d.16b", 0x4e303800, "dn"},
	{"ushl", "ushl v%d.4s, v%d.4s, v%d.4s", 0x6ea04400, "dnm"},
	{"bic", "bic v%d.16b, v%d.16b, v%d.16b", 0x4e601c00, "dnm"},
	{"bit", "bit v%d.16b, v%d.16b, v%d.16b", 0x6ea01c00, "dnm"},
	{"zero", "movi v%d.2d, #0", 0x6f00e400, "d"},
	{name: "mov", text: "VMOV V%[2]d.B16, V%[1]d.B16"},
	{name: "and", text: "VAND V%[3]d.B16, V%[2]d.B16, V%[1]d.B16"},
	{name: "orr", text: "VORR V%[3]d.B16, V%[2]d.B16, V%[1]d.B16"},
	{name: "add", text: "VADD V%[3]d.S4, V%[2]d.S4, V%[1]d.S4"},
	{name: "add.4h", text: "VADD V%[3]d.H4, V%[2]d.H4, V%[1]d.H4"},
	{name: "sub", text: "VSUB V%[3]d.S4, V%[2]d.S4, V%[1]d.S4"},
	{name: "sub.16b", text: "VSUB V%[3]d.B16, V%[2]d.B16, V%[1]d.B16"},
	{name: "dup", text: "VDUP V%[2]d.S[%[3]d], V%[1]d.S4"},
	{name: "tbl", text: "VTBL V%[3]d.B16, [V%[2]d.B16], V%[1]d.B16"},
	{name: "ext", text: "VEXT $%[4]d, V%[3]d.B16, V%[2]d.B16, V%[1]d.B16"},
	{name: "shr.16b", text: "VUSHR $%[3]d, V%[2]d.B16, V%[1]d.B16"},
	{name: "shl.16b", text: "VSHL $%[3]d, V%[2]d.B16, V%[1]d.B16"},
	{name: "shl", text: "VSHL $%[3]d, V%[2]d.S4, V%[1]d.S4"},
	{name: "zip1", text: "VZIP1 V%[3]d.S4, V%[2]d.S4, V%[1]d.S4"},
	{name: "zip2", text: "VZIP2 V%[3]d.S4, V%[2]d.S4, V%[1]d.S4"},
	{name: "uzp1", text: "VUZP1 V%[3]d.S4, V%[2]d.S4, V%[1]d.S4"},
	{name: "uzp2", text: "VUZP2 V%[3]d.S4, V%[2]d.S4, V%[1]d.S4"},
	{name: "uzp1.8h", text: "VUZP1 V%[3]d.H8, V%[2]d.H8, V%[1]d.H8"},
	{name: "uzp1.16b", text: "VUZP1 V%[3]d.B16, V%[2]d.B16, V%[1]d.B16"},
	{name: "trn1", text: "VTRN1 V%[3]d.D2, V%[2]d.D2, V%[1]d.D2"},
	{name: "trn2", text: "VTRN2 V%[3]d.D2, V%[2]d.D2, V%[1]d.D2"},
}
