package quant

import "encoding/binary"

// iq4Values are the values of the codes of IQ4_NL and IQ4_XS.
var iq4Values = [16]int8{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

// IQ4_NL: 32 values d · T[q], T = iq4Values; 4.5 bits a weight.
//
//	0  f16 d
//	2  16 bytes: low nibbles q of values 0..15, high nibbles of values 16..31
func dequantIQ4_NL(dst []float32, b []byte) {
	lookup4(dst, b[2:18], f16(b), &iq4Values)
}

// IQ4_XS: 256 values (d·s) · T[q], T = iq4Values, s in -32..31 for each 32 values; 4.25 bits a weight.
//
//	0  f16 d
//	2  u16: bits 2i and up: bits 4-5 of s + 32 of values 32i..32i+31
//	4  4 bytes: nibble i, low ones first: bits 0-3 of it
//	8  128 bytes: byte 16i + j: low nibble q of value 32i + j, high nibble of value 32i + 16 + j
func dequantIQ4_XS(dst []float32, b []byte) {
	d := f16(b)
	for i, sc := range ScalesIQ4_XS(b[2:8]) {
		lookup4(dst[32*i:], b[8+16*i:24+16*i], d*float32(sc), &iq4Values)
	}
}

// ScalesIQ4_XS unpacks the 6 bytes of an IQ4_XS block's sub-scales, one for each 32 values, -32..31.
func ScalesIQ4_XS(b []byte) (s [8]int8) {
	high, low := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint32(b[2:6])
	for i := range s {
		s[i] = int8(low>>(4*i)&15|uint32(high>>(2*i)&3)<<4) - 32
	}
	return s
}

// lookup4 sets 32 values to s times the table's entries for the low nibbles, then the high nibbles, of 16 bytes.
func lookup4(dst []float32, q []byte, s float32, table *[16]int8) {
	for j, x := range q[:16] {
		dst[j] = s * float32(table[x&15])
		dst[j+16] = s * float32(table[x>>4])
	}
}
