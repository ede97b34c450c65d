package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linnet-go/linnet/cmd/internal/tiny"
)

// blocks returns the code blocks of a language in the README.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, part := range strings.Split(string(b), "\n```"+language+"\n")[1:] {
		code, _, ok := strings.Cut(part, "```")
		if !ok {
			t.Fatal("README.md: a block without an end")
		}
		list = append(list, code)
	}
	return list
}

// TestTour runs the commands of the README, those of go aside.
func TestTour(t *testing.T) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash: ", err)
	}
	tours := 0
	for _, script := range blocks(t, "sh") {
		if strings.HasPrefix(script, "go ") {
			continue
		}
		tours++
		cmd := command()
		cmd.Path, cmd.Args = shell, []string{"bash", "-euo", "pipefail", "-c", script}
		cmd.Dir = t.TempDir()
		cmd.Env = append(cmd.Env, "PATH="+filepath.Dir(linnet)+string(os.PathListSeparator)+os.Getenv("PATH"))
		r := run(t, cmd, "")
		if r.code != 0 {
			t.Errorf("exit %d: %s", r.code, r.stderr)
		}
		match(t, "stdout", r.stdout, "Once upon a time.*The little dog.*Tom had.*\\{\"prompt\":\"Lily saw a\".*")
	}
	if tours != 1 {
		t.Errorf("%d tours in the README, want 1", tours)
	}
}

// TestLibraryExample builds and runs the program of the README, as a package that only the overlay knows.
func TestLibraryExample(t *testing.T) {
	code := blocks(t, "go")
	if len(code) != 1 {
		t.Fatalf("%d programs in the README, want 1", len(code))
	}
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	place, err := filepath.Abs("../example/main.go")
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{place: source}})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{source: []byte(code[0]), filepath.Join(dir, "overlay.json"): overlay, filepath.Join(dir, "model.gguf"): tiny.Model} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "program")
	if out, err := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "../example").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(program)
	cmd.Dir = dir
	if r := run(t, cmd, ""); r.code != 0 || strings.TrimSpace(r.stdout) == "" {
		t.Errorf("exit %d, stdout %q, stderr %q", r.code, r.stdout, r.stderr)
	}
}
