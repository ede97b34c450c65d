//go:build race

package token

// The race detector makes everything ten times slower and drops what pools hold.
const (
	slower     = 10
	mostAllocs = 20 // a call, of hundreds of tokens
)
