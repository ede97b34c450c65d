package lint

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// exactPackages compute results that must have the same bits on every CPU.
var exactPackages = []string{"quant", "kernels", "engine/sample", "engine/internal/cache", "engine/internal/layer", "engine/internal/arch", "engine"}

// exactProducts are files whose fused operations change nothing, and why.
var exactProducts = map[string]string{
	"kernels/fma.go":                     "products of two float32 are exact in float64",
	"quant/q2_k.go":                      "products of an f16 and 6 bits are exact in float32",
	"quant/q4_k.go":                      "products of an f16 and 6 bits are exact in float32",
	"engine/internal/layer/attention.go": "a cost is no result",
}

var fused = regexp.MustCompile(`\(` + module + `/([^ :]+\.go):(\d+)\)\s+(FN?M(?:ADD|SUB)[SD])\s`)

// TestFused reads what the compiler makes of these packages for arm64, one of the CPUs on which it fuses x*y + z into one rounding.
func TestFused(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles most of linnet for arm64")
	}
	args := []string{"build", "-trimpath", "-gcflags=-S", "-tags", "purego"}
	for _, p := range exactPackages {
		args = append(args, module+"/"+p)
	}
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "TEXT") {
		t.Fatalf("go %s: %v\n%.2000s", strings.Join(args, " "), err, out)
	}
	seen := map[string]bool{}
	for _, m := range fused.FindAllStringSubmatch(string(out), -1) {
		place := m[1] + ":" + m[2]
		if exactProducts[m[1]] == "" && !seen[place] {
			t.Errorf("%s: arm64 fuses a product and a sum (%s): write float32(x*y) + z, also where x*y is the argument of a small function", place, m[3])
		}
		seen[place] = true
	}
	if len(seen) == 0 {
		t.Error("no fused operation at all, not even in kernels/fma.go: the compiler's output is not understood")
	}
}
