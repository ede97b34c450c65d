//go:build race

package engine

// raceEnabled: the race detector makes everything ten times slower, so tests try fewer combinations.
const raceEnabled = true
