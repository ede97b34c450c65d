//go:build !unix

package kernels

import "testing"

// guarded returns plain memory: only Unix has guard pages here.
func guarded[T any](t testing.TB, n int, atEnd bool) []T { return make([]T, n) }
