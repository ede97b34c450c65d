package cpu

import "golang.org/x/sys/windows"

// Windows tells by number (winnt.h, PF_ARM_...).
const (
	armV82DP   = 43
	armV82I8MM = 66
)

var isPresent = windows.NewLazySystemDLL("kernel32.dll").NewProc("IsProcessorFeaturePresent")

func present(feature uintptr) bool {
	ok, _, _ := isPresent.Call(feature)
	return ok != 0
}

func hasDotProd() bool { return present(armV82DP) }
func hasI8MM() bool    { return present(armV82I8MM) }
