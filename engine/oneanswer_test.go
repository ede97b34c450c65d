package engine

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/linnet-go/linnet/engine/sample"
)

var update = flag.Bool("update", false, "write testdata/logits.sum, computed at level ref")

const sumsFile = "testdata/logits.sum"

// The text of the test: 303 ids, so that a session can take over two full pages from another; and where the rows that follow them begin.
func answerIDs(t *testing.T) (ids []int32, tail int) {
	some := readIDs(t, "testdata/quant.ids")
	return slices.Concat(some, some, some), 256
}

// TestOneAnswer computes the same logits at every level, with different numbers of workers, steps of different sizes, alone and beside other
// sessions, from the start and after a beginning that is cached. All have the sums that were made once at level ref.
func TestOneAnswer(t *testing.T) {
	ids, tail := answerIDs(t)
	sums := readSums(t)
	for _, file := range []string{tinyFile, randomFile} {
		if *update {
			sums[baseName(file)] = answer(t, file, ids, 0, Level("ref"), Threads(1), Batch(32))
		}
		want, wantTail := sums[baseName(file)], ""
		for _, level := range levelNames() {
			for _, threads := range []int{1, 2, 4} {
				for _, batch := range []int{1, 7, 32} {
					if level == "ref" && batch != map[int]int{1: 1, 2: 7, 4: 32}[threads] {
						continue // slow
					}
					name := fmt.Sprintf("%s/%s/threads=%d/batch=%d", baseName(file), level, threads, batch)
					m := openModel(t, file, Level(level), Threads(threads), Batch(batch), fineGrain)
					rows := allLogits(t, m.NewSession(), ids, 0)
					if got := sum(rows); got != want {
						t.Errorf("%s: logits %s, want %s", name, got, want)
					}
					if wantTail == "" {
						wantTail = sum(rows[tail*m.Info().Vocab:])
					}
					if threads != 2 {
						continue
					}
					end := company(m)
					reused := m.NewSession()
					if got := sum(allLogits(t, reused, ids, tail)); got != wantTail || reused.Stats().Reused != tail {
						t.Errorf("%s: beside others, after %d cached tokens: logits %s, want %s", name, reused.Stats().Reused, got, wantTail)
					}
					if got := sum(allLogits(t, m.NewSession(), ids, 0)); got != want {
						t.Errorf("%s: beside others: logits %s, want %s", name, got, want)
					}
					end()
				}
			}
		}
	}
	if *update {
		writeSums(t, sums)
	}
}

// TestOneAnswerShared does some of it with every type of weights.
func TestOneAnswerShared(t *testing.T) {
	ids, _ := answerIDs(t)
	sums := readSums(t)
	for _, file := range slices.Concat(sharedFiles(t, "conformance/quant/*.gguf"), sharedFiles(t, familyFiles),
		sharedFiles(t, "models/stories260K.gguf")) {
		if *update {
			sums[baseName(file)] = answer(t, file, ids, 0, append(familyOptions(file), Level("ref"), Threads(1), Batch(32))...)
		}
		for _, level := range levelNames() {
			for _, way := range []struct{ threads, batch int }{{1, 32}, {2, 1}, {4, 7}} {
				opts := append(familyOptions(file), Level(level), Threads(way.threads), Batch(way.batch), fineGrain)
				if got, want := answer(t, file, ids, 0, opts...), sums[baseName(file)]; got != want {
					t.Errorf("%s, level %s, %+v: logits %s, want %s", baseName(file), level, way, got, want)
				}
				if level == "ref" {
					break // slow, and TestOneAnswer has it all
				}
			}
		}
	}
	if *update {
		writeSums(t, sums)
	}
}

// fineGrain lets workers share phases that are far too small for it.
func fineGrain(c *config) error {
	c.grain = 0
	return nil
}

// answer returns the sum of the logits of ids[first:].
func answer(t *testing.T, file string, ids []int32, first int, opts ...Option) string {
	t.Helper()
	m, err := Open(file, opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	return sum(allLogits(t, m.NewSession(), ids[:min(len(ids), m.Info().Context)], first))
}

// company starts two sessions that generate until end is called.
func company(m *Model) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	for i := range 2 {
		done.Go(func() {
			for round := int32(0); ctx.Err() == nil; round++ {
				s := m.NewSession()
				for range s.GenerateTokens(ctx, []int32{1, int32(i) + 10, round % 64}, sample.Random(), MaxTokens(50), IgnoreEOG()) {
				}
				s.Close()
			}
		})
	}
	return func() {
		cancel()
		done.Wait()
	}
}

// sum is the SHA-256 of the bits of some logits.
func sum(x []float32) string {
	h := sha256.New()
	w := bufio.NewWriter(h)
	for _, v := range x {
		_, _ = w.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v))) // a hash takes everything
	}
	w.Flush()
	return hex.EncodeToString(h.Sum(nil))
}

// readSums reads the lines of sumsFile: a model's name and the sum of its logits.
func readSums(t *testing.T) map[string]string {
	b, err := os.ReadFile(sumsFile)
	if err != nil && !*update {
		t.Fatal(err)
	}
	sums := map[string]string{}
	for line := range strings.Lines(string(b)) {
		name, s, _ := strings.Cut(strings.TrimSpace(line), " ")
		sums[name] = s
	}
	return sums
}

func writeSums(t *testing.T, sums map[string]string) {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintln(&b, name, sums[name])
	}
	if err := os.WriteFile(sumsFile, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
