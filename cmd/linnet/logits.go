package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"github.com/linnet-go/linnet/engine"
	"github.com/linnet-go/linnet/engine/token"
)

// logits are the flags of linnet logits.
type logits struct {
	*app
	input  input
	ids    string
	output string
	last   bool
}

func (a *app) logitsCommand() *cobra.Command {
	l := &logits{app: a}
	cmd := &cobra.Command{
		Use:   "logits [TEXT]",
		Short: "compute raw logits",
		Long: `Writes the logits of every position of a text as float32 little-endian [rows][vocab]: row i is what the model expects after token i.
With --json: {"ids": [...], "logits": [[...], ...]}. A text is taken exactly, with what the vocabulary adds to it (BOS); ids are taken as they are.`,
		Example: `  linnet logits --last --json "Once upon a time"
  linnet logits -m model.gguf --ids ids.bin -o logits.f32`,
		Args: atMost(1, "one text: put it in quotes"),
		RunE: l.run,
	}
	l.input.addFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&l.ids, "ids", "", "read token ids instead of a text from `FILE`: int32 little-endian, or a JSON list (- is standard input)")
	f.StringVarP(&l.output, "output", "o", "", "write to `FILE` instead of standard output")
	f.BoolVar(&l.last, "last", false, "write the last row alone")
	return cmd
}

func (l *logits) run(cmd *cobra.Command, args []string) error {
	if l.output == "" && !l.json && isTerminal(l.out) {
		return usagef("logits: are no text: name a file with -o, or ask for --json")
	}
	if l.ids != "" && (len(args) > 0 || l.input.file != "") {
		return usagef("logits: got a text and --ids, takes one")
	}
	var text string
	var ids []int32
	var err error
	if l.ids != "" {
		ids, err = l.readIDs()
	} else {
		text, err = l.input.text(l.app, cmd, args)
	}
	if err != nil {
		return err
	}
	m, err := l.open()
	if err != nil {
		return err
	}
	defer m.Close()
	if l.ids == "" {
		ids = m.Tokenizer().Encode(text, token.Options{AddSpecial: true})
	}
	write := func(w io.Writer) error { return l.write(cmd.Context(), m, ids, w) }
	if l.output != "" {
		return writeFile(l.output, write)
	}
	return write(l.out)
}

func (l *logits) readIDs() ([]int32, error) {
	b, err := l.readFile(l.ids)
	if err != nil {
		return nil, err
	}
	ids, err := decodeIDs(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.ids, err)
	}
	return ids, nil
}

// write computes the logits row by row and writes each as it comes.
func (l *logits) write(ctx context.Context, m *engine.Model, ids []int32, out io.Writer) error {
	first := 0
	if l.last {
		first = max(len(ids)-1, 0)
	}
	w := bufio.NewWriterSize(out, 1<<16)
	row := writeBinaryRow
	if l.json {
		row = writeJSONRow
		list, err := json.Marshal(ids)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, `{"ids":%s,"logits":[`, list)
	}
	n := 0
	done := l.waiting("computing")
	defer done()
	s := m.NewSession()
	for logits, err := range s.Logits(ctx, ids, first) {
		if err != nil {
			return errors.Join(l.named(err), w.Flush())
		}
		if err := row(w, logits, n); err != nil {
			return err
		}
		n++
	}
	if l.json {
		fmt.Fprintln(w, "]}")
	}
	l.tellPrompt(s.Stats())
	return w.Flush()
}

func writeBinaryRow(w *bufio.Writer, logits []float32, _ int) error {
	var b [4]byte
	for _, x := range logits {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(x))
		if _, err := w.Write(b[:]); err != nil {
			return err
		}
	}
	return nil
}

func writeJSONRow(w *bufio.Writer, logits []float32, n int) error {
	if n > 0 {
		w.WriteByte(',')
	}
	list, err := json.Marshal(logits)
	if err != nil {
		return err
	}
	_, err = w.Write(list)
	return err
}
