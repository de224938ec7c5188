package bench

import (
	"os/exec"
	"syscall"
	"time"
)

// leash ends a node with this process, and keeps Ctrl-C from it.
func leash(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// pause sleeps. Timers of Go's runtime may be late by a millisecond when a process
// is idle, which an open loop would take for latency of the cluster.
func pause(d time.Duration) {
	left := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&left, nil) // who sleeps too short sleeps again
}
