package gen

// Registers of the arm64 dot and unpack recipes; a number that stands for 16 rows is the first of four registers.
//
// General registers: unit R1, its codes R2, scales R3 and plane R4; blocks left R11, units R9. Of dot: y R0, q R5, d R6, ds R7, s R8, panels R10;
// of unpack: codes R0, scales R12.
const (
	armAcc   = 0  // f32 sums
	armN     = 4  // integer sums; with scales for 16 k those of the second half
	armWide  = 4  // 8 registers of 16-bit or of unpaired 32-bit sums (neon)
	armPlane = 8  // a plane of bits, or f32 dmin where a block is folded
	armD     = 12 // f32 d of the unit
	armDMin  = 16 // f32 dmin of the unit
	armN0    = 16 // integer sums of the first half
	armQ     = 20 // activations: 16 k each
	armRaw   = 22 // packed codes
	armCode  = 24
	armTmp   = 25
	armDup   = 26 // activations of one group in every 32-bit lane, two groups
	armSub   = 26 // sub-scales of 8 rows each
	armS     = 28 // four scales
	armConst = 29 // and on
)

// scaleForm is how a unit holds scales or minimums.
type scaleForm int

const (
	noScale   scaleForm = iota
	halfForm            // f16 a block
	floatForm           // f32
	signed              // d times a signed byte
	unsigned            // d times a byte
	lowBits             // d times the low nibble of a byte
	highBits            // d times the high nibble
	exponent            // 2^(e-128)
)

// A kind's scales in armScales; minOff is from the block's scales to its minimums.
type armScale struct {
	scale, min scaleForm
	minOff     int
}

var armScales = map[string]armScale{
	"q4_0": {scale: halfForm}, "q5_0": {scale: halfForm}, "q8_0": {scale: halfForm}, "iq4_nl": {scale: halfForm},
	"q4_1": {halfForm, halfForm, 64}, "q5_1": {halfForm, halfForm, 64},
	"q4_k": {unsigned, unsigned, 128}, "q5_k": {unsigned, unsigned, 128},
	"q2_k": {lowBits, highBits, 0},
	"q3_k": {scale: signed}, "q6_k": {scale: signed}, "iq4_xs": {scale: signed},
	"mxfp4": {scale: exponent}, "int8": {scale: floatForm},
}

// byUnit says that scales are products with a unit's d.
func (s scaleForm) byUnit() bool { return s >= signed && s <= highBits }

// armBlock is a kind's block in a recipe: where its parts are, and the registers of its constants.
type armBlock struct {
	k *kind
	f *afn
	b int // block, where they are written out

	nibble, mask1, mask2, table, offset, minus int
	oneBit, twoBits                            func(g, h int) int // registers of the planes; nil: not loaded yet
}

// newBlock loads the constants that decoding reads. The offset is taken off the codes, or else off the sums; tables hold codes without.
func newBlock(f *afn, k *kind, offCodes bool) *armBlock {
	c := &armBlock{k: k, f: f}
	next := armConst
	take := func() int { next++; return next - 1 }
	if k.nibbles {
		c.nibble = take()
		f.fillBytes(c.nibble, 15)
	}
	if k.plane1 > 0 {
		c.mask1 = take()
		f.fillBytes(c.mask1, 1<<k.at1)
	}
	if k.plane2 > 0 {
		c.mask2 = take()
		f.fillBytes(c.mask2, 3<<k.at2)
	}
	if k.table != nil {
		c.table = take()
		codes := make([]byte, 16)
		for i := range codes {
			codes[i] = k.table[i] - byte(k.offset)
		}
		f.op("MOVD", "$"+f.vector("table", codes), "R17")
		f.ldr(0, "R17", c.table)
	}
	switch {
	case k.offset == 0 || k.table != nil:
	case offCodes:
		c.offset = take()
		f.fillBytes(c.offset, byte(k.offset))
	case k.halves:
		c.minus = take()
		f.fill(c.minus, uint32(uint16(-k.offset))*0x10001)
	default:
		c.minus = take()
		f.fill(c.minus, uint32(-k.offset))
	}
	if armScales[k.name].scale == exponent {
		f.fill(armD, 2)
		f.fill(armD+1, 0x200000)
	}
	return c
}

// each runs body for every block of the unit at R1: written out for two blocks, as a loop for more.
func (c *armBlock) each(body func()) {
	k, f := c.k, c.f
	f.op("ADD", imm(k.codes), "R1", "R2")
	f.op("ADD", imm(k.scales), "R1", "R3")
	if k.plane1 > 0 {
		f.op("ADD", imm(k.plane1), "R1", "R4")
	}
	if k.blocks == 2 {
		for c.b = range 2 {
			f.note("block %d", c.b)
			body()
		}
		return
	}
	f.op("MOVD", imm(k.blocks), "R11")
	f.loop("block", "R11", func() {
		body()
		f.op("ADD", imm(k.codeStep), "R2")
		f.op("ADD", imm(k.scaleStep), "R3")
		if k.plane1 > 0 {
			f.op("ADD", imm(k.step1), "R4")
		}
	})
}

// Offsets of the block's parts from R2, R3 and R4.
func (c *armBlock) codeAt(off int) int  { return c.b*c.k.codeStep + off }
func (c *armBlock) scaleAt(off int) int { return c.b*c.k.scaleStep + off }
func (c *armBlock) planeAt(off int) int { return c.b*c.k.step1 + off }

