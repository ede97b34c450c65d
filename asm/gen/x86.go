package gen

import "strings"

// x86 is an instruction-set level of amd64 as the recipes see it.
type x86 struct {
	name  string // of the package
	needs string // CPU features
	reg   string // vector registers: Y or Z
	bytes int    // of a vector register
	vnni  bool   // VPDPBUSD
}

// levels is the table of levels: what a new one adds a row to.
var levels = []*x86{
	{name: "avx2", needs: "AVX2, FMA, F16C", reg: "Y", bytes: 32},
}

// parts is the number of registers that hold the 16 rows of a panel as dwords.
func (lv *x86) parts() int { return 64 / lv.bytes }

// operations returns every file of the level.
func (lv *x86) operations() []*file {
	var files []*file
	for _, k := range kinds {
		files = append(files, &file{"dot_" + k.name, []*fn{dot(lv, k)}}, &file{"unpack_" + k.name, []*fn{unpack(lv, k)}})
		if k.tile {
			files = append(files, &file{"tile_" + k.name, []*fn{tile(lv, k)}})
		}
	}
	return append(files, floatFiles(lv)...)
}

// evex are the names that the 512-bit forms of instructions have.
var evex = map[string]string{
	"VPAND": "VPANDD", "VPOR": "VPORD", "VPXOR": "VPXORD", "VMOVDQU": "VMOVDQU32",
}

// mnemonic returns the name of an instruction for the width of its operands.
func (lv *x86) mnemonic(name string, operands []string) string {
	if e, ok := evex[name]; ok && strings.HasPrefix(operands[len(operands)-1], "Z") {
		return e
	}
	return name
}
