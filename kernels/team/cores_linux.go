package team

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// fastCores counts the physical cores that this process may run on and that are at least half as fast as the fastest, from what the
// kernel says of each CPU; 0 if it says nothing.
func fastCores() int {
	var allowed unix.CPUSet
	if unix.SchedGetaffinity(0, &allowed) != nil {
		return 0
	}
	performance := parseCPUList(readLine("/sys/devices/cpu_core/cpus")) // Intel hybrids; empty elsewhere
	capacity := map[string]int{}                                        // of each core, by the list of its threads
	top := 0
	for cpu := range maxCPUs {
		if !allowed.IsSet(cpu) || len(performance) > 0 && !performance[cpu] {
			continue
		}
		dir := fmt.Sprintf("/sys/devices/system/cpu/cpu%d/", cpu)
		threads := readLine(dir + "topology/thread_siblings_list")
		if threads == "" {
			return 0
		}
		c, _ := strconv.Atoi(readLine(dir + "cpu_capacity")) // 0 where the kernel knows no differences
		capacity[threads] = c
		top = max(top, c)
	}
	n := 0
	for _, c := range capacity {
		if 2*c >= top {
			n++
		}
	}
	return n
}

func readLine(path string) string {
	b, _ := os.ReadFile(path) // absent on most machines
	return strings.TrimSpace(string(b))
}

// parseCPUList reads a list such as "0-3,8".
func parseCPUList(s string) map[int]bool {
	set := map[int]bool{}
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(first)
		if err != nil {
			continue
		}
		b := a
		if isRange {
			if b, err = strconv.Atoi(last); err != nil {
				continue
			}
		}
		for cpu := a; cpu <= min(b, a+maxCPUs); cpu++ {
			set[cpu] = true
		}
	}
	return set
}

const maxCPUs = 1 << 12
