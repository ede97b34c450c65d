package main

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/linnet-go/linnet/cmd/internal/tiny"
	"github.com/linnet-go/linnet/engine"
	"github.com/linnet-go/linnet/kernels"
	"github.com/linnet-go/linnet/loader"
)

// addFlags adds the flags of all commands.
func (a *app) addFlags(f *pflag.FlagSet) {
	f.StringVarP(&a.model, "model", "m", os.Getenv("LINNET_MODEL"), "model `FILE` (GGUF; default: $LINNET_MODEL, or else the built-in model)")
	f.IntVar(&a.threads, "threads", 0, "`N` workers (default: the fast physical cores); changes no result")
	f.StringVar(&a.level, "level", "", "instruction-set level `NAME`, such as ref or avx2 (default: $LINNET_LEVEL, or else the best; see linnet cpu); changes no result")
	f.IntVar(&a.context, "ctx", 0, "let `N` tokens fit into the context (default: what the model was trained on, or what memory allows)")
	f.IntVar(&a.batch, "batch", 0, "let a step take `N` tokens of a prompt (default: by width, at most 512); changes no result")
	f.StringVar(&a.cache, "kv", "f16", "keep keys and values as `TYPE`: f16, f32 or q8_0")
	f.BoolVar(&a.json, "json", false, "write JSON")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no notes on standard error")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "tell times and settings on standard error")
}

// options are what the flags ask of engine.Open.
func (a *app) options() ([]engine.Option, error) {
	var opts []engine.Option
	for _, n := range []struct {
		flag   string
		value  int
		option func(int) engine.Option
	}{{"threads", a.threads, engine.Threads}, {"ctx", a.context, engine.Context}, {"batch", a.batch, engine.Batch}} {
		switch {
		case n.value < 0:
			return nil, usagef("--%s %d: need 1 or more", n.flag, n.value)
		case n.value > 0:
			opts = append(opts, n.option(n.value))
		}
	}
	if _, err := kernels.ParseCacheType(a.cache); err != nil {
		return nil, usagef("--kv: %w", err)
	}
	level, err := a.chosenLevel()
	if err != nil {
		return nil, err
	}
	return append(opts, engine.CacheType(a.cache), engine.Level(level.Name)), nil
}

// chosenLevel is the level that the flag names, or the environment, or else the best.
func (a *app) chosenLevel() (*kernels.Level, error) {
	if a.level != "" {
		return kernels.ByName(a.level)
	}
	return kernels.Default()
}

// open opens the model.
func (a *app) open() (*engine.Model, error) {
	opts, err := a.options()
	if err != nil {
		return nil, err
	}
	if a.model != "" {
		return engine.Open(a.model, opts...)
	}
	a.noteBuiltIn()
	return engine.OpenBytes(tiny.Model, opts...)
}

// openFile opens the model's file alone.
func (a *app) openFile() (*loader.Model, error) {
	if a.model != "" {
		return loader.Open(a.model)
	}
	a.noteBuiltIn()
	return loader.OpenBytes(tiny.Model)
}

// noteBuiltIn says once which model this is.
func (a *app) noteBuiltIn() {
	if !a.noted {
		a.notef("the built-in model (stories260K) is tiny and only writes children's stories; name another with --model FILE")
	}
	a.noted = true
}

// named puts the name of the model in front of an error that lacks it.
func (a *app) named(err error) error { return fmt.Errorf("%s: %w", a.name(), err) }

func (a *app) name() string {
	if a.model == "" {
		return "built-in model"
	}
	return a.model
}

// notef tells something on standard error.
func (a *app) notef(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.err, "linnet: "+format+"\n", args...)
	}
}

// verbosef tells something on standard error that was asked for by --verbose.
func (a *app) verbosef(format string, args ...any) {
	if a.verbose {
		fmt.Fprintf(a.err, "linnet: "+format+"\n", args...)
	}
}
