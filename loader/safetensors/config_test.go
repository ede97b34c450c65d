package safetensors

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"
)

func TestConfig(t *testing.T) {
	c, err := ParseConfig([]byte(`{
		"model_type": "llama", "vocab_size": 512, "offset": -3, "eps": 1e-05, "theta": 1000000.0, "tie": false, "window": null,
		"big": 18446744073709551616, "huge": 1e999, "limit": [0.0, Infinity], "low": -Infinity,
		"eos": [1, 2], "signed": [1, -2], "mixed": [1, 2.5, -1], "names": ["a", "\u00e9\n"], "flags": [true, false], "any": [1, "a", null], "none": [],
		"rope_scaling": {"factor": 8.0, "short": [1.5], "deep": {"er": {}}}, "nested": [[1, 2], ["a"]],
		"layers": [{"type": "full"}, {"type": "mamba", "n": 3}, 7], "empty": {}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		key   string
		value any
	}{
		{"model_type", "llama"}, {"vocab_size", uint64(512)}, {"offset", int64(-3)}, {"eps", 1e-05}, {"theta", 1e6}, {"tie", false}, {"window", nil},
		{"big", 18446744073709551616.0}, {"huge", math.Inf(1)}, {"limit", []float64{0, math.Inf(1)}}, {"low", math.Inf(-1)},
		{"eos", []uint64{1, 2}}, {"signed", []int64{1, -2}}, {"mixed", []float64{1, 2.5, -1}}, {"names", []string{"a", "é\n"}}, {"flags", []bool{true, false}},
		{"any", []any{uint64(1), "a", nil}}, {"none", []any(nil)},
		{"rope_scaling.factor", 8.0}, {"rope_scaling.short", []float64{1.5}}, {"nested", []any{[]uint64{1, 2}, []string{"a"}}},
		{"layers.0.type", "full"}, {"layers.1.type", "mamba"}, {"layers.1.n", uint64(3)}, {"layers", []uint64{7}},
	}
	var keys []string
	for _, w := range want {
		keys = append(keys, w.key)
		if v, ok := c.Value(w.key); !ok || !reflect.DeepEqual(v, w.value) {
			t.Errorf("key %q: got %#v, %v, want %#v", w.key, v, ok, w.value)
		}
	}
	if !slices.Equal(c.Keys(), keys) {
		t.Errorf("keys %q, want %q", c.Keys(), keys)
	}
	if v, ok := c.Value("rope_scaling"); ok {
		t.Errorf("an object has the value %v", v)
	}
}

func TestConfigNaN(t *testing.T) {
	c, err := ParseConfig([]byte(`{"a":NaN}`))
	if err != nil {
		t.Fatal(err)
	}
	if x, _ := c.Value("a"); fmt.Sprint(x) != "NaN" {
		t.Errorf("got %v", x)
	}
}

func TestIndex(t *testing.T) {
	x, err := ParseIndex([]byte(`{"metadata":{"total_size":[1,{"a":2}]},"weight_map":{"c":"2.safetensors","a":"1.safetensors","b":"1.safetensors"},"x":0}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"a": "1.safetensors", "b": "1.safetensors", "c": "2.safetensors"}; !maps.Equal(x.Tensor, want) {
		t.Errorf("got %v, want %v", x.Tensor, want)
	}
	if want := []string{"1.safetensors", "2.safetensors"}; !slices.Equal(x.Shards, want) {
		t.Errorf("got %q, want %q", x.Shards, want)
	}
}
