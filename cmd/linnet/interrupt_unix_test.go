//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/linnet-go/linnet/loader/gguf"
	"github.com/linnet-go/linnet/quant"
)

// slowModel writes a model of 13 million zeros, for which the level ref takes 20 ms a token and more, with the vocabulary of the built-in one.
func slowModel(t *testing.T) string {
	t.Helper()
	const dim, ffn, layers, vocab = 512, 2048, 4, 512
	var w gguf.Writer
	if err := copyMeta(&w, map[string]any{
		"llama.embedding_length": uint32(dim), "llama.feed_forward_length": uint32(ffn), "llama.block_count": uint32(layers),
		"llama.rope.dimension_count": uint32(64), "llama.attention.head_count_kv": uint32(8),
	}); err != nil {
		t.Fatal(err)
	}
	add := func(name string, typ quant.Type, dims ...int) {
		n := typ.RowBytes(dims[0])
		for _, d := range dims[1:] {
			n *= d
		}
		w.Add(gguf.Source{Name: name + ".weight", Type: typ, Dims: dims, Data: make([]byte, n)})
	}
	add("token_embd", quant.Q4_0, dim, vocab)
	add("output_norm", quant.F32, dim)
	for _, l := range []string{"blk.0.", "blk.1.", "blk.2.", "blk.3."} {
		add(l+"attn_norm", quant.F32, dim)
		for _, m := range []string{"attn_q", "attn_k", "attn_v", "attn_output"} {
			add(l+m, quant.Q4_0, dim, dim)
		}
		add(l+"ffn_norm", quant.F32, dim)
		add(l+"ffn_gate", quant.Q4_0, dim, ffn)
		add(l+"ffn_up", quant.Q4_0, dim, ffn)
		add(l+"ffn_down", quant.Q4_0, ffn, dim)
	}
	path := filepath.Join(t.TempDir(), "slow.gguf")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// interrupted starts the program, sends a signal when it has written at least n bytes and some time has passed, and returns what it
// wrote and how long it took to end.
func interrupted(t *testing.T, s syscall.Signal, n int, after time.Duration, args ...string) (result, time.Duration) {
	t.Helper()
	cmd := command(args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	first := make([]byte, n)
	if _, err := io.ReadFull(stdout, first); err != nil {
		t.Fatalf("%v; stderr: %s", err, &stderr)
	}
	time.Sleep(after)
	start := time.Now()
	if err := cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(stdout)
	if err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	took := time.Since(start)
	if _, ok := err.(*exec.ExitError); !ok {
		t.Fatalf("ended with %v, stdout %q, stderr %q", err, first, &stderr)
	}
	return result{string(first) + string(rest), stderr.String(), cmd.ProcessState.ExitCode()}, took
}

func TestInterrupt(t *testing.T) {
	model := slowModel(t)
	prompt, err := os.ReadFile(filepath.Join(work, "long.txt"))
	if err != nil {
		t.Fatal(err)
	}
	long := string(prompt[:4000])
	base := []string{"generate", "-q", "-m", model, "--level", "ref", "--threads", "1", "--ctx", "2048", "-n", "-1", "--ignore-eos", "--mode", "random"}
	for _, c := range []struct {
		name   string
		signal syscall.Signal
		prompt string
		more   int // bytes after the prompt that must be there before the signal
		after  time.Duration
		stdout string
	}{
		{"prefill", syscall.SIGINT, long, 0, 300 * time.Millisecond, long + "\n"},
		{"prefill, SIGTERM", syscall.SIGTERM, long, 0, 100 * time.Millisecond, long + "\n"},
		{"decode", syscall.SIGINT, "Once", 30, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r result
			best := time.Hour
			for range 3 { // a busy machine may be late
				var took time.Duration
				r, took = interrupted(t, c.signal, len(c.prompt)+c.more, c.after, append(base, c.prompt)...)
				if best = min(best, took); best < 200*time.Millisecond {
					break
				}
			}
			if best >= 200*time.Millisecond {
				t.Errorf("took %v to end", best)
			}
			if r.code != exitInterrupted || r.stderr != "" {
				t.Errorf("exit %d, stderr %q", r.code, r.stderr)
			}
			if c.stdout != "" && r.stdout != c.stdout || !strings.HasPrefix(r.stdout, c.prompt) || !strings.HasSuffix(r.stdout, "\n") {
				t.Errorf("stdout %q", r.stdout)
			}
		})
	}
}

// TestInterruptJSON checks that what was generated is told.
func TestInterruptJSON(t *testing.T) {
	r, _ := interrupted(t, syscall.SIGINT, 0, 300*time.Millisecond, "generate", "-q", "-m", slowModel(t), "--level", "ref", "-n", "-1", "--ignore-eos", "--json", "x")
	if r.code != exitInterrupted {
		t.Errorf("exit %d, stderr %q", r.code, r.stderr)
	}
	match(t, "stdout", r.stdout, `\{"prompt":"x","text.*"reason":"cancelled".*\}`+"\n")
}

// TestBrokenPipe checks that a reader who leaves ends the program without a word.
func TestBrokenPipe(t *testing.T) {
	cmd := command("inspect", "-q", "--meta", "--tensors", "--json")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = w
	err = cmd.Run()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGPIPE || stderr.Len() != 0 {
		t.Errorf("ended with %v, stderr %q", err, &stderr)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
