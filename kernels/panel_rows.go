package kernels

import (
	"encoding/binary"
	"math"

	"github.com/linnet-go/linnet/quant"
)

// packBlocks packs types with blocks of 32 values: size bytes, first the f16 scale and any f16 minimum (halves in all), then what
// codes reads.
func packBlocks(kind Kind, size, halves int, codes func(b []byte, n int) words) rowPacker {
	parts := planes[kind]
	return func(unit []byte, r int, row []byte, k0, k1 int) int {
		for n := range (k1 - k0) / 32 {
			b := row[(k0/32+n)*size:][:size]
			for i := range halves {
				if !copyF16(unit[64*i+32*n+2*r:], b[2*i:]) {
					return k0 + 32*n
				}
			}
			parts.put(unit, r, n, codes(b[2*halves:], 0))
		}
		return -1
	}
}

// packMXFP4 copies the scales 2^(e-128) as they are. From e = 253 on twelve times the scale overflows: such a block counts as not finite.
func packMXFP4(unit []byte, r int, row []byte, k0, k1 int) int {
	for n := range (k1 - k0) / 32 {
		b := row[(k0/32+n)*17:][:17]
		if b[0] > 252 {
			return k0 + 32*n
		}
		unit[16*n+r] = b[0]
		planes[KindMXFP4].put(unit, r, n, codes4(b[1:], 0))
	}
	return -1
}

// super describes a type whose blocks are of 256 values, a whole unit, with an f16 scale, sub-scales and codes.
type super struct {
	size  int                         // bytes a block
	d     int                         // offset of the f16 scale
	dmin  bool                        // the f16 scale of the minimums follows it
	subs  func(b []byte) [16]byte     // 8 or 16 sub-scales, or 8 sub-scales and 8 sub-minimums, as the unit holds them
	codes func(b []byte, n int) words // codes of values 32n..32n+31
}

func packSuper(kind Kind, t super) rowPacker {
	parts := planes[kind]
	rows := parts[0].at/16 - 4 // sub-scales lie as [rows][16] between the first 64 bytes and the codes
	return func(unit []byte, r int, row []byte, k0, k1 int) int {
		b := row[k0/256*t.size:][:t.size]
		if !copyF16(unit[2*r:], b[t.d:]) || t.dmin && !copyF16(unit[32+2*r:], b[t.d+2:]) {
			return k0
		}
		subs := t.subs(b)
		for i, x := range subs[:rows] {
			unit[64+16*i+r] = x
		}
		for n := range 8 {
			parts.put(unit, r, n, t.codes(b, n))
		}
		return -1
	}
}

// packInt8 packs types that quant gives as groups of 16 products scale · code.
func packInt8(t quant.Type) rowPacker {
	info, _ := t.Info()
	return func(unit []byte, r int, row []byte, k0, k1 int) int {
		b := row[k0/info.Values*info.Bytes:][:info.Bytes]
		first := k0 % info.Values / 16
		for j := range 4 {
			scale, codes := info.Codes(b, first+j)
			bits := math.Float32bits(scale)
			if !finite32(bits) {
				return k0
			}
			binary.LittleEndian.PutUint32(unit[64*j+4*r:], bits)
			at := unit[256+256*j+4*r:][:196]
			for g := range 4 {
				q := codes[4*g:][:4]
				x := uint32(byte(q[0])) | uint32(byte(q[1]))<<8 | uint32(byte(q[2]))<<16 | uint32(byte(q[3]))<<24
				binary.LittleEndian.PutUint32(at[64*g:], x^0x80808080)
			}
		}
		return -1
	}
}
