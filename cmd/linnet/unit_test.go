package main

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestBytesText(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 10239: "10239 B", 10240: "10 KB", 5 << 20: "5120 KB", 20 << 20: "20 MB", 3 << 33: "24 GB"} {
		if got := bytesText(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}

func TestIDs(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []int32
		ok   bool
	}{{"1 2,3\n", []int32{1, 2, 3}, true}, {"[1, -2]", []int32{1, -2}, true}, {"", nil, true}, {"1 x", nil, false}, {"4294967296", nil, false}} {
		if got, err := parseIDs(c.in); (err == nil) != c.ok || c.ok && !slices.Equal(got, c.want) {
			t.Errorf("text %q: %v, %v", c.in, got, err)
		}
	}
	for _, c := range []struct {
		in   string
		want []int32
		ok   bool
	}{
		{" [1,2]\n", []int32{1, 2}, true}, {"[\x00\x00\x00", []int32{'['}, true}, {"", nil, true}, {"[1.5]", nil, false}, {"[\"a\"]", nil, false}, {"abc", nil, false},
		{"\xff\xff\xff\xff\x01\x02\x00\x00", []int32{-1, 513}, true},
	} {
		if got, err := decodeIDs([]byte(c.in)); (err == nil) != c.ok || c.ok && !slices.Equal(got, c.want) {
			t.Errorf("file %q: %v, %v", c.in, got, err)
		}
	}
}

func TestShortened(t *testing.T) {
	for _, c := range []struct {
		in   any
		want string
	}{
		{"a\x1b[2J", `"a\x1b[2J"`}, {strings.Repeat("a", 200), `"` + strings.Repeat("a", 100) + `"... (200 bytes)`},
		{jsonValue(float64(float32(0.1))), "0.1"}, {jsonValue(0.1), "0.1"}, {jsonValue(math.Inf(-1)), `"-Inf"`}, {uint64(7), "7"}, {true, "true"},
		{jsonValue([]float32{1, float32(math.NaN())}), `[1,"NaN"]`}, {[]int64{1, 2, 3, 4, 5, 6, 7}, "[1,2,3,4,5,6]... (7 elements)"},
		{jsonValue([]any{[]string{"<a>"}, []float64{0.5}}), `[["<a>"],[0.5]]`},
	} {
		if got := shortened(c.in); got != c.want {
			t.Errorf("%v: got %s, want %s", c.in, got, c.want)
		}
	}
	if got := quotedName("a\nb"); got != `"a\nb"` {
		t.Errorf("got %s", got)
	}
}

// lockedBuffer is a buffer that two goroutines may use.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestSpin(t *testing.T) {
	var b lockedBuffer
	done := spin(&b, "reading", time.Hour)
	done()
	done()
	if got := b.String(); got != "" {
		t.Errorf("wrote %q before its time", got)
	}
	done = spin(&b, "reading", time.Millisecond)
	for !strings.Contains(b.String(), "reading") {
		time.Sleep(time.Millisecond)
	}
	done()
	shown := b.String()
	time.Sleep(120 * time.Millisecond)
	if got := b.String(); got != shown {
		t.Errorf("wrote %q after its end", strings.TrimPrefix(got, shown))
	}
}
