//go:build !race

package token

const (
	slower     = 1
	mostAllocs = 0.5 // a call: the garbage collector may empty the pool
)
