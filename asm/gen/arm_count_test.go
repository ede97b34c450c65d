package gen

import (
	"regexp"
	"strings"
	"testing"
)

var (
	labelLine  = regexp.MustCompile(`^([a-z]+\d+_?\d*):$`)
	branchLine = regexp.MustCompile(`^\tBNE ([a-z]+\d+)$`)
)

// loopCount returns the instructions of the first loop whose label begins with name: loops inside count as often as times says.
func loopCount(t *testing.T, f *fn, name string, times map[string]int) int {
	t.Helper()
	count, factor, from := 0, 1, ""
	for _, line := range strings.Split(f.body.String(), "\n") {
		if m := labelLine.FindStringSubmatch(line); m != nil {
			loop := strings.TrimRight(m[1], "0123456789")
			if from == "" && loop == name {
				from = m[1]
			} else if n, ok := times[loop]; ok && from != "" {
				factor = n
			}
			continue
		}
		if from != "" && line != "" && !strings.HasPrefix(line, "\t//") {
			count += factor
		}
		if m := branchLine.FindStringSubmatch(line); m != nil && from != "" {
			if m[1] == from {
				return count
			}
			factor = 1
		}
	}
	t.Fatalf("%s has no loop %s", f.name, name)
	return 0
}

// countTokens is the number of tokens that share what is unpacked: those of a piece of a prompt.
const countTokens = 128

// formOf returns the form whose tile multiplies a kind.
func formOf(lv *a64, k *kind) armForm {
	for _, m := range armForms {
		bits := 0
		switch {
		case lv.sdot:
		case k.bits == 8:
			bits = 8
		case k.bits == 5 && k.minimum != nil:
			bits = 5
		}
		if m.halves == k.halves && m.min == (k.minimum != nil) && m.bits == bits {
			return m
		}
	}
	panic("gen: no form for " + k.name)
}

// prefill returns the instructions a multiply-add takes in products with many tokens: the tile's block loop with what unpacking adds.
func prefill(t *testing.T, lv *a64, k *kind) float64 {
	m := formOf(lv, k)
	sizes, _ := m.shape(lv)
	tile := loopCount(t, m.tile(lv), "block", nil)
	unpack := loopCount(t, armUnpack(lv, k), "unit", map[string]int{"block": k.blocks})
	return float64(tile)/float64(512*sizes[0]) + float64(unpack)/float64(512*k.blocks*countTokens)
}

// decode returns the instructions a multiply-add takes in products with one token.
func decode(t *testing.T, lv *a64, k *kind) float64 {
	return float64(loopCount(t, armDot(lv, k), "unit", map[string]int{"block": k.blocks})) / float64(512*k.blocks)
}

// TestArmCounts holds the instructions of a multiply-add below what each level may take: an emulator cannot measure speed.
func TestArmCounts(t *testing.T) {
	limits := map[string]float64{"neon": 0.25, "dotprod": 0.13, "i8mm": 0.10}
	for _, lv := range armLevels {
		for _, k := range kinds {
			p, d := prefill(t, lv, k), decode(t, lv, k)
			t.Logf("%-8s %-7s prefill %.4f, decode %.3f", lv.name, k.name, p, d)
			limit := limits[lv.name]
			switch k.name {
			case "q4_k":
				limit *= 1.2
			case "q4_0":
			default:
				continue
			}
			if p > limit {
				t.Errorf("%s %s: %.4f instructions a multiply-add, may take %.3f", lv.name, k.name, p, limit)
			}
		}
	}
}
