// Package quant is the truth about weight types: how the blocks of each type are laid out in a file and which values they hold.
// It is scalar Go for clarity and exactness; everything fast is tested against it. It knows nothing of files, panels or kernels.
package quant

import "fmt"

// Type is a weight type by its number in the GGUF format (ggml_type).
type Type uint32

// The weight types of published models. Numbers that are missing were retired from the format or hold no weights.
const (
	F32     Type = 0
	F16     Type = 1
	Q4_0    Type = 2
	Q4_1    Type = 3
	Q5_0    Type = 6
	Q5_1    Type = 7
	Q8_0    Type = 8
	Q2_K    Type = 10
	Q3_K    Type = 11
	Q4_K    Type = 12
	Q5_K    Type = 13
	Q6_K    Type = 14
	IQ2_XXS Type = 16
	IQ2_XS  Type = 17
	IQ3_XXS Type = 18
	IQ1_S   Type = 19
	IQ4_NL  Type = 20
	IQ3_S   Type = 21
	IQ2_S   Type = 22
	IQ4_XS  Type = 23
	IQ1_M   Type = 29
	BF16    Type = 30
	TQ1_0   Type = 34
	TQ2_0   Type = 35
	MXFP4   Type = 39
	NVFP4   Type = 40
	Q1_0    Type = 41
	Q2_0    Type = 42
)

// Info describes a weight type. A row of a matrix is a whole number of blocks.
type Info struct {
	Name       string
	Values     int                              // values a block
	Bytes      int                              // bytes a block
	Dequantize func(dst []float32, src []byte) // len(dst) is a multiple of Values, len(src) = len(dst)/Values*Bytes; else it panics
}

// types is the type table: what a new type adds a row to.
var types = map[Type]Info{
	F32:     {"F32", 1, 4, nil},
	F16:     {"F16", 1, 2, nil},
	Q4_0:    {"Q4_0", 32, 18, nil},
	Q4_1:    {"Q4_1", 32, 20, nil},
	Q5_0:    {"Q5_0", 32, 22, nil},
	Q5_1:    {"Q5_1", 32, 24, nil},
	Q8_0:    {"Q8_0", 32, 34, nil},
	Q2_K:    {"Q2_K", 256, 84, nil},
	Q3_K:    {"Q3_K", 256, 110, nil},
	Q4_K:    {"Q4_K", 256, 144, nil},
	Q5_K:    {"Q5_K", 256, 176, nil},
	Q6_K:    {"Q6_K", 256, 210, nil},
	IQ2_XXS: {"IQ2_XXS", 256, 66, nil},
	IQ2_XS:  {"IQ2_XS", 256, 74, nil},
	IQ3_XXS: {"IQ3_XXS", 256, 98, nil},
	IQ1_S:   {"IQ1_S", 256, 50, nil},
	IQ4_NL:  {"IQ4_NL", 32, 18, nil},
	IQ3_S:   {"IQ3_S", 256, 110, nil},
	IQ2_S:   {"IQ2_S", 256, 82, nil},
	IQ4_XS:  {"IQ4_XS", 256, 136, nil},
	IQ1_M:   {"IQ1_M", 256, 56, nil},
	BF16:    {"BF16", 1, 2, nil},
	TQ1_0:   {"TQ1_0", 256, 54, nil},
	TQ2_0:   {"TQ2_0", 256, 66, nil},
	MXFP4:   {"MXFP4", 32, 17, nil},
	NVFP4:   {"NVFP4", 64, 36, nil},
	Q1_0:    {"Q1_0", 128, 18, nil},
	Q2_0:    {"Q2_0", 64, 18, nil},
}

// Info returns the description of t; ok is false for a number that is not in the table.
func (t Type) Info() (info Info, ok bool) {
	info, ok = types[t]
	return info, ok
}

// String returns the name of t, or "type 99" for an unknown number.
func (t Type) String() string {
	if info, ok := types[t]; ok {
		return info.Name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// RowBytes returns the bytes that n values of type t take. It panics if t is unknown or n is no whole number of blocks.
func (t Type) RowBytes(n int) int {
	info, ok := types[t]
	if !ok || n%info.Values != 0 {
		panic(fmt.Sprintf("quant: RowBytes: %d values of %v", n, t))
	}
	return n / info.Values * info.Bytes
}
