package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"

	"github.com/linnet-go/linnet/kernels"
	"github.com/linnet-go/linnet/kernels/team"
)

// cpuReport is what linnet cpu tells.
type cpuReport struct {
	Model      string   `json:"model"`
	Arch       string   `json:"arch"`
	Levels     []string `json:"levels"` // usable here, the best last
	Level      string   `json:"level"`  // chosen
	Reason     string   `json:"reason"` // of the choice
	Physical   int      `json:"physical_cores"`
	Logical    int      `json:"logical_cores"`
	Usable     int      `json:"usable_cores"` // logical ones that the process may run on
	GOMAXPROCS int      `json:"gomaxprocs"`   // follows the quota
	Workers    int      `json:"workers"`
	L1D        int      `json:"l1d_bytes"` // caches; 0: not known
	L2         int      `json:"l2_bytes"`
	L3         int      `json:"l3_bytes"`
}

func (a *app) cpuCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "cpu",
		Short: "show the CPU, its levels and which one is chosen",
		Args:  atMost(0, "none"),
		RunE: func(*cobra.Command, []string) error {
			r, err := a.describeCPU()
			if err != nil {
				return err
			}
			if a.json {
				return a.writeJSON(r)
			}
			return r.print(a)
		},
	}
}

func (a *app) describeCPU() (*cpuReport, error) {
	level, err := a.chosenLevel()
	if err != nil {
		return nil, err
	}
	c := &cpuid.CPU
	r := &cpuReport{
		Model: strings.TrimSpace(c.BrandName), Arch: runtime.GOARCH,
		Level: level.Name, Reason: "the best of this CPU",
		Physical: c.PhysicalCores, Logical: c.LogicalCores, Usable: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0), Workers: team.Cores(),
		L1D: max(c.Cache.L1D, 0), L2: max(c.Cache.L2, 0), L3: max(c.Cache.L3, 0),
	}
	for _, l := range kernels.Levels() {
		r.Levels = append(r.Levels, l.Name)
	}
	switch {
	case a.level != "":
		r.Reason = "--level"
	case os.Getenv("LINNET_LEVEL") != "":
		r.Reason = "$LINNET_LEVEL"
	}
	if a.threads > 0 {
		r.Workers = a.threads
	}
	return r, nil
}

func (r *cpuReport) print(a *app) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "CPU\t%s (%s)\n", orUnknown(r.Model), r.Arch)
	fmt.Fprintf(w, "levels\t%s\n", strings.Join(r.Levels, ", "))
	fmt.Fprintf(w, "level\t%s (%s)\n", r.Level, r.Reason)
	fmt.Fprintf(w, "cores\t%s physical, %s logical; this process may use %d", count(r.Physical), count(r.Logical), r.Usable)
	if r.GOMAXPROCS < r.Usable {
		fmt.Fprintf(w, ", limited to %d by its CPU quota or $GOMAXPROCS", r.GOMAXPROCS)
	}
	fmt.Fprintf(w, "\nworkers\t%d\n", r.Workers)
	fmt.Fprintf(w, "caches\tL1 data %s, L2 %s, L3 %s\n", cacheSize(r.L1D), cacheSize(r.L2), cacheSize(r.L3))
	return w.Flush()
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

func count(n int) string {
	if n <= 0 {
		return "unknown"
	}
	return fmt.Sprint(n)
}

func cacheSize(n int) string {
	if n == 0 {
		return "unknown"
	}
	return bytesText(int64(n))
}
