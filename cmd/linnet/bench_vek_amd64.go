package main

import (
	"math/rand/v2"

	"github.com/viterin/vek/vek32"

	"github.com/linnet-go/linnet/kernels"
)

// haveVek says that vek has vector code for this CPU.
const haveVek = true

// vekCase returns the work of a case as vek does it, if it can: sums, and products of one token with a matrix of f32 weights row by row.
func vekCase(of *kernels.Case) (c kernels.Case, ok bool) {
	c = *of
	c.Level = "vek"
	x := vekRow(kernels.CaseCols)
	var sum float32
	switch {
	case of.Op == "sum":
		c.Run = func() { sum += vek32.Sum(x) }
	case of.Op == "add":
		y := make([]float32, len(x))
		c.Run = func() { vek32.Add_Inplace(y, x) }
	case of.Op == "dot" && of.Kind == kernels.KindF32.String():
		rows := of.Bytes / 4 / len(x)
		w := vekRow(len(x) * rows)
		if of.Size == "memory" {
			w = vekRow(kernelMemory / 4)
		}
		at := 0
		c.Run = func() {
			if at+rows*len(x) > len(w) {
				at = 0
			}
			for range rows {
				sum += vek32.Dot(x, w[at:at+len(x)])
				at += len(x)
			}
		}
	default:
		return c, false
	}
	return c, true
}

// vekRow returns random values.
func vekRow(n int) []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, n)
	for i := range x {
		x[i] = r.Float32()
	}
	return x
}
