package gen

import "fmt"

// armQuantize rounds blocks of 32 values to 8 bits. Its steps are those of kernels.genericQuantize.
func armQuantize() *fn {
	f := newNeon("Quantize", "q []int8, d, ds []float32, s []int16, x []float32", "", "rounds blocks of 32 activations to 8 bits.")
	f.load("q", "R0", "d", "R6", "ds", "R7", "s", "R8", "x", "R1", "d_len", "R9")
	f.fillFloat(31, 127)
	f.op("MOVD", "$0x03800000", "R11") // 2^-120
	done := f.label("done")
	f.op("CBZ", "R9", done)
	f.loop("block", "R9", func() { armQuantizeBlock(f) })
	f.place(done)
	return f.end()
}

func armQuantizeBlock(f *afn) {
	f.note("the largest |x|, compared as integers")
	for i := 0; i < 8; i += 2 {
		f.ldp(16*i, "R1", i, i+1)
	}
	for i := range 8 {
		f.v("fabs", 8+i, i)
	}
	for n := 4; n > 0; n /= 2 {
		for i := range n {
			f.v("umax", 8+i, 8+i, 8+i+n)
		}
	}
	f.v("umaxv", 16, 8)
	zero, scaled := f.label("zero"), f.label("scaled")
	f.op("FMOVS", "F16", "R12")
	f.op("CMPW", "R11", "R12")
	f.op("BLT", zero)
	f.op("FDIVS", "F16", "F31", "F17") // 127/max
	f.op("FDIVS", "F31", "F16", "F16") // max/127
	f.op("JMP", scaled)
	f.place(zero)
	f.v("zero", 16)
	f.v("zero", 17)
	f.place(scaled)
	f.op("FMOVS.P", "F16", mem(4, "R6"))
	for i := range 8 {
		f.v("fmul.e", i, i, 17, 0)
		f.v("fcvtns", i, i)
	}
	for i := range 4 {
		f.v("uzp1.8h", 8+i, 2*i, 2*i+1)
	}
	f.v("uzp1.16b", 0, 8, 9)
	f.v("uzp1.16b", 1, 10, 11)
	f.op("FSTPQ.P", fps(0, 1), mem(32, "R0"))
	f.note("the sums of the two halves")
	for i := range 2 {
		f.v("saddlv", 2+i, i)
		f.op("VST1.P", fmt.Sprintf("V%d.H[0]", 2+i), mem(2, "R8"))
	}
	f.v("add.4h", 2, 2, 3)
	f.v("sshll", 2, 2)
	f.v("scvtf", 2, 2)
	f.op("FMULS", "F16", "F2", "F2")
	f.op("FMOVS.P", "F2", mem(4, "R7"))
	f.op("ADD", imm(128), "R1")
}
