package safetensors

import "github.com/linnet-go/linnet/quant"

// dtype is a type of values.
type dtype struct {
	name   string     // in a header
	bits   uint64     // of a value
	weight bool       // it is a type of weights that linnet reads
	typ    quant.Type // then
}

// dtypes are those of the format. Files hold values of the others beside weights, such as positions; a weight of such a type is refused by who
// asks for it.
var dtypes = []dtype{
	{"F32", 32, true, quant.F32}, {"F16", 16, true, quant.F16}, {"BF16", 16, true, quant.BF16},
	{name: "F64", bits: 64}, {name: "C64", bits: 64},
	{name: "F8_E4M3", bits: 8}, {name: "F8_E5M2", bits: 8}, {name: "F8_E8M0", bits: 8}, {name: "F6_E2M3", bits: 6}, {name: "F6_E3M2", bits: 6}, {name: "F4", bits: 4},
	{name: "BOOL", bits: 8}, {name: "U8", bits: 8}, {name: "U16", bits: 16}, {name: "U32", bits: 32}, {name: "U64", bits: 64},
	{name: "I8", bits: 8}, {name: "I16", bits: 16}, {name: "I32", bits: 32}, {name: "I64", bits: 64},
}

func findDType(name string) *dtype {
	for i := range dtypes {
		if dtypes[i].name == name {
			return &dtypes[i]
		}
	}
	return nil
}
