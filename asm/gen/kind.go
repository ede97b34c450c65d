package gen

// kind is a panel layout as the recipes see it (kernels.Kind; the bytes are explained in the unpackers of kernels/generic_unpack.go).
// A unit is a head, then blocks of 32 k. Offsets count bytes: from the unit's start for the first block, and a step to the next.
type kind struct {
	name   string
	bytes  int // of a unit
	blocks int // of 32 k in a unit
	bits   int // of a code, 8: code - 128 is signed
	halves bool
	offset int

	codes, codeStep   int // where the codes of a block are
	scales, scaleStep int // where its scales are

	nibbles  bool      // low nibbles: groups 0-3, high nibbles: groups 4-7
	table    *[16]byte // codes are looked up by nibble
	plane1   int       // 64 bytes with bit g for group g, from the unit's start; step planeStep; 0: none
	plane2   int       // 128 bytes with bits 2(g mod 4) in vector g div 4
	step1    int
	step2    int
	at1, at2 int // the code bits that the planes hold

	scale   func(f *fn, c *cursors, i, h, dst int) // loads s (i = 0) or s1 of part h as f32
	minimum func(f *fn, c *cursors, i, h, dst int) // loads m or m1; nil: none
	negMin  bool                                   // the minimum is subtracted

	tile bool // the tile for codes of this kind; others use it too
}

var iq4Table = &[16]byte{1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241}
var fp4Table = &[16]byte{12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0}

var kinds = []*kind{
	{name: "q4_0", bytes: 576, blocks: 2, bits: 4, offset: 8, codes: 64, codeStep: 256, scaleStep: 32, nibbles: true, scale: halfScale, tile: true},
	{name: "q4_1", bytes: 640, blocks: 2, bits: 4, codes: 128, codeStep: 256, scaleStep: 32, nibbles: true, scale: halfScale, minimum: halfMin, tile: true},
	{name: "q5_0", bytes: 704, blocks: 2, bits: 5, offset: 16, codes: 64, codeStep: 256, scaleStep: 32, nibbles: true, plane1: 576, step1: 64, at1: 4, scale: halfScale, tile: true},
	{name: "q5_1", bytes: 768, blocks: 2, bits: 5, codes: 128, codeStep: 256, scaleStep: 32, nibbles: true, plane1: 640, step1: 64, at1: 4, scale: halfScale, minimum: halfMin, tile: true},
	{name: "q8_0", bytes: 1088, blocks: 2, bits: 8, offset: 128, codes: 64, codeStep: 512, scaleStep: 32, scale: halfScale, tile: true},
	{name: "iq4_nl", bytes: 576, blocks: 2, bits: 8, offset: 128, codes: 64, codeStep: 256, scaleStep: 32, nibbles: true, table: iq4Table, scale: halfScale},
	{name: "mxfp4", bytes: 1088, blocks: 4, bits: 5, offset: 12, codes: 64, codeStep: 256, scaleStep: 16, nibbles: true, table: fp4Table, scale: e8m0Scale, tile: true},
	{name: "q2_k", bytes: 1344, blocks: 8, bits: 2, halves: true, codes: 320, codeStep: 128, scales: 64, scaleStep: 32, plane2: 320, step2: 128, scale: lowScale, minimum: highMin, negMin: true, tile: true},
	{name: "q3_k", bytes: 1856, blocks: 8, bits: 3, halves: true, offset: 4, codes: 320, codeStep: 192, scales: 64, scaleStep: 32, plane2: 320, step2: 192, plane1: 448, step1: 192, at1: 2, scale: signedScale, tile: true},
	{name: "q4_k", bytes: 2368, blocks: 8, bits: 4, codes: 320, codeStep: 256, scales: 64, scaleStep: 16, nibbles: true, scale: byteScale, minimum: byteMin, negMin: true},
	{name: "q5_k", bytes: 2880, blocks: 8, bits: 5, codes: 320, codeStep: 256, scales: 64, scaleStep: 16, nibbles: true, plane1: 2368, step1: 64, at1: 4, scale: byteScale, minimum: byteMin, negMin: true},
	{name: "q6_k", bytes: 3392, blocks: 8, bits: 6, halves: true, offset: 32, codes: 320, codeStep: 384, scales: 64, scaleStep: 32, nibbles: true, plane2: 576, step2: 384, at2: 4, scale: signedScale, tile: true},
	{name: "iq4_xs", bytes: 2240, blocks: 8, bits: 8, offset: 128, codes: 192, codeStep: 256, scales: 64, scaleStep: 16, nibbles: true, table: iq4Table, scale: signedScale},
	{name: "int8", bytes: 1280, blocks: 2, bits: 8, halves: true, offset: 128, codes: 256, codeStep: 512, scaleStep: 128, scale: floatScale, tile: true},
}

// per is the number of f32 scales and minimums a block has in unpacked form, in vectors of 16.
func (k *kind) per() int {
	n := 1
	if k.halves {
		n *= 2
	}
	if k.minimum != nil {
		n *= 2
	}
	return n
}

// sets is per with what the level's tiles want beside: -M·s where they use magic.
func (k *kind) sets(lv *x86) int {
	if lv.magic() {
		return k.per() + 1
	}
	return k.per()
}

