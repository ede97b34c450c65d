package gen

import (
	"fmt"
	"strings"
)

// x86 is an instruction-set level of amd64 as the recipes see it.
type x86 struct {
	name  string // of the package
	needs string // CPU features
	reg   string // vector registers: Y or Z
	bytes int    // of a vector register
	vnni  bool   // VPDPBUSD

	amx      bool // tile registers: unpacks to signed codes, one panel at a time
	products bool // only products of quantised weights: the rest is the level's below
}

// levels is the table of levels: what a new one adds a row to.
var levels = []*x86{
	{name: "avx2", needs: "AVX2, FMA, F16C", reg: "Y", bytes: 32},
	{name: "avxvnni", needs: "AVX2, FMA, F16C, AVX-VNNI", reg: "Y", bytes: 32, vnni: true, products: true},
	{name: "avx512", needs: "AVX-512 F, BW, DQ, VL, VNNI", reg: "Z", bytes: 64, vnni: true},
	{name: "amx", needs: "AVX-512 F, BW, DQ, VL, VNNI, AMX-INT8", reg: "Z", bytes: 64, vnni: true, amx: true},
}

func (lv *x86) id() (name, needs, arch string) { return lv.name, lv.needs, "amd64" }

// parts is the number of registers that hold the 16 rows of a panel as dwords.
func (lv *x86) parts() int { return 64 / lv.bytes }

// tileParts is the number of registers that hold the rows of a tile: one panel, or two side by side where a register holds a whole one.
const tileParts = 2

// group is the bytes of four k of a tile's unpacked rows, and of one set of its scales.
func (lv *x86) group() int {
	if lv.amx {
		return 64
	}
	return tileParts * lv.bytes
}

// operations returns every file of the level.
func (lv *x86) operations() []*file {
	if lv.amx {
		return amxFiles(lv)
	}
	files := peakFiles(lv)
	for _, k := range kinds {
		files = append(files, &file{"dot_" + k.name, []*fn{dot(lv, k)}})
		if !lv.products {
			files = append(files, &file{"unpack_" + k.name, []*fn{unpack(lv, k)}})
		}
		if k.tile {
			files = append(files, &file{"tile_" + k.name, []*fn{tile(lv, k)}})
		}
	}
	if lv.products {
		return files
	}
	return append(files, floatFiles(lv)...)
}

// evex are the names that the 512-bit forms of instructions have.
var evex = map[string]string{
	"VPAND": "VPANDD", "VPOR": "VPORD", "VPXOR": "VPXORD", "VMOVDQU": "VMOVDQU32",
}

// mnemonic returns the name of an instruction for the width of its operands.
func (lv *x86) mnemonic(name string, operands []string) string {
	if e, ok := evex[name]; ok && strings.Contains(strings.Join(operands, " "), "Z") {
		return e
	}
	return name
}

// vexDotProduct is VPDPBUSD on 256-bit registers in its VEX form (AVX-VNNI), which the assembler does not know: it would emit the EVEX form.
func vexDotProduct(b, a, sum int) string {
	return fmt.Sprintf("BYTE $0xc4; BYTE $0x%02x; BYTE $0x%02x; BYTE $0x50; BYTE $0x%02x // VPDPBUSD Y%d, Y%d, Y%d",
		(^sum>>3&1)<<7|1<<6|(^b>>3&1)<<5|2, (^a&15)<<3|4|1, 0xc0|sum&7<<3|b&7, b, a, sum)
}
