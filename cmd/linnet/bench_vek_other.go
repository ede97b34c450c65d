//go:build !amd64

package main

import "github.com/linnet-go/linnet/kernels"

// haveVek says that vek has vector code for this CPU.
const haveVek = false

func vekCase(*kernels.Case) (c kernels.Case, ok bool) { return c, false }
