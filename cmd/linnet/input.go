package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// input is where the text of a command comes from.
type input struct {
	file string
	trim bool // one line break at the end of a file or of standard input is no part of the text
}

// addFlag adds -f.
func (in *input) addFlag(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&in.file, "file", "f", "", "read the text from `FILE` (- is standard input)")
}

// text returns the one argument, or else the file, or else standard input.
func (in *input) text(a *app, cmd *cobra.Command, args []string) (string, error) {
	if len(args) > 0 {
		if in.file != "" {
			return "", usagef("%s: got a text and --file, takes one", cmd.Name())
		}
		return args[0], nil
	}
	b, err := in.read(a, cmd)
	text := string(b)
	if in.trim {
		text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	}
	return text, err
}

func (in *input) read(a *app, cmd *cobra.Command) ([]byte, error) {
	if in.file == "" && isTerminal(a.in) {
		return nil, usagef("%s: needs a text: as an argument, with --file, or on standard input (%s --help)", cmd.Name(), cmd.CommandPath())
	}
	return a.readFile(in.file)
}

// readFile reads a file, or standard input for "" and "-".
func (a *app) readFile(name string) ([]byte, error) {
	if name != "" && name != "-" {
		return os.ReadFile(name)
	}
	b, err := io.ReadAll(a.in)
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return b, nil
}

// parseIDs reads ids as people write them: numbers between spaces, commas and brackets.
func parseIDs(text string) ([]int32, error) {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n,[]", r) })
	ids := make([]int32, len(words))
	for i, w := range words {
		id, err := strconv.ParseInt(w, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%q is no token id", w)
		}
		ids[i] = int32(id)
	}
	return ids, nil
}

// decodeIDs reads a file of ids: a JSON list, or 4 bytes each, little-endian. Ids have zero bytes, which JSON has not.
func decodeIDs(b []byte) ([]int32, error) {
	var ids []int32
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("[")) && json.Valid(b) {
		return ids, json.Unmarshal(b, &ids)
	}
	if len(b)%4 != 0 {
		return nil, fmt.Errorf("is neither a JSON list nor int32 ids: %d bytes are no multiple of 4", len(b))
	}
	for ; len(b) > 0; b = b[4:] {
		ids = append(ids, int32(binary.LittleEndian.Uint32(b)))
	}
	return ids, nil
}
