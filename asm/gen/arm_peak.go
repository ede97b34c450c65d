package gen

// armPeakSums is the number of sums in flight in the loops that measure what a level's multiply-adds can do (see peak.go).
const armPeakSums = 24

// armPeaks are these loops: a round has armPeakSums instructions.
func armPeaks(lv *a64) []*file {
	int8s := newArm(lv, "PeakInt8", "x []byte, rounds int", "", "multiplies the bytes x [64] a few times a round, in registers.")
	fns := []*fn{int8s.peak(func(sum, a, b int) {
		switch {
		case lv.mmla:
			int8s.v("smmla", sum, a, b)
		case lv.sdot:
			int8s.v("sdot.e", sum, a, b, sum%4)
		default:
			int8s.v("smlal", sum, a, b)
		}
	})}
	if !lv.sdot {
		floats := newArm(lv, "PeakFloat", "x []float32, rounds int", "", "multiplies the values x [16] a few times a round, in registers.")
		fns = append(fns, floats.peak(func(sum, a, b int) { floats.v("fmla", sum, a, b) }))
	}
	return []*file{{"peak", fns}}
}

func (f *afn) peak(step func(sum, a, b int)) *fn {
	f.load("x", "R1", "rounds", "R9")
	for i := range 4 {
		f.ldr(16*i, "R1", armPeakSums+i)
	}
	f.zero(0, armPeakSums)
	f.loop("round", "R9", func() {
		for i := range armPeakSums {
			step(i, armPeakSums+i%2, armPeakSums+2+i/2%2)
		}
	})
	return f.end()
}
