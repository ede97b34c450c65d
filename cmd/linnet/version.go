package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/linnet-go/linnet/kernels"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "show the build",
		Args:  atMost(0, "none"),
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version  string   `json:"version"`
				Revision string   `json:"revision,omitempty"` // of the sources
				Time     string   `json:"time,omitempty"`     // of the revision
				Go       string   `json:"go"`
				Platform string   `json:"platform"`
				Tags     string   `json:"tags,omitempty"`
				Levels   []string `json:"levels"`
			}{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
			if info, ok := debug.ReadBuildInfo(); ok {
				v.Version = info.Main.Version
				for _, s := range info.Settings {
					switch s.Key {
					case "vcs.revision":
						v.Revision = s.Value
					case "vcs.time":
						v.Time = s.Value
					case "-tags":
						v.Tags = s.Value
					}
				}
			}
			for _, l := range kernels.Levels() {
				v.Levels = append(v.Levels, l.Name)
			}
			if a.json {
				return a.writeJSON(v)
			}
			_, err := fmt.Fprintf(a.out, "linnet %s, %s %s, levels %s\n", v.Version, v.Go, v.Platform, strings.Join(v.Levels, ", "))
			return err
		},
	}
}
