package lint

import (
	"path"
	"slices"
	"strings"
	"testing"
)

// arrows says who may import whom. In "a, b < c < d" c may import a and b, and d all three; a package imports nothing of ours that
// does not stand to its left somewhere.
const arrows = `
NONE < quant, asm/cpu, asm/gen, kernels/team, engine/token, engine/sample, engine/audio, cmd/internal/tiny;
NONE < asm/avx2, asm/avxvnni, asm/avx512, asm/amx, asm/neon, asm/dotprod, asm/i8mm;

quant < loader/gguf, loader/safetensors, loader/whisperbin < loader;

quant, asm/cpu, asm/avx2, asm/avxvnni, asm/avx512, asm/amx, asm/neon, asm/dotprod, asm/i8mm < kernels;

quant, kernels, kernels/team < engine/internal/cache < engine/internal/layer < engine/internal/arch;

quant, loader, kernels, kernels/team, engine/internal/cache, engine/internal/layer, engine/internal/arch,
engine/token, engine/sample, engine/audio < engine < engine/eval, engine/chat, engine/serve;

quant, loader/gguf, loader, kernels, kernels/team, engine/token, engine/sample, engine/audio, engine, engine/eval, engine/chat, engine/serve, cmd/internal/tiny < cmd/linnet;
`

// rooms are the folders at the top: a package belongs into one of them.
var rooms = []string{"asm", "cmd", "engine", "kernels", "loader", "quant"}

// allowed maps each package of the table to those that it may import.
func allowed(t *testing.T, table string) map[string]map[string]bool {
	t.Helper()
	may := map[string]map[string]bool{}
	for rule := range strings.SplitSeq(table, ";") {
		var left []string
		for list := range strings.SplitSeq(rule, "<") {
			var names []string
			for name := range strings.SplitSeq(list, ",") {
				name = strings.TrimSpace(name)
				if name == "NONE" || name == "" {
					continue
				}
				names = append(names, name)
				if may[name] == nil {
					may[name] = map[string]bool{}
				}
				for _, l := range left {
					may[name][l] = true
				}
			}
			left = append(left, names...)
		}
	}
	for name, imports := range may {
		for i := range imports {
			if i == name || may[i][name] {
				t.Errorf("arrows: %s and %s may import each other", name, i)
			}
		}
	}
	return may
}

func TestArrows(t *testing.T) {
	may := allowed(t, arrows)
	checked := 0
	for _, dir := range folders(t) {
		for _, target := range []string{"linux/amd64", "linux/arm64", "linux/riscv64", "darwin/arm64", "windows/amd64"} {
			goos, goarch := path.Split(target)
			p := packageIn(t, dir, strings.TrimSuffix(goos, "/"), goarch)
			if p == nil || len(p.GoFiles) == 0 {
				continue // only tests, whose imports are free
			}
			imports, known := may[dir]
			if !known {
				t.Errorf("package %s is not in the table: give it a line in arrows, as low as it can stand", dir)
				break
			}
			for _, i := range p.Imports {
				if i, ours := strings.CutPrefix(i, module+"/"); ours {
					checked++
					if !imports[i] {
						t.Errorf("%s must not import %s (%s): hand over what it needs as an argument or an interface, or move the code up", dir, i, target)
					}
				}
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d imports were found: is this the repository?", checked)
	}
}

func TestTable(t *testing.T) {
	may := allowed(t, "NONE < a, b; a < c < d; b, c < e")
	for _, c := range []struct {
		from, to string
		want     bool
	}{{"c", "a", true}, {"d", "a", true}, {"d", "c", true}, {"c", "b", false}, {"e", "a", false}, {"e", "b", true}, {"a", "c", false}} {
		if got := may[c.from][c.to]; got != c.want {
			t.Errorf("may %s import %s: got %v, want %v", c.from, c.to, got, c.want)
		}
	}
}

func TestRooms(t *testing.T) {
	all, err := files()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range all {
		room, _, inFolder := strings.Cut(name, "/")
		if inFolder && !strings.HasPrefix(room, ".") && !slices.Contains(rooms, room) && !seen[room] {
			t.Errorf("folder %s: the rooms are %s; move its files into the one they belong to", room, strings.Join(rooms, ", "))
		}
		seen[room] = true
	}
	for _, room := range rooms {
		if !seen[room] {
			t.Errorf("room %s is missing", room)
		}
	}
}
