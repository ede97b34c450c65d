//go:build !windows

package cpu

import "github.com/klauspost/cpuid/v2"

func hasDotProd() bool { return cpuid.CPU.Supports(cpuid.ASIMDDP) }
func hasI8MM() bool    { return cpuid.CPU.Supports(cpuid.I8MM) }
