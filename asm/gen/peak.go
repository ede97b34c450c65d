package gen

import "fmt"

// peakFiles are loops of multiply-adds on registers alone, for measuring: no product can be faster than they are.
func peakFiles(lv *x86) []*file {
	switch {
	case lv.amx:
		return []*file{{"peak", []*fn{peakTiles(lv)}}}
	case lv.products:
		return []*file{{"peak", []*fn{peakInt8(lv)}}}
	}
	return []*file{{"peak", []*fn{peakInt8(lv), peakFloat(lv)}}}
}

// peakSums is the number of sums that are in flight: more than latency times throughput of a multiply-add.
const peakSums = 12

// peakInt8 multiplies bytes: with VPDPBUSD, or with VPMADDUBSW, whose sums would take an addition more.
func peakInt8(lv *x86) *fn {
	f := newFn(lv, "PeakInt8", "x []byte, rounds int", "", "multiplies the bytes x [256] a few times a round, in registers.")
	return peak(f, func(sum, a, b string) {
		if lv.vnni {
			f.op("VPDPBUSD", a, b, sum)
		} else {
			f.op("VPMADDUBSW", a, b, sum)
		}
	})
}

// peakFloat multiplies f32 values.
func peakFloat(lv *x86) *fn {
	f := newFn(lv, "PeakFloat", "x []float32, rounds int", "", "multiplies the values x [64] a few times a round, in registers.")
	return peak(f, func(sum, a, b string) { f.op("VFMADD231PS", a, b, sum) })
}

// peak writes the loop: each sum gets a product of two of four inputs in turn, so that neighbours differ as they do in real data.
func peak(f *fn, step func(sum, a, b string)) *fn {
	f.load("x", "SI", "rounds", "CX")
	for i := range 4 {
		f.op("VMOVDQU", mem(f.lv.bytes*i, "SI"), f.v(peakSums+i))
	}
	for i := range peakSums {
		f.op("VPXOR", f.v(i), f.v(i), f.v(i))
	}
	f.loop("round", "CX", func() {
		for i := range peakSums {
			step(f.v(i), f.v(peakSums+i%2), f.v(peakSums+2+i/2%2))
		}
	})
	return f.end()
}

// peakTiles multiplies two by two tiles of bytes.
func peakTiles(lv *x86) *fn {
	f := newFn(lv, "PeakInt8", "x []byte, rounds int", "", "multiplies the bytes x [4096] as tiles, four products a round.")
	config := make([]byte, 64) // palette 1; 64 bytes a row at 16 + 2n, 16 rows at 48 + n
	config[0] = 1
	for n := range 8 {
		config[16+2*n], config[48+n] = 64, 16
	}
	f.op("LEAQ", f.vector("config", config), "AX")
	f.raw("c4 e2 78 49 00", "LDTILECFG (AX)")
	f.load("x", "SI", "rounds", "CX")
	f.op("MOVQ", imm(64), "R13")
	for i := range 4 {
		f.tileLoad(4+i, "SI", "R13", 1024*i)
		f.raw(fmt.Sprintf("c4 e2 7b 49 %02x", 0xc0+8*i), fmt.Sprintf("TILEZERO T%d", i))
	}
	f.loop("round", "CX", func() {
		for i := range 4 {
			f.tileProduct(i, 4+i/2, 6+i%2)
		}
	})
	f.raw("c4 e2 78 49 c0", "TILERELEASE")
	return f.end()
}