// rawAt is where the packed codes of group g, part h are: with the groups that share the bytes.
func (c *armBlock) rawAt(g, h int) int {
	switch {
	case c.k.nibbles:
		g %= 4
	case c.k.plane2 > 0:
		g /= 4
	}
	return c.codeAt(64*g + 16*h)
}

// code makes the codes of group g, part h of the packed ones in raw; armTmp is overwritten.
func (c *armBlock) code(g, h, raw, dst int) {
	k, f := c.k, c.f
	switch {
	case k.nibbles && g < 4:
		f.v("and", dst, raw, c.nibble)
	case k.nibbles:
		f.v("shr.16b", dst, raw, 4)
	case k.plane2 > 0:
		c.bits(2*(g%4), raw, c.mask2, dst)
	}
	if k.table != nil {
		f.v("tbl", dst, c.table, dst)
	}
	if k.nibbles && k.plane2 > 0 {
		c.merge(c.twoBits, "R2", c.twoBitsAt(g, h), g, h, 2*(g%4)-k.at2, c.mask2, dst)
	}
	if k.plane1 > 0 {
		c.merge(c.oneBit, "R4", c.planeAt(16*h), g, h, g-k.at1, c.mask1, dst)
	}
	if c.offset > 0 {
		if !k.nibbles && k.plane2 == 0 {
			f.v("sub.16b", dst, raw, c.offset)
		} else {
			f.v("sub.16b", dst, dst, c.offset)
		}
	}
}

// twoBitsAt is where a plane of two bits beside nibbles is, from R2.
func (c *armBlock) twoBitsAt(g, h int) int { return c.codeAt(c.k.plane2 - c.k.codes + 64*(g/4) + 16*h) }

// merge puts the bits of mask of a plane, shifted right, into the codes in dst. The plane is in a register already or at off behind base.
func (c *armBlock) merge(loaded func(g, h int) int, base string, off, g, h, shift, mask, dst int) {
	from := armTmp
	if loaded != nil {
		from = loaded(g, h)
	} else {
		c.f.ldr(off, base, from)
	}
	c.f.v("bit", dst, c.shift(shift, from, armTmp), mask)
}

// bits leaves in dst the bits of mask of bytes shifted right.
func (c *armBlock) bits(shift, from, mask, dst int) {
	c.f.v("and", dst, c.shift(shift, from, dst), mask)
}

// shift shifts bytes right, or left, into dst and returns the register of the result: from if there is nothing to do.
func (c *armBlock) shift(right, from, dst int) int {
	switch {
	case right > 0:
		c.f.v("shr.16b", dst, from, right)
	case right < 0:
		c.f.v("shl.16b", dst, from, -right)
	default:
		return from
	}
	return dst
}

// unitScale loads 16 f16 numbers of the unit as f32.
func (c *armBlock) unitScale(off, dst int) {
	c.f.ldp(off, "R1", armSub, armSub+1)
	for h := range 4 {
		c.f.v(part("fcvtl", h), dst+h, armSub+h/2)
	}
}

// part names the instruction for the lower or upper half of a register.
func part(name string, h int) string { return name + []string{"", "2"}[h%2] }

// eachScale leaves set i of the block's scales or minimums, part by part, in armS and calls use. d is the register of the unit's scale.
func (c *armBlock) eachScale(form scaleForm, off, i, d int, use func(h int)) {
	f := c.f
	switch form {
	case halfForm:
		f.ldp(c.scaleAt(off), "R3", armSub, armSub+1)
	case floatForm:
	default:
		f.ldr(c.scaleAt(off+16*i), "R3", armSub)
		c.widen(form)
	}
	for h := range 4 {
		sub := armSub + h/2
		switch form {
		case halfForm:
			f.v(part("fcvtl", h), armS, sub)
		case floatForm:
			f.ldr(c.scaleAt(off+64*i+16*h), "R3", armS)
		case signed:
			f.v(part("sshll", h), armS, sub)
			f.v("scvtf", armS, armS)
			f.v("fmul", armS, armS, d+h)
		case exponent: // (0x200000 << min(e, 2)) + (e - min(e, 2)) << 23
			f.v(part("ushll", h), armS, sub)
			f.v("umin", armCode, armS, armD)
			f.v("sub", armS, armS, armCode)
			f.v("shl", armS, armS, 23)
			f.v("ushl", armCode, armD+1, armCode)
			f.v("add", armS, armS, armCode)
		default:
			f.v(part("ushll", h), armS, sub)
			f.v("ucvtf", armS, armS)
			f.v("fmul", armS, armS, d+h)
		}
		use(h)
	}
}

// widen spreads 16 bytes in armSub to 16 bits.
func (c *armBlock) widen(form scaleForm) {
	f, name := c.f, "ushll"
	switch form {
	case signed:
		name = "sshll"
	case lowBits:
		f.v("shl.16b", armSub, armSub, 4)
		f.v("shr.16b", armSub, armSub, 4)
	case highBits:
		f.v("shr.16b", armSub, armSub, 4)
	}
	f.v(name+"2.8h", armSub+1, armSub)
	f.v(name+".8h", armSub, armSub)
}
