// Package cpu says what this CPU has, in terms of linnet's instruction-set levels.
package cpu

import "github.com/klauspost/cpuid/v2"

// AVX2 says whether the avx2 level runs: 256-bit integers, fused multiply-add and f16 conversion.
func AVX2() bool { return cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.F16C) }

// AVXVNNI says whether the avxvnni level runs: the VEX form of VPDPBUSD.
func AVXVNNI() bool { return AVX2() && cpuid.CPU.Supports(cpuid.AVXVNNI) }

// AVX512 says whether the avx512 level runs: 512-bit vectors with VPDPBUSD.
func AVX512() bool {
	return AVX2() && cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL, cpuid.AVX512VNNI)
}
