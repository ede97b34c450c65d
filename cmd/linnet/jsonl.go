package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
)

// maxLine is the length of a line of --jsonl, in bytes.
const maxLine = 32 << 20

// eachLine reads lines of JSON from standard input and writes what f makes of each, at once, so that a program can wait for it. An
// error names the line.
func eachLine[In, Out any](a *app, f func(In) (Out, error)) error {
	lines := bufio.NewScanner(a.in)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		if len(lines.Bytes()) == 0 {
			continue
		}
		var in In
		var out Out
		err := json.Unmarshal(lines.Bytes(), &in)
		if err == nil {
			out, err = f(in)
		}
		if err != nil {
			return fmt.Errorf("standard input, line %d: %w", n, err)
		}
		if err := a.writeJSON(out); err != nil {
			return err
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("standard input, line %d: longer than %d MB", n+1, maxLine>>20)
	} else if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	return nil
}
