package kernels

import (
	"encoding/binary"
	"math/bits"
)

// packF32 stores [k][16].
func packF32(unit []byte, r int, row []byte, k0, k1 int) int {
	unit = unit[4*r:]
	for k := k0; k < k1; k++ {
		x := binary.LittleEndian.Uint32(row[4*k:])
		if !finite32(x) {
			return k
		}
		binary.LittleEndian.PutUint32(unit[64*(k-k0):], x)
	}
	return -1
}

// packF16 stores, for each group of 4 k and e = 0, 1, the 16 rows' values of k = e, then those of k = e + 2.
func packF16(unit []byte, r int, row []byte, k0, k1 int) int {
	for k := k0; k < k1; k += 4 {
		x := four16(row[2*k : 2*k1])
		if bad := x&0x7c007c007c007c00 + 0x0400040004000400; bad&tops16 != 0 {
			return k + lane16(bad)
		}
		to := unit[32*(k-k0)+2*r:][:98]
		binary.LittleEndian.PutUint16(to, uint16(x))
		binary.LittleEndian.PutUint16(to[64:], uint16(x>>16))
		binary.LittleEndian.PutUint16(to[32:], uint16(x>>32))
		binary.LittleEndian.PutUint16(to[96:], uint16(x>>48))
	}
	return -1
}

// packBF16 stores, for each group of 4 k and e = 0, 1, a double word a row: the value of k = e in its low half, of k = e + 2 in its high half.
func packBF16(unit []byte, r int, row []byte, k0, k1 int) int {
	for k := k0; k < k1; k += 4 {
		x := four16(row[2*k : 2*k1])
		if bad := x&0x7f807f807f807f80 + 0x0080008000800080; bad&tops16 != 0 {
			return k + lane16(bad)
		}
		to := unit[32*(k-k0)+4*r:][:68]
		binary.LittleEndian.PutUint32(to, uint32(x)&0xffff|uint32(x>>32)<<16)
		binary.LittleEndian.PutUint32(to[64:], uint32(x)>>16|uint32(x>>32)&0xffff0000)
	}
	return -1
}

// four16 reads four 16-bit values from b, or what there is of them with zeros after it.
func four16(b []byte) uint64 {
	if len(b) >= 8 {
		return binary.LittleEndian.Uint64(b)
	}
	var last [8]byte
	copy(last[:], b)
	return binary.LittleEndian.Uint64(last[:])
}

// tops16 are the top bits of four 16-bit lanes: adding the lowest exponent bit to an exponent of all ones sets the top bit.
const tops16 = 0x8000800080008000

// lane16 returns the first of four lanes whose top bit is set.
func lane16(x uint64) int { return bits.TrailingZeros64(x&tops16) / 16 }

// finite32 says whether the bits of a float32 are those of a finite number.
func finite32(bits uint32) bool { return bits&0x7f800000 != 0x7f800000 }

// copyF16 copies a half-precision number and says whether it is finite.
func copyF16(dst, src []byte) bool {
	h := binary.LittleEndian.Uint16(src)
	binary.LittleEndian.PutUint16(dst, h)
	return h&0x7c00 != 0x7c00
}
