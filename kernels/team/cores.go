package team

import "runtime"

// Cores returns the number of workers that suits this machine: its physical cores, only the fast ones where cores differ, and no more than
// GOMAXPROCS, which follows the quota and the affinity of the process. A second thread of a core adds nothing to work that
// waits for memory or fills the vector units.
func Cores() int {
	n := runtime.GOMAXPROCS(0)
	if fast := fastCores(); fast > 0 {
		n = min(n, fast)
	}
	return n
}
