// Package cpu says what this CPU has, in terms of linnet's instruction-set levels.
package cpu

import "github.com/klauspost/cpuid/v2"

// AVX2 says whether the avx2 level runs: 256-bit integers, fused multiply-add and f16 conversion.
func AVX2() bool { return cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.F16C) }
