package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// linnet is the program, built once for all tests; work is the folder it runs in, with the files of makeFiles.
var linnet, work string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "linnet")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	linnet, work = filepath.Join(dir, "linnet"), filepath.Join(dir, "work")
	if runtime.GOOS == "windows" {
		linnet += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", linnet, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	if err := makeFiles(work); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// command returns the program with arguments, in the folder of the files and without settings from outside.
func command(args ...string) *exec.Cmd {
	cmd := exec.Command(linnet, args...)
	cmd.Dir = work
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "LINNET_MODEL=") || strings.HasPrefix(v, "LINNET_LEVEL=")
	})
	return cmd
}

// result is what a run of the program gave.
type result struct {
	stdout, stderr string
	code           int
}

func run(t *testing.T, cmd *exec.Cmd, stdin string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// ok runs the program, which must do without a word on standard error, and returns what it wrote.
func ok(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	r := run(t, command(append(args, "-q")...), stdin)
	if r.code != 0 || r.stderr != "" {
		t.Fatalf("linnet %s: exit %d: %s", strings.Join(args, " "), r.code, r.stderr)
	}
	return r.stdout
}

// match compares the whole of a text with a regular expression, in which . is any character, line breaks too.
func match(t *testing.T, what, got, want string) {
	t.Helper()
	if !regexp.MustCompile("(?s)^(?:" + want + ")$").MatchString(got) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// shared returns the path of reference data beside the repository, or skips the test where there is none.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("LINNET_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	path, err := filepath.Abs(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("LINNET_MUST_SHARED") == "1" {
			t.Fatal(err)
		}
		t.Skip("no reference data: ", err)
	}
	return path
}
