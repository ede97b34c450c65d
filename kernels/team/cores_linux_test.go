package team

import (
	"maps"
	"testing"
)

func TestParseCPUList(t *testing.T) {
	for s, want := range map[string]map[int]bool{
		"":      {},
		"7":     {7: true},
		"0-2,9": {0: true, 1: true, 2: true, 9: true},
		"x,3-y": {},
	} {
		if got := parseCPUList(s); !maps.Equal(got, want) {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}
