package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/term"
)

// writeJSON writes a value as one line of JSON.
func (a *app) writeJSON(v any) error { return encodeJSON(a.out, v) }

func encodeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // tokens such as <s> stay readable
	return e.Encode(v)
}

// writeFile writes a file by a function: beside its place first, so that one that exists stays whole until the new one is. What is no
// regular file (a pipe, /dev/stdout) is written to as it stands.
func writeFile(path string, write func(io.Writer) error) (err error) {
	if info, statErr := os.Stat(path); statErr == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := os.OpenFile(fmt.Sprintf("%s.%d.tmp", path, os.Getpid()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// textJSON is a text in JSON: base64 where it is not UTF-8.
type textJSON struct {
	Text   *string `json:"text,omitempty"`
	Base64 []byte  `json:"text_b64,omitempty"`
}

func newTextJSON(text string) textJSON {
	if utf8.ValidString(text) {
		return textJSON{Text: &text}
	}
	return textJSON{Base64: []byte(text)}
}

// isTerminal says whether w is a person's screen.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// bytesText writes a size for people.
func bytesText(n int64) string {
	switch {
	case n < 10<<10:
		return fmt.Sprintf("%d B", n)
	case n < 10<<20:
		return fmt.Sprintf("%.4g KB", float64(n)/(1<<10))
	case n < 10<<30:
		return fmt.Sprintf("%.4g MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.4g GB", float64(n)/(1<<30))
}
