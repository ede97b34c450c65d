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
	Values     int                             // values a block
	Bytes      int                             // bytes a block
	Dequantize func(dst []float32, src []byte) // len(dst) is a multiple of Values, len(src) = len(dst)/Values*Bytes; else it panics

	// Quantize rounds finite values to blocks, nearest first and by the usual rule of the format. Lengths as for Dequantize.
	// It is nil for the types that are read but not made.
	Quantize func(dst []byte, src []float32)

	// Codes returns the values 16i..16i+15 of the block b as scale · code, exactly, with codes from -127 to 127: the form in which
	// types of many odd layouts are packed alike. Nil for the types with a panel layout of their own.
	Codes func(b []byte, i int) (scale float32, codes [16]int8)
}

// types is the type table: what a new type adds a row to.
var types = map[Type]Info{
	F32:     {"F32", 1, 4, dequantF32, quantF32, nil},
	F16:     {"F16", 1, 2, dequantF16, quantF16, nil},
	BF16:    {"BF16", 1, 2, dequantBF16, quantBF16, nil},
	Q4_0:    blocks("Q4_0", 32, 18, dequantQ4_0, quantQ4_0),
	Q4_1:    blocks("Q4_1", 32, 20, dequantQ4_1, nil),
	Q5_0:    blocks("Q5_0", 32, 22, dequantQ5_0, nil),
	Q5_1:    blocks("Q5_1", 32, 24, dequantQ5_1, nil),
	Q8_0:    blocks("Q8_0", 32, 34, dequantQ8_0, quantQ8_0),
	Q2_K:    blocks("Q2_K", 256, 84, dequantQ2_K, nil),
	Q3_K:    blocks("Q3_K", 256, 110, dequantQ3_K, nil),
	Q4_K:    blocks("Q4_K", 256, 144, dequantQ4_K, nil),
	Q5_K:    blocks("Q5_K", 256, 176, dequantQ5_K, nil),
	Q6_K:    blocks("Q6_K", 256, 210, dequantQ6_K, nil),
	IQ4_NL:  blocks("IQ4_NL", 32, 18, dequantIQ4_NL, nil),
	IQ4_XS:  blocks("IQ4_XS", 256, 136, dequantIQ4_XS, nil),
	MXFP4:   blocks("MXFP4", 32, 17, dequantMXFP4, nil),
	IQ1_S:   scaled("IQ1_S", 256, 50, codesIQ1_S),
	IQ1_M:   scaled("IQ1_M", 256, 56, codesIQ1_M),
	IQ2_XXS: scaled("IQ2_XXS", 256, 66, codesIQ2_XXS),
	IQ2_XS:  scaled("IQ2_XS", 256, 74, codesIQ2_XS),
	IQ2_S:   scaled("IQ2_S", 256, 82, codesIQ2_S),
	IQ3_XXS: scaled("IQ3_XXS", 256, 98, codesIQ3_XXS),
	IQ3_S:   scaled("IQ3_S", 256, 110, codesIQ3_S),
	TQ1_0:   scaled("TQ1_0", 256, 54, codesTQ1_0),
	TQ2_0:   scaled("TQ2_0", 256, 66, codesTQ2_0),
	NVFP4:   scaled("NVFP4", 64, 36, codesNVFP4),
	Q1_0:    scaled("Q1_0", 128, 18, codesQ1_0),
	Q2_0:    scaled("Q2_0", 64, 18, codesQ2_0),
}

// blocks returns the Info of a type whose blocks are decoded and, unless quant is nil, made one at a time.
func blocks(name string, values, bytes int, dequant func(dst []float32, b []byte), quant func(b []byte, src []float32)) Info {
	info := Info{Name: name, Values: values, Bytes: bytes}
	info.Dequantize = func(dst []float32, src []byte) {
		checkLen(name, values, bytes, len(dst), len(src))
		for ; len(dst) > 0; dst, src = dst[values:], src[bytes:] {
			dequant(dst[:values], src[:bytes])
		}
	}
	if quant != nil {
		info.Quantize = func(dst []byte, src []float32) {
			checkLen(name, values, bytes, len(src), len(dst))
			for ; len(src) > 0; dst, src = dst[bytes:], src[values:] {
				quant(dst[:bytes], src[:values])
			}
		}
	}
	return info
}

// scaled returns the Info of a type whose values are products of a scale for each 16 values and small integers.
func scaled(name string, values, bytes int, codes func(b []byte, i int) (float32, [16]int8)) Info {
	info := blocks(name, values, bytes, func(dst []float32, b []byte) {
		for i := range values / 16 {
			s, q := codes(b, i)
			for j, c := range q {
				dst[16*i+j] = s * float32(c)
			}
		}
	}, nil)
	info.Codes = codes
	return info
}

// checkLen panics unless n values of a type with blocks of values values and bytes bytes take size bytes.
func checkLen(name string, values, bytes, n, size int) {
	if n%values != 0 || n/values*bytes != size {
		panic(fmt.Sprintf("quant: %s: %d values in %d bytes, blocks have %d in %d", name, n, size, values, bytes))
	}
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
