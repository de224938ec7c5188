//go:build !linux

package bench

import (
	"os/exec"
	"time"
)

func leash(*exec.Cmd) {}

func pause(d time.Duration) { time.Sleep(d) }
