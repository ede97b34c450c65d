package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/linnet-go/linnet/engine/token"
)

// detokenize are the flags of linnet detokenize.
type detokenize struct {
	*app
	input          input
	special, jsonl bool
}

func (a *app) detokenizeCommand() *cobra.Command {
	d := &detokenize{app: a}
	cmd := &cobra.Command{
		Use:   "detokenize [ID...]",
		Short: "turn token ids into the text they stand for",
		Long: `Writes the text of token ids: numbers between spaces, commas and brackets, as arguments, in a file or on standard input. The text is
written exactly, without a line break of its own.

--jsonl reads lines {"ids": [...]} from standard input and writes {"text": "..."} for each, or {"text_b64": "..."} where the text is not UTF-8.`,
		Example: `  linnet detokenize 1 403 407 261 378
  linnet tokenize --jsonl <lines | linnet detokenize --jsonl`,
		RunE: d.run,
	}
	d.input.addFlag(cmd)
	f := cmd.Flags()
	f.BoolVar(&d.special, "special", false, "show control tokens such as </s>; otherwise they give nothing")
	f.BoolVar(&d.jsonl, "jsonl", false, "read lines of JSON and answer each with one")
	return cmd
}

func (d *detokenize) run(cmd *cobra.Command, args []string) error {
	if d.jsonl && (len(args) > 0 || d.input.file != "") {
		return usagef("detokenize: --jsonl reads standard input, got ids")
	}
	var ids []int32
	if !d.jsonl {
		if len(args) > 0 {
			args = []string{strings.Join(args, " ")}
		}
		text, err := d.input.text(d.app, cmd, args)
		if err != nil {
			return err
		}
		if ids, err = parseIDs(text); err != nil {
			return usageError{err}
		}
	}
	tok, err := d.openTokenizer()
	if err != nil {
		return err
	}
	if d.jsonl {
		return eachLine(d.app, func(l idsLine) (textJSON, error) {
			if l.IDs == nil {
				return textJSON{}, errors.New(`needs "ids"`)
			}
			text, err := d.decode(tok, l.IDs)
			return newTextJSON(text), err
		})
	}
	text, err := d.decode(tok, ids)
	if err != nil {
		return d.named(err)
	}
	if d.json {
		return d.writeJSON(newTextJSON(text))
	}
	_, err = fmt.Fprint(d.out, text)
	return err
}

// idsLine is a line of detokenize --jsonl.
type idsLine struct {
	IDs []int32 `json:"ids"`
}

func (d *detokenize) decode(tok *token.Tokenizer, ids []int32) (string, error) {
	for i, id := range ids {
		if id < 0 || int(id) >= tok.Len() {
			return "", fmt.Errorf("token %d at position %d: the vocabulary has %d", id, i, tok.Len())
		}
	}
	return tok.TrimPrefix(tok.Decode(ids, d.special)), nil
}
