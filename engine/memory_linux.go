package engine

import (
	"bufio"
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// availableMemory returns the bytes that the system says can be taken without swapping, within the limits of the control group, or 0
// if it says nothing.
func availableMemory() int64 {
	available := fields("/proc/meminfo")["MemAvailable:"] << 10
	if available == 0 {
		return 0
	}
	b, err := os.ReadFile("/proc/self/cgroup")
	_, group, ok := strings.Cut(string(b), "0::")
	if err != nil || !ok {
		return available
	}
	const root = "/sys/fs/cgroup"
	for dir := filepath.Join(root, strings.TrimSpace(group)); strings.HasPrefix(dir, root); dir = filepath.Dir(dir) {
		available = min(available, groupMemory(dir))
	}
	return available
}

// groupMemory returns what a control group may still take: its limit less what it uses, but for file pages that can be dropped.
func groupMemory(dir string) int64 {
	limit, ok := number(filepath.Join(dir, "memory.max"))
	if !ok {
		return math.MaxInt64
	}
	used, _ := number(filepath.Join(dir, "memory.current"))
	return max(limit-used+fields(filepath.Join(dir, "memory.stat"))["inactive_file"], 1)
}

func number(path string) (int64, bool) {
	b, _ := os.ReadFile(path) // absent, or "max", where there is no limit
	n, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64)
	return n, err == nil
}

// fields reads a file of lines with a name and a number.
func fields(path string) map[string]int64 {
	m := map[string]int64{}
	b, _ := os.ReadFile(path) // no file, no fields
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		if f := strings.Fields(s.Text()); len(f) >= 2 {
			m[f[0]], _ = strconv.ParseInt(f[1], 10, 64)
		}
	}
	return m
}
