package token

import (
	"math/rand/v2"
	"testing"
)

// walk returns the id of a key, or -1.
func (d *doubleArray) walk(key string) int32 {
	node := int32(0)
	for i := range len(key) {
		if node = d.step(node, key[i]); node < 0 {
			return -1
		}
	}
	return d.units[node].id
}

func TestDoubleArrayFindsItsKeysOnly(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 2))
		symbols := 1 + r.IntN(256)
		word := func() string {
			b := make([]byte, 1+r.IntN(5))
			for i := range b {
				b[i] = byte(r.IntN(symbols))
			}
			return string(b)
		}
		ids := map[string]int32{}
		var keys []string
		var values []int32
		for i := range int32(r.IntN(5000)) {
			if s := word(); ids[s] == 0 {
				ids[s] = i + 1
				keys, values = append(keys, s), append(values, i+1)
			}
		}
		d := newDoubleArray(keys, values)
		for s, id := range ids {
			if got := d.walk(s); got != id {
				t.Fatalf("seed %d: key %q has the id %d, want %d", seed, s, got, id)
			}
		}
		for range 5000 {
			s := word()
			want := int32(-1)
			if id, ok := ids[s]; ok {
				want = id
			}
			if got := d.walk(s); got != want {
				t.Fatalf("seed %d: %q has the id %d, want %d", seed, s, got, want)
			}
		}
		if most := 256 + 40*len(keys); symbols < 64 && len(d.units) > most {
			t.Errorf("seed %d: %d units for %d keys, want at most %d", seed, len(d.units), len(keys), most)
		}
	}
}
