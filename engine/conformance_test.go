package engine

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// nmse is Σ(got-want)² / Σ(want-mean)², the mean being that of each row of the reference: the error measure of the conformance set. got has a row
// for every position, want for every step-th.
func nmse(got, want []float32, vocab, step int) float64 {
	var num, den float64
	for i := 0; i < len(want)/vocab; i++ {
		w, g := want[i*vocab:(i+1)*vocab], got[i*step*vocab:]
		mean := 0.0
		for _, x := range w {
			mean += float64(x) / float64(vocab)
		}
		for j, x := range w {
			num += (float64(g[j]) - float64(x)) * (float64(g[j]) - float64(x))
			den += (float64(x) - mean) * (float64(x) - mean)
		}
	}
	return num / den
}

// TestConformance compares logits with exact arithmetic on the same weights. Its output is the table of errors.
func TestConformance(t *testing.T) {
	manifest, err := os.ReadFile(sharedFiles(t, "conformance/manifest.json")[0])
	if err != nil {
		t.Fatal(err)
	}
	var bounds struct {
		Quant map[string]struct{ Bound float64 }
		Arch  map[string]struct {
			Bound float64 `json:"bound_f32"`
			Int8  float64 `json:"bound_rounded"` // of experts with 8-bit activations
		}
	}
	if err := json.Unmarshal(manifest, &bounds); err != nil {
		t.Fatal(err)
	}
	for _, file := range sharedFiles(t, "conformance/quant/*.gguf") {
		compare(t, file, filepath.Join(filepath.Dir(file), "quant.ids"), 1, bounds.Quant[baseName(file)].Bound)
	}
	for _, file := range sharedFiles(t, familyFiles) {
		bound := bounds.Arch[baseName(file)].Bound
		if baseName(file) == "gpt-oss" { // the one with weights that are not F32
			bound = bounds.Arch[baseName(file)].Int8
		}
		compare(t, file, strings.TrimSuffix(file, ".gguf")+".ids", 4, bound, append(familyOptions(file), CacheType("f32"))...)
	}
}

// TestRandomModel is TestConformance for the model that every clone has. The bound is a third of what 8-bit activations in blocks of 256 give.
func TestRandomModel(t *testing.T) {
	compare(t, randomFile, "testdata/quant.ids", 1, 8e-4)
}

func compare(t *testing.T, file, ids string, step int, bound float64, opts ...Option) {
	t.Helper()
	want := readFloats(t, strings.TrimSuffix(file, ".gguf")+".f32")
	for _, level := range levelNames() {
		m := openModel(t, file, append(opts, Level(level))...)
		got := allLogits(t, m.NewSession(), readIDs(t, ids), 0)
		e := nmse(got, want, m.Info().Vocab, step)
		t.Logf("%-12s %-8s nmse %.3g, bound %.3g", baseName(file), level, e, bound)
		if !(e <= bound) {
			t.Errorf("%s, level %s: nmse %.3g, bound %.3g", file, level, e, bound)
		}
	}
}

// familyFiles are the reference files of the families.
const familyFiles = "conformance/arch/*.gguf"

// familyOptions are what the reference values of a file were computed with: phi3-short in a context as short as that of its first training.
func familyOptions(file string) []Option {
	if baseName(file) == "phi3-short" {
		return []Option{Context(512)}
	}
	return nil
}
