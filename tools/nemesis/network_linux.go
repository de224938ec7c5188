package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// network is a switch made of this process: every node, and the clients, have a
// network namespace with one TUN device, whose packets go through forward. So
// nothing is needed of the kernel but /dev/net/tun, and a rule can do to a packet
// what it wants.
type network struct {
	hosts []host // the clients are 0

	mu     sync.RWMutex // guards rules
	rules  []*rule
	random func() float64

	readers sync.WaitGroup
}

// A host is one end of the network.
type host struct {
	namespace *os.File
	device    *os.File
}

// mtu is large because each packet costs a copy here.
const mtu = 9000

// openNetwork makes a network of n nodes. It needs root.
func openNetwork(n int) (*network, error) {
	w := &network{random: rand.Float64}
	for i := range n + 1 {
		h, err := newHost(w.addr(i))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("network of host %d: %w", i, err), w.Close())
		}
		w.hosts = append(w.hosts, h)
	}
	for i := range w.hosts {
		w.readers.Go(func() { w.forward(i) })
	}
	return w, nil
}

func (w *network) addr(host int) string { return fmt.Sprintf("10.77.0.%d", 100+host) }

// newHost makes a namespace with a device of this address.
func newHost(addr string) (host, error) {
	ns, err := newNamespace()
	if err != nil {
		return host{}, err
	}
	h := host{namespace: ns}
	err = h.within(func() error {
		if h.device, err = openTUN("walle0"); err != nil {
			return err
		}
		for _, args := range [][]string{
			{"link", "set", "lo", "up"},
			{"addr", "add", addr + "/24", "dev", "walle0"},
			{"link", "set", "walle0", "mtu", fmt.Sprint(mtu), "up"},
		} {
			if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
				return fmt.Errorf("ip %v: %w: %s", args, err, out)
			}
		}
		return nil
	})
	if err != nil {
		return host{}, errors.Join(err, h.close())
	}
	return h, nil
}

func (h host) close() error {
	if h.device == nil {
		return h.namespace.Close()
	}
	return errors.Join(h.device.Close(), h.namespace.Close())
}

const ownNamespace = "/proc/thread-self/ns/net"

// newNamespace makes a network namespace that has no name: it is gone when the
// last process in it and the file that is returned are.
func newNamespace() (*os.File, error) {
	type made struct {
		file *os.File
		err  error
	}
	answer := make(chan made)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this function
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			answer <- made{err: fmt.Errorf("unshare: %w", err)}
			return
		}
		file, err := os.Open(ownNamespace)
		answer <- made{file, err}
	}()
	m := <-answer
	return m.file, m.err
}

// within calls f on a thread that is in the host's namespace: sockets that f
// opens, and processes that it starts, stay there.
func (h host) within(f func() error) error {
	runtime.LockOSThread()
	home, err := os.Open(ownNamespace)
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer home.Close()
	if err := unix.Setns(int(h.namespace.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("setns: %w", err)
	}
	err = f()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		return errors.Join(err, back) // the thread stays locked, and ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
}

func openTUN(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a TUN device: %w", err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), "tun"), nil
}

// forward takes the packets that come from a host to where they go.
func (w *network) forward(from int) {
	buf := make([]byte, mtu)
	for {
		n, err := w.hosts[from].device.Read(buf)
		if err != nil {
			return // closed
		}
		to, ok := w.destination(buf[:n])
		if !ok {
			continue
		}
		for _, delay := range w.fate(from, to) {
			if delay == 0 {
				w.deliver(to, buf[:n])
				continue
			}
			packet := slices.Clone(buf[:n])
			time.AfterFunc(delay, func() { w.deliver(to, packet) })
		}
	}
}

// deliver gives a packet to a host. One that the device does not take is lost.
func (w *network) deliver(to int, packet []byte) { _, _ = w.hosts[to].device.Write(packet) }

// destination is the host that a packet of IPv4 goes to.
func (w *network) destination(packet []byte) (host int, ok bool) {
	if len(packet) < 20 || packet[0]>>4 != 4 {
		return 0, false
	}
	host = int(packet[19]) - 100
	return host, host >= 0 && host < len(w.hosts)
}

// fate is the delay of each copy of a packet that arrives.
func (w *network) fate(from, to int) []time.Duration {
	w.mu.RLock()
	defer w.mu.RUnlock()
	copies, delay := 1, time.Duration(0)
	for _, r := range w.rules {
		switch {
		case !r.link(from, to):
		case w.random() < r.loss:
			return nil
		default:
			delay += time.Duration(w.random() * float64(r.delay))
			if w.random() < r.double {
				copies = 2
			}
		}
	}
	return slices.Repeat([]time.Duration{delay}, copies)
}

// impose puts a rule in force until the function that is returned is called.
func (w *network) impose(r *rule) (lift func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rules = append(w.rules, r)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.rules = slices.DeleteFunc(w.rules, func(other *rule) bool { return other == r })
	}
}

// dial connects the clients to a node.
func (w *network) dial(ctx context.Context, network, addr string) (conn net.Conn, err error) {
	err = w.hosts[0].within(func() error {
		var d net.Dialer
		conn, err = d.DialContext(ctx, network, addr)
		return err
	})
	return conn, err
}

// start starts a process in the namespace of a node.
func (w *network) start(node int, cmd *exec.Cmd) error { return w.hosts[node].within(cmd.Start) }

// Close ends the network. The processes in it must be gone.
func (w *network) Close() error {
	var errs []error
	for _, h := range w.hosts {
		errs = append(errs, h.close())
	}
	w.readers.Wait()
	return errors.Join(errs...)
}

// leash lets a node die with this process, and keeps the terminal's signals from it.
func leash(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

func mountMemory(dir string, size int64) error {
	return unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size))
}

func unmount(dir string) error { return unix.Unmount(dir, unix.MNT_DETACH) }
