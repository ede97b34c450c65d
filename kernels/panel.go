package kernels

import "github.com/linnet-go/linnet/quant"

// Kind is a panel layout: how 16 rows of a weight matrix are interleaved in memory for the product kernels.
type Kind uint8

const (
	KindF32 Kind = iota
	KindF16
	KindBF16
	KindQ4_0
	KindQ4_1
	KindQ5_0
	KindQ5_1
	KindQ8_0
	KindIQ4_NL
	KindMXFP4
	KindQ2_K
	KindQ3_K
	KindQ4_K
	KindQ5_K
	KindQ6_K
	KindIQ4_XS
	KindInt8
	kinds
)

// layout describes a kind: its unit along k, and how the product kernels read what they unpack from it.
type layout struct {
	name   string
	unit   int  // k values a unit
	bytes  int  // bytes a unit of 16 rows
	halves bool // a scale for every 16 k, else for every 32
	min    bool // a minimum beside every scale: value = s·code + m
	offset int  // value = s·(code - offset)
}

var layouts = [kinds]layout{
	KindF32:    {name: "F32", unit: 64, bytes: 4096},
	KindF16:    {name: "F16", unit: 64, bytes: 2048},
	KindBF16:   {name: "BF16", unit: 64, bytes: 2048},
	KindQ4_0:   {name: "Q4_0", unit: 64, bytes: 576, offset: 8},
	KindQ4_1:   {name: "Q4_1", unit: 64, bytes: 640, min: true},
	KindQ5_0:   {name: "Q5_0", unit: 64, bytes: 704, offset: 16},
	KindQ5_1:   {name: "Q5_1", unit: 64, bytes: 768, min: true},
	KindQ8_0:   {name: "Q8_0", unit: 64, bytes: 1088, offset: 128},
	KindIQ4_NL: {name: "IQ4_NL", unit: 64, bytes: 576, offset: 128},
	KindMXFP4:  {name: "MXFP4", unit: 128, bytes: 1088, offset: 12},
	KindQ2_K:   {name: "Q2_K", unit: 256, bytes: 1344, halves: true, min: true},
	KindQ3_K:   {name: "Q3_K", unit: 256, bytes: 1856, halves: true, offset: 4},
	KindQ4_K:   {name: "Q4_K", unit: 256, bytes: 2368, min: true},
	KindQ5_K:   {name: "Q5_K", unit: 256, bytes: 2880, min: true},
	KindQ6_K:   {name: "Q6_K", unit: 256, bytes: 3392, halves: true, offset: 32},
	KindIQ4_XS: {name: "IQ4_XS", unit: 256, bytes: 2240, offset: 128},
	KindInt8:   {name: "Int8", unit: 64, bytes: 1280, halves: true, offset: 128},
}

// KindOf returns the kind that holds the values of weight type t exactly.
func KindOf(t quant.Type) (Kind, bool) {
	switch t {
	case quant.F32:
		return KindF32, true
	case quant.F16:
		return KindF16, true
	case quant.BF16:
		return KindBF16, true
	case quant.Q4_0:
		return KindQ4_0, true
	case quant.Q4_1:
		return KindQ4_1, true
	case quant.Q5_0:
		return KindQ5_0, true
	case quant.Q5_1:
		return KindQ5_1, true
	case quant.Q8_0:
		return KindQ8_0, true
	case quant.IQ4_NL:
		return KindIQ4_NL, true
	case quant.MXFP4:
		return KindMXFP4, true
	case quant.Q2_K:
		return KindQ2_K, true
	case quant.Q3_K:
		return KindQ3_K, true
	case quant.Q4_K:
		return KindQ4_K, true
	case quant.Q5_K:
		return KindQ5_K, true
	case quant.Q6_K:
		return KindQ6_K, true
	case quant.IQ4_XS:
		return KindIQ4_XS, true
	case quant.Q1_0, quant.Q2_0, quant.TQ1_0, quant.TQ2_0, quant.NVFP4, quant.IQ1_S, quant.IQ1_M,
		quant.IQ2_XXS, quant.IQ2_XS, quant.IQ2_S, quant.IQ3_XXS, quant.IQ3_S:
		return KindInt8, true
	}
	return 0, false
}

// String returns the name of the kind.
func (k Kind) String() string { return layouts[k].name }

// Float says whether the kind holds floating-point weights, whose products run in f32.
func (k Kind) Float() bool { return k <= KindBF16 }

// Unit returns the number of k values in a unit; a panel's k is padded to a multiple of it.
func (k Kind) Unit() int { return layouts[k].unit }

// UnitBytes returns the bytes of one unit of 16 rows.
func (k Kind) UnitBytes() int { return layouts[k].bytes }

// scales returns the f32 scales and minimums of one block of 32 k in unpacked form.
func (k Kind) scales() int {
	n := 16
	if layouts[k].halves {
		n *= 2
	}
	if layouts[k].min {
		n *= 2
	}
	return n
}

// PanelBytes returns the bytes of a panel, 16 rows of cols values.
func PanelBytes(k Kind, cols int) int {
	l := &layouts[k]
	return (cols + l.unit - 1) / l.unit * l.bytes
}
