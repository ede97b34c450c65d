package gguf

import "fmt"

// kind is the type of a metadata value by its number in the format (gguf_metadata_value_type).
type kind uint32

const (
	kindU8 kind = iota
	kindI8
	kindU16
	kindI16
	kindU32
	kindI32
	kindF32
	kindBool
	kindString
	kindArray
	kindU64
	kindI64
	kindF64
)

// kinds holds the name of each kind and the fewest bytes a value of it takes.
var kinds = [...]struct {
	name  string
	bytes uint64
}{
	kindU8:     {"u8", 1},
	kindI8:     {"i8", 1},
	kindU16:    {"u16", 2},
	kindI16:    {"i16", 2},
	kindU32:    {"u32", 4},
	kindI32:    {"i32", 4},
	kindF32:    {"f32", 4},
	kindBool:   {"bool", 1},
	kindString: {"string", 8},
	kindArray:  {"array", 12},
	kindU64:    {"u64", 8},
	kindI64:    {"i64", 8},
	kindF64:    {"f64", 8},
}

func (k kind) known() bool { return int64(k) < int64(len(kinds)) }

// String returns the name of k.
func (k kind) String() string {
	if k.known() {
		return kinds[k].name
	}
	return fmt.Sprintf("value type %d", uint32(k))
}
