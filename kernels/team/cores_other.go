//go:build !linux && !darwin

package team

import "github.com/klauspost/cpuid/v2"

// fastCores returns the number of physical cores, or 0 if it is not known.
func fastCores() int { return cpuid.CPU.PhysicalCores }
