package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/linnet-go/linnet/engine"
	"github.com/linnet-go/linnet/engine/sample"
)

// next are the flags of linnet next.
type next struct {
	*app
	input    input
	sampling sampling
	top      int
}

// nextToken is a row of linnet next.
type nextToken struct {
	Rank int   `json:"rank"`
	ID   int32 `json:"id"`
	textJSON
	P     float64  `json:"p"` // of the model's own distribution
	Drawn *float64 `json:"p_drawn,omitempty"`
	Logit float32  `json:"logit"`

	piece string
}

func (a *app) nextCommand() *cobra.Command {
	n := &next{app: a, input: input{trim: true}}
	cmd := &cobra.Command{
		Use:   "next [PROMPT]",
		Short: "show the distribution of the next token",
		Long: `Shows which tokens the model expects after a text, the likeliest first, with their probabilities. With any of the flags that say how
tokens are drawn, the probability after them stands beside the model's own.`,
		Example: `  linnet next "Once upon a"
  linnet next --temp 0.5 --top-k 5 "Once upon a"`,
		Args: atMost(1, "one prompt: put it in quotes"),
		RunE: n.run,
	}
	n.input.addFlag(cmd)
	cmd.Flags().IntVar(&n.top, "top", 10, "show `N` tokens")
	n.sampling.addFlags(cmd.Flags())
	return cmd
}

func (n *next) run(cmd *cobra.Command, args []string) error {
	if n.top < 1 {
		return usagef("--top %d: need 1 or more", n.top)
	}
	opts, err := n.sampling.options()
	if err != nil {
		return err
	}
	prompt, err := n.input.text(n.app, cmd, args)
	if err != nil {
		return err
	}
	m, err := n.open()
	if err != nil {
		return err
	}
	defer m.Close()
	s := m.NewSession()
	done := n.waiting("reading the prompt")
	own, err := s.Next(cmd.Context(), prompt)
	done()
	if err != nil {
		return n.named(err)
	}
	n.tellPrompt(s.Stats())
	var drawn []sample.Prob
	if n.sampling.asked() {
		if drawn, err = s.Next(cmd.Context(), prompt, opts...); err != nil {
			return n.named(err)
		}
	}
	rows := n.rows(m, own, drawn)
	if n.json {
		return n.writeJSON(struct {
			Prompt string      `json:"prompt"`
			Next   []nextToken `json:"next"`
		}{prompt, rows})
	}
	return n.print(rows)
}

// rows are the likeliest tokens of the model's own distribution. drawn is nil if no other was asked for.
func (n *next) rows(m *engine.Model, own, drawn []sample.Prob) []nextToken {
	rows := make([]nextToken, min(n.top, len(own)))
	for i := range rows {
		o := own[i]
		piece := m.Tokenizer().Piece(o.ID)
		rows[i] = nextToken{Rank: i + 1, ID: o.ID, textJSON: newTextJSON(piece), P: o.P, Logit: o.Logit, piece: piece}
		if drawn != nil {
			p := 0.0
			if at := slices.IndexFunc(drawn, func(d sample.Prob) bool { return d.ID == o.ID }); at >= 0 {
				p = drawn[at].P
			}
			rows[i].Drawn = &p
		}
	}
	return rows
}

// barWidth is the length of a bar for probability 1.
const barWidth = 40

func (n *next) print(rows []nextToken) error {
	w := tabwriter.NewWriter(n.out, 0, 0, 2, ' ', 0)
	asked := len(rows) > 0 && rows[0].Drawn != nil
	fmt.Fprint(w, "rank\tid\ttoken\tp")
	if asked {
		fmt.Fprint(w, "\tdrawn")
	}
	fmt.Fprintln(w)
	for _, r := range rows {
		fmt.Fprintf(w, "%d\t%d\t%s\t%.4f", r.Rank, r.ID, strconv.Quote(r.piece), r.P)
		p := r.P
		if asked {
			p = *r.Drawn
			fmt.Fprintf(w, "\t%.4f", p)
		}
		if bar := strings.Repeat("█", int(p*barWidth+0.5)); bar != "" {
			fmt.Fprintf(w, "\t%s", bar)
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}
