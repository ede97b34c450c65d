package main

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linnet-go/linnet/cmd/internal/tiny"
	"github.com/linnet-go/linnet/kernels"
)

// The texts that stories260K writes in greedy mode, from the README of the reference models: computed there in f32 by another program.
const (
	onceUponATime = `Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but it was too high.
Lily's mom said, "Lily, let's go to the park." Lily was sad and didn't know what to do. She said, "I want to play with your ball, but I can't find it."
Lily was sad and didn't know what to do. She said, "I'm sorry,
`
	theLittleDog = `The little dog was a little girl named Lily. She loved to play with her toys and her toys. One day, she saw a big box with a big box. It was a big, red ball. She wanted to play with it, but she did not want to play with it.
Lily's mom said, "Lily, let's go to the box." Lily said, "Yes, it is. It's a small box
`
)

func TestStories(t *testing.T) {
	model := shared(t, "models/stories260K.gguf")
	for _, level := range kernels.Levels() {
		for _, c := range []struct{ prompt, n, want string }{{"Once upon a time", "160", onceUponATime}, {"The little dog", "120", theLittleDog}} {
			got := ok(t, "", "generate", "-m", model, "--level", level.Name, "--mode", "greedy", "-n", c.n, c.prompt)
			if got != c.want {
				t.Errorf("%s: got %q, want %q", level.Name, got, c.want)
			}
		}
	}
}

// TestLogits compares what logits writes by file, by pipe and as JSON.
func TestLogits(t *testing.T) {
	out := filepath.Join(t.TempDir(), "logits.f32")
	if got := ok(t, "", "logits", "--ids", "ids.bin", "-o", out); got != "" {
		t.Errorf("wrote %q beside the file", got)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) != 2*512*4 {
		t.Fatalf("%d bytes, want 2 rows of 512 values of 4", len(b))
	}
	for _, c := range []struct {
		args  []string
		stdin string
		want  string
	}{
		{[]string{"--ids", "ids.json"}, "", string(b)},
		{[]string{"--ids", "-"}, "[1,403]", string(b)},
		{[]string{"Once"}, "", string(b)},
		{nil, "Once", string(b)},
		{[]string{"--ids", "ids.bin", "--last", "--threads", "1", "--batch", "1", "--level", "ref"}, "", string(b[512*4:])},
		{[]string{"-o", "/dev/stdout", "Once"}, "", string(b)},
	} {
		if len(c.args) > 0 && c.args[0] == "-o" {
			if _, err := os.Stat(c.args[1]); err != nil {
				continue // a system without such files
			}
		}
		if got := ok(t, c.stdin, append([]string{"logits"}, c.args...)...); got != c.want {
			t.Errorf("logits %q: other %d bytes", c.args, len(got))
		}
	}

	text := ok(t, "", "logits", "--json", "Once")
	var flat []byte
	for _, row := range parseLogits(t, text) {
		for _, x := range row {
			flat = binary.LittleEndian.AppendUint32(flat, math.Float32bits(x))
		}
	}
	if string(flat) != string(b) || !strings.HasPrefix(text, `{"ids":[1,403],`) {
		t.Error("other logits as JSON")
	}
}

// parseLogits returns the rows of logits --json.
func parseLogits(t *testing.T, text string) [][]float32 {
	t.Helper()
	var l struct{ Logits [][]float32 }
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		t.Fatal(err)
	}
	return l.Logits
}

// TestNext compares the whole distribution with the logits.
func TestNext(t *testing.T) {
	logits := parseLogits(t, ok(t, "", "logits", "--json", "--last", "Once"))[0]
	var dist struct {
		Next []struct {
			ID    int32
			P     float64
			Logit float32
		}
	}
	if err := json.Unmarshal([]byte(ok(t, "", "next", "--json", "--top", "600", "Once")), &dist); err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, n := range dist.Next {
		if n.Logit != logits[n.ID] {
			t.Errorf("token %d has logit %v, logits says %v", n.ID, n.Logit, logits[n.ID])
		}
		sum += n.P
	}
	if len(dist.Next) != len(logits) || math.Abs(sum-1) > 1e-6 {
		t.Errorf("%d tokens whose probabilities sum to %v", len(dist.Next), sum)
	}
}

// TestOutputStays checks that a failed run leaves the file of an earlier one whole, and nothing beside it.
func TestOutputStays(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "logits.f32")
	if err := os.WriteFile(out, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := run(t, command("logits", "-q", "-o", out, "-f", "long.txt"), ""); r.code != exitError {
		t.Fatalf("exit %d", r.code)
	}
	b, err := os.ReadFile(out)
	entries, _ := os.ReadDir(dir)
	if err != nil || string(b) != "before" || len(entries) != 1 {
		t.Errorf("%q, %v, %d files", b, err, len(entries))
	}
}

// TestSeed checks that a seed repeats a generation, and that two runs without one differ.
func TestSeed(t *testing.T) {
	generate := func(args ...string) string {
		return ok(t, "", append([]string{"generate", "-n", "100", "--mode", "random", "Once"}, args...)...)
	}
	if a, b := generate("--seed", "1"), generate("--seed", "1"); a != b {
		t.Errorf("seed 1 wrote %q, then %q", a, b)
	}
	if a, b := generate(), generate(); a == b {
		t.Errorf("twice the same: %q", a)
	}
}

// TestCut opens the built-in model cut off at 200 places.
func TestCut(t *testing.T) {
	for i := range 200 {
		n := len(tiny.Model) * i / 200
		path := filepath.Join(t.TempDir(), "cut.gguf")
		if err := os.WriteFile(path, tiny.Model[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		r := run(t, command("next", "-m", path, "x"), "")
		if r.code != exitError || r.stdout != "" || !strings.HasPrefix(r.stderr, "linnet: "+path+": ") || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%d bytes: exit %d, stdout %q, stderr %q", n, r.code, r.stdout, r.stderr)
		}
	}
}
