package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// kernelTable prints a line for each operation, with a column for each level.
type kernelTable struct {
	columns []string
	headed  bool
	row     []kernelSpeed // of one operation
}

// add takes the next measurement, and prints the line before when another begins.
func (t *kernelTable) add(w io.Writer, s kernelSpeed) error {
	var err error
	if len(t.row) > 0 && (t.row[0].Op != s.Op || t.row[0].Kind != s.Kind || t.row[0].Size != s.Size) {
		err = t.flush(w)
	}
	t.row = append(t.row, s)
	return err
}

// flush prints the line that is begun.
func (t *kernelTable) flush(w io.Writer) error {
	if len(t.row) == 0 {
		return nil
	}
	if !t.headed {
		t.headed = true
		if _, err := fmt.Fprintf(w, "%-10s %-6s %-20s %-6s%s\n", "operation", "kind", "size", "", cells(t.columns)); err != nil {
			return err
		}
	}
	first := t.row[0]
	unit, value := "GB/s", func(s kernelSpeed) float64 { return s.Bytes }
	if first.Op != "dot" && first.MACs > 0 {
		unit, value = "GMAC/s", func(s kernelSpeed) float64 { return s.MACs }
	}
	texts := make([]string, len(t.columns))
	for _, s := range t.row {
		at := max(slices.Index(t.columns, s.Level), 0) // where levels do not differ, the first column
		texts[at] = fmt.Sprintf("%.4g", giga(value(s)))
	}
	t.row = t.row[:0]
	line := fmt.Sprintf("%-10s %-6s %-20s %-6s%s", first.Op, first.Kind, first.Size, unit, cells(texts))
	_, err := fmt.Fprintln(w, strings.TrimRight(line, " "))
	return err
}

// cells aligns texts in columns.
func cells(texts []string) string {
	var b strings.Builder
	for _, t := range texts {
		fmt.Fprintf(&b, " %8s", t)
	}
	return b.String()
}
