package gguf

import (
	"encoding/binary"
	"fmt"
)

func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

// appendValue appends a metadata value, with its type in front if typed is set.
func appendValue(b []byte, value any, typed bool) ([]byte, error) {
	if k, ok := scalarKind(value); ok {
		if typed {
			b = appendKind(b, k)
		}
		return appendScalar(b, value), nil
	}
	if typed {
		b = appendKind(b, kindArray)
	}
	switch v := value.(type) {
	case []bool:
		return appendArray(b, v), nil
	case []string:
		return appendArray(b, v), nil
	case []uint8:
		return appendArray(b, v), nil
	case []uint16:
		return appendArray(b, v), nil
	case []uint32:
		return appendArray(b, v), nil
	case []uint64:
		return appendArray(b, v), nil
	case []int8:
		return appendArray(b, v), nil
	case []int16:
		return appendArray(b, v), nil
	case []int32:
		return appendArray(b, v), nil
	case []int64:
		return appendArray(b, v), nil
	case []float32:
		return appendArray(b, v), nil
	case []float64:
		return appendArray(b, v), nil
	case []any:
		return appendNested(b, v)
	}
	return nil, fmt.Errorf("%T names no type of the format", value)
}

func appendKind(b []byte, k kind) []byte { return binary.LittleEndian.AppendUint32(b, uint32(k)) }

// appendArray appends an array of values, without its own type.
func appendArray[T any](b []byte, values []T) []byte {
	var zero T
	k, _ := scalarKind(zero)
	b = binary.LittleEndian.AppendUint64(appendKind(b, k), uint64(len(values)))
	for _, v := range values {
		b = appendScalar(b, v)
	}
	return b
}

// appendNested appends an array of arrays, without its own type.
func appendNested(b []byte, values []any) (_ []byte, err error) {
	b = binary.LittleEndian.AppendUint64(appendKind(b, kindArray), uint64(len(values)))
	for i, v := range values {
		if _, ok := scalarKind(v); ok {
			return nil, fmt.Errorf("element %d is %T, and []any holds arrays only", i, v)
		}
		if b, err = appendValue(b, v, false); err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
	}
	return b, nil
}

// scalarKind returns the kind that a value of this Go type is stored as; ok is false for slices and all else.
func scalarKind(value any) (k kind, ok bool) {
	switch value.(type) {
	case uint8:
		return kindU8, true
	case int8:
		return kindI8, true
	case uint16:
		return kindU16, true
	case int16:
		return kindI16, true
	case uint32:
		return kindU32, true
	case int32:
		return kindI32, true
	case float32:
		return kindF32, true
	case bool:
		return kindBool, true
	case string:
		return kindString, true
	case uint64:
		return kindU64, true
	case int64:
		return kindI64, true
	case float64:
		return kindF64, true
	}
	return 0, false
}

// appendScalar appends a value for which scalarKind knows a kind.
func appendScalar(b []byte, value any) []byte {
	if s, ok := value.(string); ok {
		return appendString(b, s)
	}
	b, err := binary.Append(b, binary.LittleEndian, value)
	if err != nil {
		panic("gguf: a kind without an encoding: " + err.Error())
	}
	return b
}
