//go:build !(linux && amd64)

package cpu

// AMX says whether the amx level runs: only on Linux, which is asked for permission.
func AMX() bool { return false }
