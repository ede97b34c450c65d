package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"

	"github.com/linnet-go/linnet/engine"
	"github.com/linnet-go/linnet/engine/eval"
)

// bench are the flags of linnet bench.
type bench struct {
	*app
	speed eval.Speed
	plot  string
}

func (a *app) benchCommand() *cobra.Command {
	b := &bench{app: a}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "measure the speed of a model beside the limits of this machine",
		Long: `Measures how many tokens a second the model reads (prefill) and writes (decode): the median of some repetitions, the least and the most.
In between, the same workers measure what the machine can do: read memory, and multiply on registers alone. Decode cannot be faster than
the packed weights can be read, prefill not faster than their multiply-adds.`,
		Example: `  linnet bench -m model.gguf --threads 2
  linnet bench -m model.gguf -p 0 -n 64 -d 0,1024,4096 --json
  linnet bench -m model.gguf --plot speed.svg`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usagef("bench: no benchmark %q (there is kernels)", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if b.plot != "" && !cmd.Flags().Changed("depth") {
				b.speed.Depths = []int{0, 256, 512, 1024, 2048, 4096}
			}
			return b.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.IntVarP(&b.speed.Prompt, "prompt", "p", 512, "read prompts of `N` tokens; 0: do not measure prefill")
	f.IntVarP(&b.speed.Generate, "tokens", "n", 128, "generate `N` tokens; 0: do not measure decode")
	f.IntSliceVarP(&b.speed.Depths, "depth", "d", []int{0}, "begin with `N` tokens in the context (several between commas, ascending)")
	f.IntVar(&b.speed.Parallel, "parallel", 1, "do it in `N` sequences at the same time")
	f.IntVar(&b.speed.Reps, "reps", 5, "measure `N` times")
	f.StringVar(&b.plot, "plot", "", "draw the speed over the depth to `FILE` (SVG)")
	cmd.AddCommand(a.benchKernelsCommand())
	return cmd
}

// benchReport is what linnet bench --json tells.
type benchReport struct {
	Model       string       `json:"model"`
	Name        string       `json:"name,omitempty"`
	Family      string       `json:"family"`
	CPU         string       `json:"cpu"`
	Level       string       `json:"level"`
	Threads     int          `json:"threads"`
	Cache       string       `json:"kv"`
	Batch       int          `json:"batch"`
	WeightBytes int64        `json:"weight_bytes"` // packed
	TokenBytes  int64        `json:"cache_bytes_per_token"`
	TokenMACs   int64        `json:"macs_per_token"` // of the layers
	Parallel    int          `json:"parallel"`
	Reps        int          `json:"reps"`
	Points      []eval.Point `json:"points"`
}

func (b *bench) run(ctx context.Context) error {
	if err := b.speed.Check(); err != nil {
		return usageError{fmt.Errorf("bench: %w", err)}
	}
	if b.context == 0 {
		b.context = b.speed.Context()
	}
	m, err := b.open()
	if err != nil {
		return err
	}
	defer m.Close()
	r := b.report(m.Info())
	if !b.json {
		if err := r.printHead(b.out); err != nil {
			return err
		}
	}
	done := b.waiting("packing and measuring")
	defer func() { done() }()
	for p, err := range b.speed.Measure(ctx, m) {
		done()
		if err != nil {
			return b.named(err)
		}
		r.Points = append(r.Points, p)
		if !b.json {
			if err := r.printPoint(b.out, p); err != nil {
				return err
			}
		}
		done = b.waiting("measuring")
	}
	done()
	if b.plot != "" {
		if err := writeFile(b.plot, r.draw); err != nil {
			return err
		}
	}
	if b.json {
		return b.writeJSON(r)
	}
	return nil
}

func (b *bench) report(i engine.Info) *benchReport {
	return &benchReport{
		Model: b.name(), Name: i.Name, Family: i.Family, CPU: strings.TrimSpace(cpuid.CPU.BrandName), Level: i.Level, Threads: i.Threads, Cache: i.CacheType,
		Batch: i.Batch, WeightBytes: i.WeightBytes, TokenBytes: i.CacheBytesPerToken, TokenMACs: eval.MACs(i),
		Parallel: b.speed.Parallel, Reps: b.speed.Reps, Points: []eval.Point{},
	}
}

func (r *benchReport) printHead(w io.Writer) error {
	_, err := fmt.Fprintf(w, `CPU      %s
model    %s: %s (%s)
weights  %s packed, %.4g GMAC a token in the layers
run      level %s, %s, KV cache %s, %s, median of %d

               depth  tokens/s       min - max  of the machine
`, orUnknown(r.CPU), r.Model, orUnknown(r.Name), r.Family, bytesText(r.WeightBytes), giga(float64(r.TokenMACs)),
		r.Level, many(r.Threads, "thread"), r.Cache, many(r.Parallel, "sequence"), r.Reps)
	return err
}

func (r *benchReport) printPoint(w io.Writer, p eval.Point) error {
	if p.Prefill != nil {
		if _, err := fmt.Fprintf(w, "%s  %.4g GMAC/s: %.3g of %.4g (%s)\n", speedText("prefill", p.Prefill.Tokens, p.Depth, p.Prefill.Rate),
			giga(p.Prefill.MACs), p.Prefill.Share, giga(p.Peak.Median), p.PeakType); err != nil {
			return err
		}
	}
	if p.Decode == nil {
		return nil
	}
	_, err := fmt.Fprintf(w, "%s  %.4g GB/s: %.3g of %.4g\n", speedText("decode", p.Decode.Tokens, p.Depth, p.Decode.Rate),
		giga(p.Decode.Bytes), p.Decode.Share, giga(p.Bandwidth.Median))
	return err
}

// speedText is the part of a line that prefill and decode share.
func speedText(what string, tokens, depth int, r eval.Range) string {
	return fmt.Sprintf("%-7s %6d %5d  %8.4g  %14s", what, tokens, depth, r.Median, fmt.Sprintf("%.4g - %.4g", r.Min, r.Max))
}

func giga(x float64) float64 { return x / 1e9 }

// many writes a number of things.
func many(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
