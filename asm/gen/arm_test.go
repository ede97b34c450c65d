package gen

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var assembler = flag.String("as", "", "GNU as for aarch64, with objcopy beside it: write testdata/a64.txt with what it makes of the instructions")

const encodings = "testdata/a64.txt" // lines of a word and its instruction, from GNU as 2.40

// armSamples returns instructions with the lowest, the highest and mixed operands.
func armSamples() (in []*inst, operands [][]int) {
	for i := range instructions {
		if instructions[i].word == 0 {
			continue // Go's assembler encodes it
		}
		for _, values := range []map[rune]int{
			{'d': 0, 'n': 0, 'm': 0, 'e': 0}, {'d': 31, 'n': 31, 'm': 31, 'e': 3}, {'d': 1, 'n': 2, 'm': 4, 'e': 1}, {'d': 24, 'n': 16, 'm': 8, 'e': 2},
		} {
			var ops []int
			for _, f := range instructions[i].fields {
				ops = append(ops, values[f])
			}
			in, operands = append(in, &instructions[i]), append(operands, ops)
		}
	}
	return in, operands
}

// TestArmEncoding compares the instructions that are written as words with what GNU as makes of their text.
func TestArmEncoding(t *testing.T) {
	in, operands := armSamples()
	if *assembler != "" {
		assemble(t, in, operands)
	}
	b, err := os.ReadFile(encodings)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if len(lines) != len(in) {
		t.Fatalf("%s has %d lines, want %d: run go test -as", encodings, len(lines), len(in))
	}
	for i, line := range lines {
		got := strings.TrimPrefix(strings.Replace(in[i].line(operands[i]), " // ", " ", 1), "WORD $0x")
		if got != line {
			t.Errorf("%s, GNU as has %s", got, line)
		}
	}
}

// assemble writes the file of encodings.
func assemble(t *testing.T, in []*inst, operands [][]int) {
	dir := t.TempDir()
	var source, table strings.Builder
	source.WriteString(".arch armv8.2-a+dotprod+i8mm\n")
	texts := make([]string, len(in))
	for i := range in {
		_, texts[i], _ = strings.Cut(in[i].line(operands[i]), " // ")
		fmt.Fprintln(&source, texts[i])
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(file("a.s"), []byte(source.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{*assembler, "-o", file("a.o"), file("a.s")},
		{strings.TrimSuffix(*assembler, "as") + "objcopy", "-O", "binary", "-j", ".text", file("a.o"), file("a.bin")},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	words, err := os.ReadFile(file("a.bin"))
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		fmt.Fprintf(&table, "%08x %s\n", binary.LittleEndian.Uint32(words[4*i:]), text)
	}
	if err := os.WriteFile(encodings, []byte(table.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
