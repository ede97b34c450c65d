package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linnet-go/linnet/engine/eval"
	"github.com/linnet-go/linnet/kernels"
)

var benchInvocations = []invocation{
	{args: "bench -q --reps 1 -p 8 -n 4 -d 0,3 --threads 1 --level ref", stdout: `CPU +.*
model +built-in model: llama \(llama\)
weights +334.6 KB packed, .* GMAC a token in the layers
run +level ref, 1 thread, KV cache f16, 1 sequence, median of 1

 +depth +tokens/s .*
prefill +8 +0 +\S+ +\S+ - \S+ +\S+ GMAC/s: \S+ of \S+ \(int8\)
decode +4 +0 +\S+ +\S+ - \S+ +\S+ GB/s: \S+ of \S+
prefill +8 +3 .*
decode +4 +3 .*
`},
	{args: "bench -q --reps 2 -p 0 -n 2 --parallel 2 --threads 2 --json",
		stdout: `\{"model":"built-in model","name":"llama","family":"llama","cpu":.*"threads":2,.*"parallel":2,"reps":2,"points":\[\{"depth":0,"decode":\{"tokens":2,.*"peak_type":"int8"\}\]\}` + "\n"},
	{args: "bench -p 0 -n 0", code: 2, stderr: "linnet: bench: speed of 0 prompt tokens and 0 generated ones: .*\n"},
	{args: "bench -d 5,1", code: 2, stderr: "linnet: bench: depths \\[5 1\\]: .*\n"},
	{args: "bench -d x", code: 2, stderr: "linnet: .*\"x\".*\n"},
	{args: "bench -q --ctx 10 -d 8", code: 1, stdout: "CPU .*", stderr: "linnet: built-in model: .*room for 10\n"},
	{args: "bench tokenizer", code: 2, stderr: "linnet: bench: no benchmark \"tokenizer\" \\(there is kernels\\)\n"},
	{args: "bench -m absent.gguf", code: 1, stderr: "linnet: absent.gguf: no such file.*\n"},
	{args: "bench kernels --kind q9", code: 2, stderr: "linnet: --kind q9: there are \\[F32 .* Int8\\] and, of the cache, \\[f16 f32 q8_0\\]\n"},
	{args: "bench kernels --level ref,mmx", code: 1, stderr: "linnet: level \"mmx\": this CPU has ref.*\n"},
	{args: "bench kernels --kind Q8_0 --level ref --json", stdout: `\{"op":"read","size":"memory","level":"","seconds":\S+,"bytes_per_second":\S+\}
\{"op":"peak","kind":"int8","size":"registers","level":"ref","seconds":\S+,"macs_per_second":\S+\}
.*\{"op":"dot","kind":"Q8_0","size":"memory","level":"ref",.*
.*\{"op":"mul","kind":"Q8_0","size":"128 tokens","level":"ref",.*\}
`},
}

func TestBench(t *testing.T) {
	for _, c := range benchInvocations {
		t.Run(c.args, func(t *testing.T) {
			r := run(t, command(words(c.args)...), "")
			if r.code != c.code {
				t.Errorf("exit %d, want %d", r.code, c.code)
			}
			match(t, "stdout", r.stdout, c.stdout)
			match(t, "stderr", r.stderr, c.stderr)
		})
	}
}

// TestBenchPlot draws what was measured: valid XML with a line for each speed.
func TestBenchPlot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "speed.svg")
	out := ok(t, "", "bench", "--reps", "1", "-p", "4", "-n", "2", "-d", "0,8,16", "--plot", path, "--json")
	var r benchReport
	if err := json.Unmarshal([]byte(out), &r); err != nil || len(r.Points) != 3 || r.Points[2].Prefill.Tokens != 4 {
		t.Fatalf("%v: %s", err, out)
	}
	svg, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(bytes.NewReader(svg))
	for err == nil {
		_, err = d.Token()
	}
	if !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	for _, text := range []string{"prefill, tokens/s", "decode, tokens/s", "tokens in the context", "1 sequence"} {
		if !strings.Contains(string(svg), text) {
			t.Errorf("the picture lacks %q", text)
		}
	}
	r.Points = []eval.Point{{Depth: 3, Decode: &eval.Decode{Rate: eval.Range{Median: 2, Min: 1, Max: 3}}}}
	var one bytes.Buffer
	if err := r.draw(&one); err != nil || strings.Contains(one.String(), "prefill") || !strings.Contains(one.String(), "decode") {
		t.Errorf("decode alone: %v", err)
	}
}

func TestKernelTable(t *testing.T) {
	table := kernelTable{columns: []string{"ref", "avx2", "vek"}}
	var b bytes.Buffer
	for _, s := range []kernelSpeed{
		{Op: "read", Size: "memory", Bytes: 15e9},
		{Op: "dot", Kind: "F32", Size: "L2", Level: "ref", Bytes: 1e9, MACs: 3e9},
		{Op: "dot", Kind: "F32", Size: "L2", Level: "vek", Bytes: 20e9},
		{Op: "mul", Kind: "F32", Size: "4 tokens", Level: "avx2", Bytes: 1, MACs: 56.78e9},
	} {
		if err := table.add(&b, s); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(table.flush(&b), table.flush(&b)); err != nil {
		t.Fatal(err)
	}
	const want = `operation  kind   size                             ref     avx2      vek
read              memory               GB/s         15
dot        F32    L2                   GB/s          1                20
mul        F32    4 tokens             GMAC/s             56.78
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

// TestVek does the work of vek's cases once.
func TestVek(t *testing.T) {
	found := 0
	for _, c := range []kernels.Case{{Op: "sum"}, {Op: "add"}, {Op: "dot", Kind: "F32", Size: "L2", Bytes: 1 << 20}, {Op: "dot", Kind: "Q4_0"}, {Op: "mul", Kind: "F32"}} {
		if v, ok := vekCase(&c); ok {
			found++
			v.Run()
			v.Run()
			if v.Level != "vek" || v.Op != c.Op {
				t.Errorf("case %+v of %+v", v, c)
			}
		}
	}
	if want := map[bool]int{true: 3}[haveVek]; found != want {
		t.Errorf("%d cases, want %d", found, want)
	}
}