// cursors are the addresses of the block at hand: constant offsets from the unit in SI where blocks are written out one by one, and
// registers that move from block to block in a loop.
type cursors struct {
	k    *kind
	b    int // block, when written out
	loop bool
}

func (c *cursors) addr(reg string, start, step, off int) string {
	if c.loop {
		return mem(off, reg)
	}
	return mem(start+c.b*step+off, "SI")
}

func (c *cursors) code(off int) string { return c.addr("AX", c.k.codes, c.k.codeStep, off) }
func (c *cursors) scale(off int) string {
	return c.addr("BX", c.k.scales, c.k.scaleStep, off)
}
func (c *cursors) plane1(off int) string { return c.addr("R13", c.k.plane1, c.k.step1, off) }
func (c *cursors) plane2(off int) string {
	if c.loop { // planes of two bits go with the codes
		return c.code(c.k.plane2 - c.k.codes + off)
	}
	return c.addr("", c.k.plane2, c.k.step2, off)
}

// eachBlock runs body for every block of the unit in SI: written out for two blocks, as a loop for more.
func (k *kind) eachBlock(f *fn, body func(c *cursors)) {
	if k.blocks == 2 {
		for b := range 2 {
			f.note("block %d", b)
			body(&cursors{k: k, b: b})
		}
		return
	}
	f.op("LEAQ", mem(k.codes, "SI"), "AX")
	f.op("LEAQ", mem(k.scales, "SI"), "BX")
	if k.plane1 > 0 {
		f.op("LEAQ", mem(k.plane1, "SI"), "R13")
	}
	f.op("MOVQ", imm(k.blocks), "R12")
	f.loop("block", "R12", func() {
		body(&cursors{k: k, loop: true})
		f.op("ADDQ", imm(k.codeStep), "AX")
		f.op("ADDQ", imm(k.scaleStep), "BX")
		if k.plane1 > 0 {
			f.op("ADDQ", imm(k.step1), "R13")
		}
	})
}

// Scales. A part h of a panel's 16 rows is what one register holds.

func halfScale(f *fn, c *cursors, _, h, dst int) {
	f.op("VCVTPH2PS", c.scale(f.lv.bytes/2*h), f.v(dst))
}

func halfMin(f *fn, c *cursors, _, h, dst int) {
	f.op("VCVTPH2PS", c.scale(64+f.lv.bytes/2*h), f.v(dst))
}

func floatScale(f *fn, c *cursors, i, h, dst int) {
	f.op("VMOVUPS", c.scale(64*i+f.lv.bytes*h), f.v(dst))
}

// subScale multiplies the integers in dst by the unit's f16 scales at off.
func subScale(f *fn, off, h, dst int) {
	f.op("VCVTDQ2PS", f.v(dst), f.v(dst))
	f.op("VCVTPH2PS", mem(off+f.lv.bytes/2*h, "SI"), f.v(tmp))
	f.op("VMULPS", f.v(tmp), f.v(dst), f.v(dst))
}

func signedScale(f *fn, c *cursors, i, h, dst int) {
	f.op("VPMOVSXBD", c.scale(16*i+f.lv.bytes/4*h), f.v(dst))
	subScale(f, 0, h, dst)
}

func byteScale(f *fn, c *cursors, _, h, dst int) {
	f.op("VPMOVZXBD", c.scale(f.lv.bytes/4*h), f.v(dst))
	subScale(f, 0, h, dst)
}

func byteMin(f *fn, c *cursors, _, h, dst int) {
	f.op("VPMOVZXBD", c.scale(128+f.lv.bytes/4*h), f.v(dst))
	subScale(f, 32, h, dst)
}

func lowScale(f *fn, c *cursors, i, h, dst int) {
	f.op("VPMOVZXBD", c.scale(16*i+f.lv.bytes/4*h), f.v(dst))
	f.op("VPAND", f.dwords4("low4", 15), f.v(dst), f.v(dst))
	subScale(f, 0, h, dst)
}

func highMin(f *fn, c *cursors, i, h, dst int) {
	f.op("VPMOVZXBD", c.scale(16*i+f.lv.bytes/4*h), f.v(dst))
	f.op("VPSRLD", imm(4), f.v(dst), f.v(dst))
	subScale(f, 32, h, dst)
}

// e8m0Scale makes 2^(e-128) of an exponent byte: (0x200000 << min(e, 2)) + (e - min(e, 2)) << 23, which has the two subnormal ones right.
func e8m0Scale(f *fn, c *cursors, _, h, dst int) {
	f.op("VPMOVZXBD", c.scale(f.lv.bytes/4*h), f.v(dst))
	f.op("VPMINSD", f.dwords4("two", 2), f.v(dst), f.v(tmp))
	f.op("VPSUBD", f.v(tmp), f.v(dst), f.v(dst))
	f.op("VPSLLD", imm(23), f.v(dst), f.v(dst))
	f.op("VMOVDQU", f.dwords4("quarter", 0x200000), f.v(tmp2))
	f.op("VPSLLVD", f.v(tmp), f.v(tmp2), f.v(tmp2))
	f.op("VPADDD", f.v(tmp2), f.v(dst), f.v(dst))
}
