package team

import "syscall"

// yield lets another thread have the core. The call is one the Go runtime knows of, so that it can give this thread's place to
// another while the core is lent.
func yield() { _, _, _ = syscall.Syscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) }
