package sqltests

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// An Oracle is a private PostgreSQL with an empty database, which answers as a stream should.
type Oracle struct {
	dir  string
	dsn  string
	proc *process
}

// ErrNoOracle says that this machine has no PostgreSQL to start.
var ErrNoOracle = errors.New("no PostgreSQL server binaries found")

// StartOracle makes a database cluster in a temporary directory and serves it on loopback.
func StartOracle(ctx context.Context) (*Oracle, error) {
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "walle-oracle-")
	if err != nil {
		return nil, err
	}
	o := &Oracle{dir: dir}
	if err := o.start(ctx, bin); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

func (o *Oracle) start(ctx context.Context, bin string) error {
	attr, err := unprivileged(o.dir)
	if err != nil {
		return err
	}
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir, cmd.SysProcAttr = o.dir, attr
		return cmd
	}
	data := filepath.Join(o.dir, "data")
	initdb := command("initdb", "-D", data, "-U", "app", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	ports, err := freePorts(1)
	if err != nil {
		return err
	}
	o.dsn = fmt.Sprintf("postgres://app@127.0.0.1:%d/postgres?sslmode=disable", ports[0])
	server := command("postgres", "-D", data, "-p", strconv.Itoa(ports[0]), "-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "timezone=UTC")
	if o.proc, err = start(server, filepath.Join(o.dir, "log")); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return o.proc.ready(ctx, ping(o.dsn))
}

// postgresBin finds the newest installed server.
func postgresBin() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", ErrNoOracle
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// unprivileged returns how to run PostgreSQL, which refuses to be root, and gives it dir.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("%w: and none may run as root", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// Close stops the server and removes its data.
func (o *Oracle) Close() error {
	var err error
	if o.proc != nil {
		ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
		defer cancel()
		err = o.proc.end(ctx, syscall.SIGINT)
	}
	return errors.Join(err, os.RemoveAll(o.dir))
}

// DSN names the oracle's database.
func (o *Oracle) DSN() string { return o.dsn }

// Target is the oracle as something to run scripts against.
func (o *Oracle) Target(protocol Protocol) Target {
	return Target{
		System: "postgresql", Protocol: protocol, Nodes: 1,
		Open: func(ctx context.Context, _ int) (Session, error) { return Open(ctx, o.dsn, protocol) },
	}
}
