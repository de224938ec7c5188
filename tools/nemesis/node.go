package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// A node is one walle process and who starts it again when it has ended.
type node struct {
	number  int
	name    string
	sql     string // address
	log     string // file
	disk    *disk
	command func() *exec.Cmd
	launch  func(*exec.Cmd) error

	supervisor sync.WaitGroup

	mu      sync.Mutex // guards what follows
	changed chan struct{}
	process *os.Process // nil while it is down
	holds   int         // faults that keep it down
	expect  int         // signals sent to the process that may end it
	retired bool        // it is not started again
	exits   []exit
}

// An exit is one end of the process.
type exit struct {
	how     string // "code 3" or "signal: killed"
	why     string // what the node said last, if nobody had told it to end
	strange bool
}

// restartAfter is how long the supervisor waits before it starts a node again
// that ended although nobody keeps it down.
const restartAfter = 300 * time.Millisecond

// supervise starts the node, and starts it again whenever it has ended and
// nothing keeps it down, until retire.
func (n *node) supervise() {
	n.supervisor.Go(func() {
		for n.mayStart() {
			cmd, err := n.start()
			if err != nil {
				n.ended(exit{how: "start", why: err.Error(), strange: true})
				continue
			}
			err = cmd.Wait()
			n.ended(n.judge(cmd, err))
		}
	})
}

// mayStart waits until nothing keeps the node down; false says that it is retired.
func (n *node) mayStart() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for n.holds > 0 && !n.retired {
		changed := n.changed
		n.mu.Unlock()
		<-changed
		n.mu.Lock()
	}
	return !n.retired
}

func (n *node) start() (*exec.Cmd, error) {
	out, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer out.Close() // the child has its own descriptor
	cmd := n.command()
	cmd.Stdout, cmd.Stderr = out, out
	leash(cmd)
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.launch(cmd); err != nil {
		return nil, err
	}
	n.process = cmd.Process
	return cmd, nil
}

// judge says how the process ended, and whether it should have.
func (n *node) judge(cmd *exec.Cmd, err error) exit {
	n.mu.Lock()
	defer n.mu.Unlock()
	how := "code 0"
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		how = fmt.Sprintf("code %d", failed.ExitCode())
		if !failed.Exited() {
			how = failed.String()
		}
	}
	e := exit{how: how}
	if n.expect == 0 && !n.disk.wasFull() {
		e.strange, e.why = true, n.lastWords()
	}
	return e
}

func (n *node) ended(e exit) {
	n.mu.Lock()
	n.process, n.expect = nil, 0
	n.exits = append(n.exits, e)
	n.announceLocked()
	free := n.holds == 0 && !n.retired
	n.mu.Unlock()
	if free {
		time.Sleep(restartAfter)
	}
}

func (n *node) announceLocked() {
	close(n.changed)
	n.changed = make(chan struct{})
}

// signal sends a signal to the process, if it runs.
func (n *node) signal(s syscall.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.signalLocked(s)
}

func (n *node) signalLocked(s syscall.Signal) {
	if n.process == nil {
		return
	}
	if s == syscall.SIGKILL || s == syscall.SIGTERM {
		n.expect++
	}
	_ = n.process.Signal(s) // it may have ended in this moment, which the supervisor notices
}

// down ends the process with a signal and keeps it down until the function that
// is returned is called.
func (n *node) down(s syscall.Signal) (up func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.holds++
	n.signalLocked(s)
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.holds--
		n.announceLocked()
	}
}

// retire kills the node for good.
func (n *node) retire() {
	n.mu.Lock()
	n.retired = true
	n.signalLocked(syscall.SIGKILL)
	n.announceLocked()
	n.mu.Unlock()
	n.supervisor.Wait()
}

// pid is the process, or 0.
func (n *node) pid() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process == nil {
		return 0
	}
	return n.process.Pid
}

// takeExits returns how the node has ended since the last call.
func (n *node) takeExits() []exit {
	n.mu.Lock()
	defer n.mu.Unlock()
	exits := n.exits
	n.exits = nil
	return exits
}
