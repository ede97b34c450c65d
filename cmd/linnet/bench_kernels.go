package main

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/linnet-go/linnet/kernels"
)

// benchKernels are the flags of linnet bench kernels.
type benchKernels struct {
	*app
	kinds []string
}

const (
	kernelMemory = 256 << 20             // bytes that are read in turn where weights come from memory
	kernelTime   = 50 * time.Millisecond // for one kernel at one level
)

func (a *app) benchKernelsCommand() *cobra.Command {
	b := &benchKernels{app: a}
	cmd := &cobra.Command{
		Use:   "kernels",
		Short: "measure single kernels at every level on one core",
		Long: `Measures every operation at every level on one core: products with one token (dot, in GB of packed weights a second) and with more (mul, in
GMAC a second), work on rows, attention. Beside them stand what the machine can do (peak: multiply-adds on registers alone; read: plain reads
of memory) and, where it has the same operation, the library vek.`,
		Example: `  linnet bench kernels --kind Q4_0,Q4_K
  linnet bench kernels --level ref,avx2 --json`,
		Args: atMost(0, "none"),
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	cmd.Flags().StringSliceVar(&b.kinds, "kind", nil, "only these `KINDS` of weights or cache (between commas)")
	return cmd
}

// kernelSpeed is a line of linnet bench kernels --json.
type kernelSpeed struct {
	Op      string  `json:"op"`
	Kind    string  `json:"kind,omitempty"`
	Size    string  `json:"size"`
	Level   string  `json:"level"` // or "vek", or "" where levels do not differ
	Seconds float64 `json:"seconds"`
	Bytes   float64 `json:"bytes_per_second,omitempty"`
	MACs    float64 `json:"macs_per_second,omitempty"`
}

func (b *benchKernels) run(ctx context.Context) error {
	levels, err := b.levels()
	if err != nil {
		return err
	}
	memory, err := kernels.Alloc(kernelMemory)
	if err != nil {
		return err
	}
	defer kernels.Free(memory)
	for i := 0; i < len(memory); i += 4096 { // pages that were never written are one and the same
		memory[i] = 1
	}
	work, err := b.work(levels, memory)
	if err != nil {
		return err
	}
	var table kernelTable
	for _, l := range levels {
		table.columns = append(table.columns, l.Name)
	}
	if haveVek {
		table.columns = append(table.columns, "vek")
	}
	done := b.waiting("measuring")
	defer func() { done() }()
	for c := range work {
		if err := ctx.Err(); err != nil {
			return err
		}
		s := speedOf(&c)
		done()
		if b.json {
			err = b.writeJSON(s)
		} else {
			err = table.add(b.out, s)
		}
		if err != nil {
			return err
		}
		done = b.waiting("measuring")
	}
	done()
	return table.flush(b.out)
}

// levels are those of --level, between commas, or all.
func (b *benchKernels) levels() ([]*kernels.Level, error) {
	if b.level == "" {
		return kernels.Levels(), nil
	}
	var list []*kernels.Level
	for name := range strings.SplitSeq(b.level, ",") {
		l, err := kernels.ByName(name)
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

// wanted says whether --kind asks for a kind.
func (b *benchKernels) wanted(kind string) bool {
	for _, k := range b.kinds {
		if strings.EqualFold(k, kind) {
			return true
		}
	}
	return len(b.kinds) == 0
}

// work yields all cases, those of an operation one after the other.
func (b *benchKernels) work(levels []*kernels.Level, memory []byte) (iter.Seq[kernels.Case], error) {
	var parts []iter.Seq[kernels.Case]
	for _, k := range kernels.Kinds() {
		if b.wanted(k.String()) {
			parts = append(parts, kernels.Products(k, levels, memory))
		}
	}
	for _, t := range kernels.CacheTypes() {
		if b.wanted(t.String()) {
			parts = append(parts, kernels.Attention(t, levels))
		}
	}
	if len(parts) == 0 {
		return nil, usagef("--kind %s: there are %v and, of the cache, %v", strings.Join(b.kinds, ","), kernels.Kinds(), kernels.CacheTypes())
	}
	if len(b.kinds) == 0 {
		parts = append(parts, kernels.Rows(levels))
	}
	return func(yield func(kernels.Case) bool) {
		for _, part := range append([]iter.Seq[kernels.Case]{limits(levels, memory)}, parts...) {
			for c := range part {
				if !yield(c) {
					return
				}
				if v, ok := vekCase(&c); ok && c.Level == levels[len(levels)-1].Name && !yield(v) {
					return
				}
			}
		}
	}, nil
}

// limits yields what the machine can do at most.
func limits(levels []*kernels.Level, memory []byte) iter.Seq[kernels.Case] {
	return func(yield func(kernels.Case) bool) {
		var sum uint64
		if !yield(kernels.Case{Op: "read", Size: "memory", Bytes: len(memory), Run: func() { sum += kernels.Read(memory) }}) {
			return
		}
		for _, l := range levels {
			if !yield(kernels.Case{Level: l.Name, Op: "peak", Kind: "int8", Size: "registers", MACs: l.PeakInt8(), Run: func() { l.PeakInt8() }}) {
				return
			}
		}
		for _, l := range levels {
			if !yield(kernels.Case{Level: l.Name, Op: "peak", Kind: "f32", Size: "registers", MACs: l.PeakFloat(), Run: func() { l.PeakFloat() }}) {
				return
			}
		}
	}
}

func speedOf(c *kernels.Case) kernelSpeed {
	s := c.Seconds(kernelTime)
	return kernelSpeed{Op: c.Op, Kind: c.Kind, Size: c.Size, Level: c.Level, Seconds: s, Bytes: float64(c.Bytes) / s, MACs: float64(c.MACs) / s}
}
