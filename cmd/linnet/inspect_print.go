package main

import (
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/linnet-go/linnet/loader"
)

// print writes an inspection for people. What comes from the file is quoted: it may hold anything.
func (i *inspect) print(f *loader.Model, r *inspection) error {
	w := tabwriter.NewWriter(i.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "file\t%s: %s, %s\n", r.File, r.Format, bytesText(r.Bytes))
	fmt.Fprintf(w, "model\t%s, architecture %q\n", orUnknown(quoted(r.Name)), r.Architecture)
	if r.Runs {
		fmt.Fprintln(w, "runs here\tyes")
	} else {
		fmt.Fprintf(w, "runs here\tno: %s\n", r.Reason)
	}
	fmt.Fprintf(w, "parameters\t%d in %d tensors\n", r.Parameters, r.Tensors)
	for _, u := range r.Types {
		fmt.Fprintf(w, "  %s\t%d values in %d tensors, %s (%.4g bits a value)\n", u.Type, u.Values, u.Tensors, bytesText(u.Bytes),
			8*float64(u.Bytes)/float64(u.Values))
	}
	if s := r.Shape; s != nil {
		fmt.Fprintf(w, "shape\t%d layers of width %d, FFN %d; %d heads of %d, %d for keys and values; context %d\n", s.Layers, s.Dim, s.FFN, s.Heads,
			s.HeadDim, s.KVHeads, s.Context)
	}
	r.Tokenizer.print(w)
	fmt.Fprintf(w, "chat template\t%s\n", map[bool]string{true: "yes", false: "no"}[r.ChatTemplate])
	if m := r.Memory; m != nil {
		fmt.Fprintf(w, "memory\t%s: weights %s, buffers %s, KV cache of %d tokens %s (%s, %d bytes a token)\n",
			bytesText(m.Weights+m.Buffers+m.Cache), bytesText(m.Weights), bytesText(m.Buffers), m.Context, bytesText(m.Cache), m.Type, m.PerToken)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if i.tensors {
		if err := printTensors(i.out, r.TensorList); err != nil {
			return err
		}
	}
	if i.meta {
		fmt.Fprintln(i.out)
		for _, key := range f.Keys() {
			fmt.Fprintf(i.out, "%s = %s\n", quotedName(key), shortened(r.Meta[key]))
		}
	}
	return nil
}

func (v *vocabulary) print(w io.Writer) {
	fmt.Fprintf(w, "tokenizer\t%s", orUnknown(quoted(v.Model)))
	if v.Pre != "" {
		fmt.Fprintf(w, ", pre-tokenizer %q", v.Pre)
	}
	if v.Error != "" {
		fmt.Fprintf(w, "; does not work: %s\n", v.Error)
		return
	}
	fmt.Fprintf(w, ": %d tokens", v.Tokens)
	if v.BOS >= 0 {
		fmt.Fprintf(w, ", BOS %d%s", v.BOS, map[bool]string{true: " (added)", false: " (not added)"}[v.AddBOS])
	}
	if v.EOS >= 0 {
		fmt.Fprintf(w, ", EOS %d", v.EOS)
	}
	fmt.Fprintln(w)
}

func printTensors(out io.Writer, list []tensor) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\ntensor\ttype\tdimensions\tbytes")
	for _, t := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\n", quotedName(t.Name), t.Type, strings.Trim(fmt.Sprint(t.Dims), "[]"), t.Bytes)
	}
	return w.Flush()
}

// printKeys writes the values of the keys that were asked for, whole.
func (i *inspect) printKeys(f *loader.Model) error {
	values := map[string]any{}
	for _, key := range i.keys {
		v, ok := f.Meta(key)
		if err := f.Err(); err != nil {
			return err
		}
		if !ok {
			return i.named(fmt.Errorf("no key %q (linnet inspect --meta lists all)", key))
		}
		values[key] = jsonValue(v)
	}
	if i.json {
		return i.writeJSON(values)
	}
	for _, key := range i.keys {
		fmt.Fprintf(i.out, "%s = ", quotedName(key))
		if err := i.writeJSON(values[key]); err != nil {
			return err
		}
	}
	return nil
}

func allMeta(f *loader.Model) map[string]any {
	values := map[string]any{}
	for _, key := range f.Keys() {
		v, _ := f.Meta(key) // an error is kept by f
		values[key] = jsonValue(v)
	}
	return values
}

// jsonValue makes a value of metadata one that JSON can hold: numbers that are not finite become texts. Numbers that a float32 holds are
// written as short as one.
func jsonValue(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
		if x := float32(v); float64(x) == v {
			return x
		}
	case []float32:
		return jsonValues(v, func(x float32) any { return jsonValue(float64(x)) })
	case []float64:
		return jsonValues(v, func(x float64) any { return jsonValue(x) })
	case []any:
		return jsonValues(v, jsonValue)
	}
	return v
}

func jsonValues[T any](list []T, value func(T) any) []any {
	values := make([]any, len(list))
	for i, x := range list {
		values[i] = value(x)
	}
	return values
}

const (
	shownText     = 100 // bytes of a long text that --meta shows
	shownElements = 6   // of a long array
)

// shortened writes a value in a line.
func shortened(v any) string {
	if text, ok := v.(string); ok {
		if len(text) > shownText {
			return fmt.Sprintf("%q... (%d bytes)", text[:shownText], len(text))
		}
		return strconv.Quote(text)
	}
	if list := reflect.ValueOf(v); list.Kind() == reflect.Slice && list.Len() > shownElements {
		return fmt.Sprintf("%s... (%d elements)", shortened(list.Slice(0, shownElements).Interface()), list.Len())
	}
	var b strings.Builder
	if err := encodeJSON(&b, v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

// quoted quotes what is not empty.
func quoted(s string) string {
	if s == "" {
		return ""
	}
	return strconv.Quote(s)
}

// quotedName quotes a name that could be anything but what names are.
func quotedName(s string) string {
	if q := strconv.Quote(s); q[1:len(q)-1] != s {
		return q
	}
	return s
}
