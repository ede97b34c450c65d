package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/linnet-go/linnet/cmd/internal/tiny"
	"github.com/linnet-go/linnet/engine"
	"github.com/linnet-go/linnet/engine/token"
	"github.com/linnet-go/linnet/loader"
	"github.com/linnet-go/linnet/loader/gguf"
	"github.com/linnet-go/linnet/quant"
)

// tinyShape is a shape that is quickly written. Its rows of 64 values are no whole blocks of the K types, those of 256 are.
var tinyShape = synthShape{
	name: "tiny", arch: "llama", dim: 64, ffn: 256, layers: 2, heads: 4, kvHeads: 2, headDim: 16, vocab: 520, context: 128, ropeBase: 1e4, eps: 1e-5,
}

// TestRandomWeights makes blocks of every type that can be read.
func TestRandomWeights(t *testing.T) {
	buf := make([]byte, 1<<20)
	for typ := quant.Type(0); typ < 1000; typ++ {
		info, ok := typ.Info()
		if !ok {
			continue
		}
		if scaleSetters[typ] == nil {
			t.Errorf("%v: no random blocks", typ)
			continue
		}
		const n = 256 * 256
		tensor := &synthTensor{typ: typ, dims: []int{2048, n / 2048}}
		made := func(seed uint64, place int) []byte {
			var b bytes.Buffer
			if err := newRandomWeights(tensor, seed, place, buf).writeTo(&b, n); err != nil {
				t.Fatal(err)
			}
			return b.Bytes()
		}
		b := made(1, 2)
		if !bytes.Equal(b, made(1, 2)) || bytes.Equal(b, made(2, 2)) || bytes.Equal(b, made(1, 3)) {
			t.Errorf("%v: blocks do not follow from seed and place alone", typ)
		}
		values := make([]float32, n)
		info.Dequantize(values, b)
		var sum, squares float64
		for _, v := range values {
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
		mean, deviation := sum/n, math.Sqrt(squares/n)
		// Sub-scales of 6 and 8 bits and scales that are normal numbers make the least deviation that some types can have. The two bits of Q2_0
		// and TQ2_0 stand for -1 to 2.
		if want := tensor.deviation(); !(deviation > want/2 && deviation < 8*want) || math.Abs(mean) > deviation/2 {
			t.Errorf("%v: deviation %.3g, mean %.3g, want about %.3g and 0", typ, deviation, mean, want)
		}
	}
}

// TestShapeSizes compares the numbers of parameters with the published ones.
func TestShapeSizes(t *testing.T) {
	const moe, ends = 30532122624, 2*151936*2048 + 2048 // of 48 layers; what is no layer
	want := map[string]int{
		"tinyllama-1.1b": 1100048384, "llama-3.2-1b": 1235814400 + 32, "llama-3-8b": 8030261248, "qwen2.5-0.5b": 494032768, "qwen3-0.6b": 596049920,
		"smollm2-135m": 134515008, "qwen3-30b-a3b-like": (moe-ends)/48*8 + ends,
	}
	for _, s := range synthShapes {
		list, err := s.tensors(func(int) (quant.Type, error) { return quant.F16, nil })
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for _, tensor := range list {
			n := 1
			for _, d := range tensor.dims {
				n *= d
			}
			sum += n
		}
		if sum != want[s.name] {
			t.Errorf("%s: %d parameters, want %d", s.name, sum, want[s.name])
		}
		for typ := range scaleSetters {
			if _, err := s.tensors(func(cols int) (quant.Type, error) { return typeFor(typ, cols) }); err != nil {
				t.Errorf("%s in %v: %v", s.name, typ, err)
			}
		}
	}
}

func TestTypeFor(t *testing.T) {
	for _, c := range []struct {
		typ  quant.Type
		cols int
		want quant.Type
	}{
		{quant.Q4_K, 512, quant.Q4_K}, {quant.Q4_K, 896, quant.Q5_0}, {quant.Q5_K, 896, quant.Q5_1}, {quant.Q6_K, 576, quant.Q8_0},
		{quant.Q2_K, 576, quant.IQ4_NL}, {quant.Q3_K, 576, quant.IQ4_NL}, {quant.IQ4_XS, 576, quant.IQ4_NL}, {quant.Q4_0, 576, quant.Q4_0},
		{quant.F32, 7, quant.F32},
	} {
		if got, err := typeFor(c.typ, c.cols); got != c.want || err != nil {
			t.Errorf("%v in rows of %d: %v, %v, want %v", c.typ, c.cols, got, err, c.want)
		}
	}
	for _, c := range []struct {
		typ  quant.Type
		cols int
		want string
	}{{quant.Q4_0, 40, "Q4_0 needs rows of a multiple of 32 values, got 40"}, {quant.Q4_K, 40, "Q4_K needs rows of a multiple of 256 values, got 40"}} {
		if _, err := typeFor(c.typ, c.cols); err == nil || err.Error() != c.want {
			t.Errorf("%v in rows of %d: %v, want %s", c.typ, c.cols, err, c.want)
		}
	}
}

// TestDivisors checks the ends of Llama 3.2's divisors and one between, whose wave fits 8192/(2π)·500000^(-15/32) = 2.8 times.
func TestDivisors(t *testing.T) {
	s, err := shapeNamed("llama-3.2-1b")
	if err != nil {
		t.Fatal(err)
	}
	d := s.divisors()
	waves := 8192 / (2 * math.Pi) * math.Pow(5e5, -15./32)
	between := 1 / ((4-waves)/3/32 + (waves-1)/3)
	if len(d) != 32 || d[0] != 1 || d[13] != 1 || d[31] != 32 || !slices.IsSorted(d) || math.Abs(float64(d[15])-between) > 1e-5 {
		t.Errorf("got %v, want 1 ... %v ... 32", d, between)
	}
}

// synthesize returns a file of the tiny shape.
func synthesize(t *testing.T, typ quant.Type, vocab string) []byte {
	t.Helper()
	p := &synthPlan{shape: &tinyShape, typ: typ, vocab: vocab, seed: 1, wrote: func(int) error { return nil }}
	if err := p.prepare(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSynthRuns runs a model of each type.
func TestSynthRuns(t *testing.T) {
	for typ := range scaleSetters {
		m, err := engine.OpenBytes(synthesize(t, typ, ""))
		if err != nil {
			t.Errorf("%v: %v", typ, err)
			continue
		}
		dist, err := m.NewSession().Next(context.Background(), "Hello, wörld")
		if err != nil || len(dist) != tinyShape.vocab || dist[0].P > 0.9 {
			t.Errorf("%v: %d tokens, %v", typ, len(dist), err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSynthShapes reads back what is written of the parts that the tiny shape lacks.
func TestSynthShapes(t *testing.T) {
	for _, c := range []struct {
		change func(s *synthShape)
		want   string // tensors of layer 0 and beyond the layers, in order
		keys   string
	}{
		{func(s *synthShape) {}, "token_embd attn_norm attn_q attn_k attn_v attn_output ffn_norm ffn_gate ffn_up ffn_down output_norm output", "llama.rope.freq_base=10000"},
		{
			func(s *synthShape) { s.arch, s.tied, s.biases = "qwen2", true, true },
			"token_embd attn_norm attn_q attn_q.bias attn_k attn_k.bias attn_v attn_v.bias attn_output ffn_norm ffn_gate ffn_up ffn_down output_norm", "qwen2.attention.head_count_kv=2",
		},
		{
			func(s *synthShape) {
				s.arch, s.headNorms, s.experts, s.usedExperts, s.expertWidth, s.stretch = "qwen3moe", true, 4, 2, 32, 32
			},
			"token_embd rope_freqs attn_norm attn_q attn_q_norm attn_k attn_k_norm attn_v attn_output ffn_norm ffn_gate_inp ffn_gate_exps ffn_up_exps ffn_down_exps output_norm output",
			"qwen3moe.expert_used_count=2",
		},
	} {
		s := tinyShape
		s.layers = 1
		c.change(&s)
		p := &synthPlan{shape: &s, typ: quant.Q8_0, wrote: func(int) error { return nil }}
		var b bytes.Buffer
		if err := p.prepare(); err != nil {
			t.Fatal(err)
		}
		if _, err := p.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		f, err := gguf.ParseBytes(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, tensor := range f.Tensors {
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(tensor.Name, "blk.0."), ".weight"))
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("tensors %s, want %s", got, c.want)
		}
		key, want, _ := strings.Cut(c.keys, "=")
		if v, _, err := f.Value(key); fmt.Sprint(v) != want || err != nil {
			t.Errorf("key %s: %v, %v, want %s", key, v, err, want)
		}
	}
}

// TestCopiedVocab copies the tokenizer of the built-in model, which has fewer tokens than the shape.
func TestCopiedVocab(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vocab.gguf")
	if err := os.WriteFile(path, tiny.Model, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := loader.OpenBytes(synthesize(t, quant.Q4_0, path))
	if err != nil {
		t.Fatal(err)
	}
	tok, err := engine.NewTokenizer(f)
	if err != nil {
		t.Fatal(err)
	}
	from, err := loader.OpenBytes(tiny.Model)
	if err != nil {
		t.Fatal(err)
	}
	want, err := engine.NewTokenizer(from)
	if err != nil {
		t.Fatal(err)
	}
	const text = "Once upon a time, there was a wörm."
	opts := token.Options{AddSpecial: true}
	if got, want := tok.Encode(text, opts), want.Encode(text, opts); !slices.Equal(got, want) {
		t.Errorf("ids %v, want %v", got, want)
	}
	if tok.Len() != tinyShape.vocab || tok.BOS() != want.BOS() || tok.EOS() != want.EOS() {
		t.Errorf("%d tokens, BOS %d, EOS %d", tok.Len(), tok.BOS(), tok.EOS())
	}
	if texts, _ := f.Meta("tokenizer.ggml.tokens"); texts.([]string)[519] != "[PAD519]" {
		t.Errorf("the last token is %q", texts.([]string)[519])
	}
	small := tinyShape
	small.vocab = 300
	if err := (&synthPlan{shape: &small, typ: quant.Q4_0, vocab: path}).prepare(); err == nil || !strings.Contains(err.Error(), "vocab.gguf: 512 tokens, the shape has room for 300") {
		t.Errorf("more tokens than rows: %v", err)
	}
}

// TestNarrow gives values back the types of the format that a reader widened.
func TestNarrow(t *testing.T) {
	for _, c := range []struct{ in, want any }{
		{uint64(7), uint32(7)}, {uint64(math.MaxUint64), uint32(math.MaxUint32)}, {int64(-1), int32(-1)}, {0.5, float32(0.5)}, {true, true}, {"a", "a"},
		{[]uint64{1}, []int32{1}}, {[]int64{-1}, []int32{-1}}, {[]float64{1}, []float32{1}}, {[]string{"a"}, []string{"a"}},
	} {
		if got := narrow(c.in); fmt.Sprintf("%T%v", got, got) != fmt.Sprintf("%T%v", c.want, c.want) {
			t.Errorf("%v: got %T %v, want %T", c.in, got, got, c.want)
		}
	}
	for _, in := range []any{[]uint64{255, 0}, []int64{-1, 0}} {
		if got, ok := byteArray(in).([]uint8); !ok || !slices.Equal(got, []uint8{255, 0}) {
			t.Errorf("%v: got %v", in, got)
		}
	}
}

// TestSynthWrites writes files as the command does.
func TestSynthWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	var out, notes bytes.Buffer
	s := &synth{app: &app{out: &out, err: &notes}, output: path, seed: 3}
	if err := s.write(context.Background(), &tinyShape, quant.Q4_K); err != nil {
		t.Fatal(err)
	}
	match(t, "notes", notes.String(), `linnet: Q5_0 in place of Q4_K where rows have 64 values\nlinnet: .*tiny.gguf: \S+ KB in \S+ s\n`)
	s.json, s.quiet = true, true
	if err := s.write(context.Background(), &tinyShape, quant.Q4_K); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	match(t, "JSON", out.String(), fmt.Sprintf(`\{"file":".*","bytes":%d,"shape":"tiny","type":"Q4_K","seed":3,"instead":\{"64":"Q5_0"\},"seconds":\S+\}`+"\n", info.Size()))

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.output = filepath.Join(filepath.Dir(path), "other.gguf")
	if err := s.write(ctx, &tinyShape, quant.Q4_K); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	w := watched{io.Discard, func(n int) error { return fmt.Errorf("%d bytes", n) }}
	if n, err := w.Write(make([]byte, 5)); n != 5 || err == nil || err.Error() != "5 bytes" {
		t.Errorf("%d, %v", n, err)
	}
}

func TestSynthFlags(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"synth", "linnet: synth: --shape is missing\n"},
		{"synth --shape tinyllama-1.1b --type q4_0", "linnet: synth: --output is missing\n"},
		{"synth --shape llama --type Q4_0 -o x.gguf", `linnet: --shape: no shape "llama": there are tinyllama-1.1b, .*` + "\n"},
		{"synth --shape tinyllama-1.1b --type Q9 -o x.gguf", `linnet: --type: no type "Q9": there are F32, F16, .*` + "\n"},
	} {
		r := run(t, command(words(c.args)...), "")
		if r.code != exitUsage || r.stdout != "" {
			t.Errorf("%s: exit %d, %q", c.args, r.code, r.stdout)
		}
		match(t, c.args, r.stderr, c.want)
	}
}
