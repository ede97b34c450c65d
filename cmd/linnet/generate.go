package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/linnet-go/linnet/engine"
)

// generate are the flags of linnet generate.
type generate struct {
	*app
	input     input
	sampling  sampling
	prompt    string
	tokens    int
	stops     []string
	ignoreEOS bool
	noEcho    bool
}

func (a *app) generateCommand() *cobra.Command {
	g := &generate{app: a, input: input{trim: true}}
	cmd := &cobra.Command{
		Use:   "generate [PROMPT]",
		Short: "go on with a text",
		Long: `Writes the prompt and goes on with it, as the tokens come. The prompt is the argument, or --prompt, or a file, or standard input; one
line break at the end of a file or of standard input is no part of it.

Unless told otherwise a token is drawn at temperature 0.8 from the 40 likeliest that make up 95 % (see --mode).`,
		Example: `  linnet generate "Once upon a time"
  linnet generate --mode greedy -n 60 "The little dog"
  echo "Once upon a time" | linnet generate --temp 1.2 --seed 7 --stop "The end"`,
		Args: atMost(1, "one prompt: put it in quotes"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("prompt") {
				args = append(args, g.prompt)
			}
			if len(args) > 1 {
				return usagef("generate: got a prompt and --prompt, takes one")
			}
			return g.run(cmd, args)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&g.prompt, "prompt", "p", "", "the prompt `TEXT`, instead of an argument")
	g.input.addFlag(cmd)
	f.IntVarP(&g.tokens, "tokens", "n", 256, "end after `N` tokens; -1: when the model ends its text, or the context is full")
	g.sampling.addFlags(f)
	f.StringArrayVar(&g.stops, "stop", nil, "end where this `TEXT` comes up, and leave it out (repeatable)")
	f.BoolVar(&g.ignoreEOS, "ignore-eos", false, "never draw the tokens that end a text")
	f.BoolVar(&g.noEcho, "no-echo", false, "write the continuation without the prompt")
	return cmd
}

func (g *generate) options() ([]engine.GenerateOption, error) {
	sampling, err := g.sampling.options()
	if err != nil {
		return nil, err
	}
	opts := []engine.GenerateOption{engine.Stop(g.stops...)}
	for _, s := range sampling {
		opts = append(opts, s)
	}
	switch {
	case g.tokens > 0:
		opts = append(opts, engine.MaxTokens(g.tokens))
	case g.tokens != -1:
		return nil, usagef("--tokens %d: need 1 or more, or -1", g.tokens)
	}
	for _, s := range g.stops {
		if s == "" {
			return nil, usagef("--stop: needs a text")
		}
	}
	if g.ignoreEOS {
		opts = append(opts, engine.IgnoreEOG())
	}
	return opts, nil
}

func (g *generate) run(cmd *cobra.Command, args []string) error {
	opts, err := g.options()
	if err != nil {
		return err
	}
	prompt, err := g.input.text(g.app, cmd, args)
	if err != nil {
		return err
	}
	m, err := g.open()
	if err != nil {
		return err
	}
	defer m.Close()
	s := m.NewSession()
	if g.json {
		return g.runJSON(cmd.Context(), s, prompt, opts)
	}
	return g.stream(cmd.Context(), s, prompt, opts)
}

// stream writes text as it comes, and a line break at its end.
func (g *generate) stream(ctx context.Context, s *engine.Session, prompt string, opts []engine.GenerateOption) error {
	last := ""
	write := func(text string) error {
		if text != "" {
			last = text
		}
		_, err := io.WriteString(g.out, text)
		return err
	}
	done := g.waiting("reading the prompt")
	begin := sync.OnceValue(func() error {
		done()
		if g.noEcho {
			return nil
		}
		return write(prompt)
	})
	if !g.shows() { // progress stands on the line that the prompt would begin, so there the prompt comes after it
		if err := begin(); err != nil {
			return err
		}
	}
	var failed error
	for t, err := range s.Generate(ctx, prompt, opts...) {
		if err := begin(); err != nil {
			return err
		}
		if err != nil {
			failed = g.named(err)
		} else if err := write(t.Text); err != nil {
			return err
		}
	}
	if err := begin(); err != nil {
		return err
	}
	if !strings.HasSuffix(last, "\n") {
		if err := write("\n"); err != nil {
			return err
		}
	}
	g.tellStats(s.Stats())
	return failed
}

// generated is what linnet generate --json writes, also when the generation was interrupted.
type generated struct {
	Prompt string `json:"prompt"`
	textJSON
	IDs             []int32       `json:"ids"`
	PromptTokens    int           `json:"prompt_tokens"`
	Reason          engine.Reason `json:"reason"` // why it ended
	Seed            uint64        `json:"seed"`
	PromptSeconds   float64       `json:"prompt_seconds"`
	GenerateSeconds float64       `json:"generate_seconds"`
}

func (g *generate) runJSON(ctx context.Context, s *engine.Session, prompt string, opts []engine.GenerateOption) error {
	done := g.waiting("reading the prompt")
	var text strings.Builder
	ids := []int32{}
	var failed error
	for t, err := range s.Generate(ctx, prompt, opts...) {
		done()
		if err != nil {
			failed = g.named(err)
			break
		}
		text.WriteString(t.Text)
		if t.ID >= 0 {
			ids = append(ids, t.ID)
		}
	}
	done()
	stats := s.Stats()
	g.tellStats(stats)
	if failed != nil && stats.Reason != engine.Cancelled {
		return failed
	}
	return errors.Join(failed, g.writeJSON(generated{
		Prompt: prompt, textJSON: newTextJSON(text.String()), IDs: ids, PromptTokens: stats.Prompt, Reason: stats.Reason, Seed: g.sampling.seed,
		PromptSeconds: stats.PromptTime.Seconds(), GenerateSeconds: stats.GenerateTime.Seconds(),
	}))
}

func (g *generate) tellStats(s engine.Stats) {
	g.tellPrompt(s)
	g.verbosef("generated: %d tokens in %.3g s (%s), ended by %s; seed %d", s.Generated, s.GenerateTime.Seconds(), rate(s.Generated, s.GenerateTime),
		s.Reason, g.sampling.seed)
}

// tellPrompt tells on standard error how a prompt went, if that was asked for.
func (a *app) tellPrompt(s engine.Stats) {
	a.verbosef("prompt: %d tokens, %d of them cached, in %.3g s (%s)", s.Prompt, s.Reused, s.PromptTime.Seconds(), rate(s.Prompt-s.Reused, s.PromptTime))
}

// rate writes tokens a second.
func rate(n int, d time.Duration) string {
	if d <= 0 {
		return "no time"
	}
	return fmt.Sprintf("%.1f tokens a second", float64(n)/d.Seconds())
}
