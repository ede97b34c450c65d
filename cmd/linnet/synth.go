package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/linnet-go/linnet/loader/gguf"
	"github.com/linnet-go/linnet/quant"
)

// synth are the flags of linnet synth.
type synth struct {
	*app
	shape, typ, output, vocab string
	seed                      uint64
}

func (a *app) synthCommand() *cobra.Command {
	s := &synth{app: a}
	cmd := &cobra.Command{
		Use:   "synth --shape NAME --type TYPE -o FILE",
		Short: "write a model of random weights in the shape of a published one",
		Long: `Writes a GGUF file with the shape of a published model and random weights: for benchmarks and tests, where it works like the real one
and says nothing. All matrices have one type; where its blocks do not fit a row, a type with smaller blocks stands in and is named.

Shapes: ` + strings.Join(shapeNames(), ", ") + `.
Types: ` + strings.Join(typeNames(), ", ") + `.`,
		Example: `  linnet synth --shape tinyllama-1.1b --type Q4_0 -o tiny.gguf
  linnet synth --shape qwen3-0.6b --type Q4_K --vocab qwen3.gguf -o q.gguf`,
		Args: atMost(0, "none"),
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&s.shape, "shape", "", "`NAME` of the shape")
	f.StringVar(&s.typ, "type", "", "weight `TYPE` of the matrices")
	f.StringVarP(&s.output, "output", "o", "", "write to `FILE`")
	f.StringVar(&s.vocab, "vocab", "", "copy the tokenizer of this GGUF `FILE` (default: one that knows single bytes)")
	f.Uint64Var(&s.seed, "seed", 1, "`N` that the weights follow from")
	return cmd
}

func shapeNames() []string {
	var names []string
	for _, s := range synthShapes {
		names = append(names, s.name)
	}
	return names
}

// typeNames are the weight types by their numbers.
func typeNames() []string {
	var names []string
	for t := quant.Type(0); t < 64; t++ {
		if scaleSetters[t] != nil {
			names = append(names, t.String())
		}
	}
	return names
}

func typeNamed(name string) (quant.Type, error) {
	for t := range scaleSetters {
		if strings.EqualFold(t.String(), name) {
			return t, nil
		}
	}
	return 0, fmt.Errorf("no type %q: there are %s", name, strings.Join(typeNames(), ", "))
}

// synthesized is what linnet synth --json tells.
type synthesized struct {
	File    string            `json:"file"`
	Bytes   int64             `json:"bytes"`
	Shape   string            `json:"shape"`
	Type    string            `json:"type"`
	Seed    uint64            `json:"seed"`
	Instead map[string]string `json:"instead,omitempty"` // of the type, by row length
	Seconds float64           `json:"seconds"`
}

func (s *synth) run(ctx context.Context) error {
	for _, f := range [][2]string{{"shape", s.shape}, {"type", s.typ}, {"output", s.output}} {
		if f[1] == "" {
			return usagef("synth: --%s is missing", f[0])
		}
	}
	shape, err := shapeNamed(s.shape)
	if err != nil {
		return usagef("--shape: %w", err)
	}
	typ, err := typeNamed(s.typ)
	if err != nil {
		return usagef("--type: %w", err)
	}
	return s.write(ctx, shape, typ)
}

// write writes the file.
func (s *synth) write(ctx context.Context, shape *synthShape, typ quant.Type) error {
	start := time.Now()
	p := &synthPlan{shape: shape, typ: typ, vocab: s.vocab, seed: s.seed}
	if err := p.prepare(); err != nil {
		return err
	}
	for _, cols := range slices.Sorted(maps.Keys(p.instead)) {
		s.notef("%v in place of %v where rows have %d values", p.instead[cols], typ, cols)
	}
	var size int64
	bar := s.counting("writing", p.bytes)
	p.wrote = func(n int) error {
		_ = bar.Add(n) // a terminal that is gone
		return ctx.Err()
	}
	err := writeFile(s.output, func(w io.Writer) (err error) {
		size, err = p.WriteTo(w)
		return err
	})
	_ = bar.Close()
	if err != nil {
		return err
	}
	if s.json {
		r := synthesized{File: s.output, Bytes: size, Shape: shape.name, Type: typ.String(), Seed: s.seed, Instead: map[string]string{}, Seconds: time.Since(start).Seconds()}
		for cols, t := range p.instead {
			r.Instead[fmt.Sprint(cols)] = t.String()
		}
		return s.writeJSON(r)
	}
	s.notef("%s: %s in %.1f s", s.output, bytesText(size), time.Since(start).Seconds())
	return nil
}

// counting shows on a terminal how many of the bytes have been written.
func (a *app) counting(what string, bytes int64) *progressbar.ProgressBar {
	if a.quiet || !isTerminal(a.err) {
		return progressbar.DefaultBytesSilent(bytes)
	}
	return progressbar.NewOptions64(bytes, progressbar.OptionSetWriter(a.err), progressbar.OptionSetDescription(what), progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
}

// synthPlan is a model to be written.
type synthPlan struct {
	shape *synthShape
	typ   quant.Type
	vocab string // a file, or none
	seed  uint64

	gguf.Writer
	bytes   int64              // of all tensors
	wrote   func(n int) error  // is told of bytes of tensors, and may end the writing
	buf     []byte             // what is written at a time
	instead map[int]quant.Type // types that stand in, by row length
}

// prepare fills the Writer.
func (p *synthPlan) prepare() error {
	p.shape.setKeys(&p.Writer)
	set := func() error { return copyVocab(&p.Writer, p.vocab, p.shape.vocab) }
	if p.vocab == "" {
		set = func() error { return setBytesVocab(&p.Writer, p.shape.vocab) }
	}
	if err := set(); err != nil {
		return err
	}
	p.instead, p.buf = map[int]quant.Type{}, make([]byte, 1<<20)
	list, err := p.shape.tensors(func(cols int) (quant.Type, error) {
		t, err := typeFor(p.typ, cols)
		if t != p.typ {
			p.instead[cols] = t
		}
		return t, err
	})
	if err != nil {
		return err
	}
	for i, t := range list {
		n := 1
		for _, d := range t.dims {
			n *= d
		}
		p.bytes += int64(t.typ.RowBytes(t.dims[0]) * (n / t.dims[0]))
		p.Add(gguf.Source{Name: t.name, Type: t.typ, Dims: t.dims, Write: func(w io.Writer) error {
			return t.writeTo(watched{w, p.wrote}, n, newRandomWeights(&t, p.seed, i, p.buf))
		}})
	}
	return nil
}

// watched is a writer that tells what it has written.
type watched struct {
	io.Writer
	wrote func(n int) error
}

func (w watched) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	if err == nil {
		err = w.wrote(n)
	}
	return n, err
}

// writeTo writes the n values of the tensor.
func (t *synthTensor) writeTo(w io.Writer, n int, random *randomWeights) error {
	if t.values != nil {
		return binary.Write(w, binary.LittleEndian, t.values)
	}
	if len(t.dims) > 1 {
		return random.writeTo(w, n)
	}
	b := random.buf[:4*n]
	random.fill(b)
	for x := b; len(x) > 0; x = x[4:] {
		v := math.Float32frombits(binary.LittleEndian.Uint32(x))
		binary.LittleEndian.PutUint32(x, math.Float32bits(v+t.mean))
	}
	_, err := w.Write(b)
	return err
}
