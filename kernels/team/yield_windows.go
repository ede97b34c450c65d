package team

import "golang.org/x/sys/windows"

var switchToThread = windows.NewLazySystemDLL("kernel32.dll").NewProc("SwitchToThread")

// yield lets another thread have the core.
func yield() { _, _, _ = switchToThread.Call() }
