//go:build !linux && !windows

package team

import "time"

// yield lets another thread have the core: the shortest sleep does.
func yield() { time.Sleep(time.Nanosecond) }
