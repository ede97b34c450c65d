package kernels

import (
	"encoding/binary"

	"github.com/linnet-go/linnet/quant"
)

// words are the codes of 32 k of one row, a byte each: byte i of word g is the code of k = 4g + i.
type words [8]uint32

// add merges, at bit at of the codes, the bits that mask leaves of 32 bytes shifted right.
func (q *words) add(b []byte, shift int, mask uint32, at int) {
	b = b[:32]
	for g := range q {
		q[g] |= binary.LittleEndian.Uint32(b[4*g:]) >> (shift & 7) & mask << (at & 7)
	}
}

// The codes functions return the codes of block n of 32 values within a block of the file, from b, the file's block or, for types with blocks of
// 32, what follows its scales.

// codes4: low nibbles, then high nibbles of 16 bytes.
func codes4(b []byte, _ int) (q words) {
	b = b[:16]
	for g := range 4 {
		x := binary.LittleEndian.Uint32(b[4*g:])
		q[g], q[g+4] = x&0x0f0f0f0f, x>>4&0x0f0f0f0f
	}
	return q
}

// codes5: 32 fifth bits before the nibbles.
func codes5(b []byte, _ int) words {
	high, q := binary.LittleEndian.Uint32(b), codes4(b[4:], 0)
	for g := range q {
		four := high >> (4 * g) & 15
		q[g] |= four * 0x00204081 & 0x01010101 << 4 // the product has bit i at 8i
	}
	return q
}

// codes8: signed bytes, which panels hold with 128 added.
func codes8(b []byte, _ int) (q words) {
	b = b[:32]
	for g := range q {
		q[g] = binary.LittleEndian.Uint32(b[4*g:]) ^ 0x80808080
	}
	return q
}

func codesQ2_K(b []byte, n int) (q words) {
	q.add(b[16+n/4*32:], n%4*2, 0x03030303, 0)
	return q
}

func codesQ3_K(b []byte, n int) (q words) {
	q.add(b[32+n/4*32:], n%4*2, 0x03030303, 0)
	q.add(b, n, 0x01010101, 2)
	return q
}

func codesQ4_K(b []byte, n int) (q words) {
	q.add(b[16+n/2*32:], n%2*4, 0x0f0f0f0f, 0)
	return q
}

func codesQ5_K(b []byte, n int) (q words) {
	q.add(b[48+n/2*32:], n%2*4, 0x0f0f0f0f, 0)
	q.add(b[16:], n, 0x01010101, 4)
	return q
}

func codesQ6_K(b []byte, n int) (q words) {
	q.add(b[n/4*64+n%2*32:], n%4/2*4, 0x0f0f0f0f, 0)
	q.add(b[128+n/4*32:], n%4*2, 0x03030303, 4)
	return q
}

func codesIQ4_XS(b []byte, n int) words { return codes4(b[8+16*n:], 0) }

// The subs functions return the sub-scales of a block of 256 values, one byte for each row of its unit.

func subsQ2_K(b []byte) [16]byte { return [16]byte(b) }

func subsQ3_K(b []byte) (s [16]byte) {
	for i, x := range quant.ScalesQ3_K(b[96:]) {
		s[i] = byte(x)
	}
	return s
}

func subsQ4_K(b []byte) (s [16]byte) {
	scales, mins := quant.ScalesQ4_K(b[4:])
	copy(s[:8], scales[:])
	copy(s[8:], mins[:])
	return s
}

func subsQ6_K(b []byte) [16]byte { return [16]byte(b[192:]) }

func subsIQ4_XS(b []byte) (s [16]byte) {
	for i, x := range quant.ScalesIQ4_XS(b[2:]) {
		s[i] = byte(x)
	}
	return s
}

// plane is where some bits of the codes lie in a unit: in block n of 32 k, bits·64 bytes from at + step·n on. The byte 4r + i of each of
// its 64-byte vectors belongs to row r and to the k 4g + i of one or more groups g:
//
//	bits 8  vector g
//	bits 4  vector g mod 4, low nibble for g < 4, else high nibble
//	bits 2  vector g div 4, from bit 2(g mod 4) on
//	bits 1  bit g
type plane struct{ bits, at, step int }

// codePlanes hold codes of more than one plane from their lowest bits up.
type codePlanes []plane

// planes are the code parts of the units of each kind. Scales come before them.
var planes = [kinds]codePlanes{
	KindQ4_0:   {{4, 64, 256}},
	KindQ4_1:   {{4, 128, 256}},
	KindQ5_0:   {{4, 64, 256}, {1, 576, 64}},
	KindQ5_1:   {{4, 128, 256}, {1, 640, 64}},
	KindQ8_0:   {{8, 64, 512}},
	KindIQ4_NL: {{4, 64, 256}},
	KindMXFP4:  {{4, 64, 256}},
	KindQ2_K:   {{2, 320, 128}},
	KindQ3_K:   {{2, 320, 192}, {1, 448, 192}},
	KindQ4_K:   {{4, 320, 256}},
	KindQ5_K:   {{4, 320, 256}, {1, 2368, 64}},
	KindQ6_K:   {{4, 320, 384}, {2, 576, 384}},
	KindIQ4_XS: {{4, 192, 256}},
	KindInt8:   {{8, 256, 512}},
}

// put stores the codes of row r in block n of a unit.
func (parts codePlanes) put(unit []byte, r, n int, q words) {
	shift := 0
	for _, p := range parts {
		to := unit[p.at+p.step*n+4*r:]
		switch p.bits {
		case 8:
			to = to[:452]
			for g, x := range q {
				binary.LittleEndian.PutUint32(to[64*g:], x)
			}
		case 4:
			to = to[:196]
			for g := range 4 {
				binary.LittleEndian.PutUint32(to[64*g:], q[g]&0x0f0f0f0f|q[g+4]<<4&0xf0f0f0f0)
			}
		case 2:
			to = to[:68]
			for v := range 2 {
				var x uint32
				for j := range 4 {
					x |= q[4*v+j] >> (shift & 7) & 0x03030303 << (2 * j)
				}
				binary.LittleEndian.PutUint32(to[64*v:], x)
			}
		case 1:
			var x uint32
			for g := range q {
				x |= q[g] >> (shift & 7) & 0x01010101 << g
			}
			binary.LittleEndian.PutUint32(to, x)
		}
		shift += p.bits
	}
}
