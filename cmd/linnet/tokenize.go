package main

import (
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/linnet-go/linnet/engine"
	"github.com/linnet-go/linnet/engine/token"
)

// tokenize are the flags of linnet tokenize.
type tokenize struct {
	*app
	input          input
	special, noBOS bool
	count, jsonl   bool
}

// tokenized is what linnet tokenize writes as JSON.
type tokenized struct {
	IDs    []int32  `json:"ids"`
	Pieces []string `json:"pieces"` // as the vocabulary writes them
}

type counted struct {
	Count int `json:"count"`
}

func (a *app) tokenizeCommand() *cobra.Command {
	t := &tokenize{app: a}
	cmd := &cobra.Command{
		Use:   "tokenize [TEXT]",
		Short: "turn a text into token ids",
		Long: `Shows the tokens of a text: id, byte where it begins in the decoded text, and the bytes it stands for. The text is taken exactly, the
line break at the end of a file too. A file with a vocabulary and no weights will do, of any model family.

--jsonl reads lines {"text": "...", "add_special": true, "parse_special": false} from standard input ("text_b64" for a text that is not UTF-8;
what is left out is as the flags say) and writes {"ids": [...], "pieces": [...]} for each.`,
		Example: `  linnet tokenize "Once upon a time"
  linnet tokenize -m model.gguf --count -f book.txt`,
		Args: atMost(1, "one text: put it in quotes"),
		RunE: t.run,
	}
	t.input.addFlag(cmd)
	f := cmd.Flags()
	f.BoolVar(&t.special, "special", false, "recognise special tokens that are written out in the text")
	f.BoolVar(&t.noBOS, "no-bos", false, "add nothing that the vocabulary asks for (BOS, EOS, CLS, SEP)")
	f.BoolVar(&t.count, "count", false, "show the number of tokens alone")
	f.BoolVar(&t.jsonl, "jsonl", false, "read lines of JSON and answer each with one")
	return cmd
}

func (t *tokenize) run(cmd *cobra.Command, args []string) error {
	if t.jsonl && (len(args) > 0 || t.input.file != "") {
		return usagef("tokenize: --jsonl reads standard input, got a text")
	}
	var text string
	var err error
	if !t.jsonl {
		if text, err = t.input.text(t.app, cmd, args); err != nil {
			return err
		}
	}
	tok, err := t.openTokenizer()
	if err != nil {
		return err
	}
	o := token.Options{AddSpecial: !t.noBOS, ParseSpecial: t.special}
	switch {
	case t.jsonl && t.count:
		return eachLine(t.app, func(l textLine) (counted, error) {
			text, o, err := l.read(o)
			return counted{tok.Count(text, o)}, err
		})
	case t.jsonl:
		return eachLine(t.app, func(l textLine) (tokenized, error) {
			text, o, err := l.read(o)
			return newTokenized(tok, text, o), err
		})
	case t.count && t.json:
		return t.writeJSON(counted{tok.Count(text, o)})
	case t.count:
		_, err := fmt.Fprintln(t.out, tok.Count(text, o))
		return err
	case t.json:
		return t.writeJSON(newTokenized(tok, text, o))
	}
	return t.print(tok, tok.Encode(text, o))
}

// openTokenizer reads the vocabulary of the model's file.
func (a *app) openTokenizer() (*token.Tokenizer, error) {
	f, err := a.openFile()
	if err != nil {
		return nil, err
	}
	tok, err := engine.NewTokenizer(f)
	return tok, errors.Join(err, f.Close())
}

func newTokenized(tok *token.Tokenizer, text string, o token.Options) tokenized {
	r := tokenized{IDs: tok.AppendEncode([]int32{}, text, o), Pieces: []string{}}
	for _, id := range r.IDs {
		r.Pieces = append(r.Pieces, tok.Text(id))
	}
	return r
}

func (t *tokenize) print(tok *token.Tokenizer, ids []int32) error {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	offset := 0
	for _, id := range ids {
		piece := tok.Piece(id)
		fmt.Fprintf(w, "%d\t%d\t  %s\n", id, offset, strconv.Quote(piece))
		if tok.Kind(id) != token.Control {
			offset += len(piece)
		}
	}
	return w.Flush()
}

// textLine is a line of tokenize --jsonl.
type textLine struct {
	Text         *string `json:"text"`
	Base64       *[]byte `json:"text_b64"`
	AddSpecial   *bool   `json:"add_special"`
	ParseSpecial *bool   `json:"parse_special"`
}

// read returns the text of a line, and its options where it has any.
func (l *textLine) read(o token.Options) (string, token.Options, error) {
	if l.AddSpecial != nil {
		o.AddSpecial = *l.AddSpecial
	}
	if l.ParseSpecial != nil {
		o.ParseSpecial = *l.ParseSpecial
	}
	switch {
	case l.Text != nil && l.Base64 == nil:
		return *l.Text, o, nil
	case l.Text == nil && l.Base64 != nil:
		return string(*l.Base64), o, nil
	}
	return "", o, errors.New(`needs either "text" or "text_b64"`)
}
