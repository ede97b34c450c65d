package quant

import "encoding/binary"

// Q5_0: 32 values d · (q - 16), q in 0..31; 5.5 bits a weight.
//
//	0  f16 d
//	2  u32: bit j is bit 4 of q of value j
//	6  16 bytes: low nibbles, bits 0-3 of q of values 0..15, high nibbles of values 16..31
func dequantQ5_0(dst []float32, b []byte) {
	d, q := f16(b), codes5(b[2:])
	for j := range q {
		dst[j] = d * float32(int(q[j])-16)
	}
}

// Q5_1: 32 values d·q + m, q in 0..31; 6 bits a weight.
//
//	0  f16 d
//	2  f16 m
//	4  u32: bit j is bit 4 of q of value j
//	8  16 bytes: low nibbles, bits 0-3 of q of values 0..15, high nibbles of values 16..31
func dequantQ5_1(dst []float32, b []byte) {
	d, m, q := f16(b), f16(b[2:]), codes5(b[4:])
	for j := range q {
		dst[j] = float32(d*float32(q[j])) + m
	}
}

// codes5 joins the fifth bits and the nibbles of a Q5 block.
func codes5(b []byte) (q [32]byte) {
	high := binary.LittleEndian.Uint32(b)
	for j, x := range b[4:20] {
		q[j] = x&15 | byte(high>>j&1)<<4
		q[j+16] = x>>4 | byte(high>>(j+16)&1)<<4
	}
	return q
}
