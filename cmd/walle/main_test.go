package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asProgram in the environment makes the test binary the program itself.
const asProgram = "WALLE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// process is a run of the program.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  *output
	done chan struct{} // closed when it has ended
}

// output is what a process has written so far, to both streams.
type output struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func launch(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0], args...), out: new(output), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		if err := p.cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%v:\n%s", args, p.out)
		}
	})
	return p
}

func (p *process) kill() {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Error(err)
	}
	<-p.done
}

// patience is how long a process may take for anything.
const patience = 30 * time.Second

// wantExit demands that the process ends with a code, having said all of texts.
func (p *process) wantExit(code int, texts ...string) {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("did not end; said:\n%s", p.out)
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Fatalf("exit code %d, want %d; said:\n%s", got, code, p.out)
	}
	p.wantSaid(texts...)
}

func (p *process) wantSaid(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if !strings.Contains(p.out.String(), text) {
			p.t.Fatalf("did not say %q, but:\n%s", text, p.out)
		}
	}
}

// terminate tells the process to stop, and demands that it does so in order.
func (p *process) terminate() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	p.wantExit(exitOK)
}

// until polls ok.
func (p *process) until(what string, ok func() bool) {
	p.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-p.done:
			p.t.Fatalf("ended before it %s; said:\n%s", what, p.out)
		case <-end:
			p.t.Fatalf("never %s; said:\n%s", what, p.out)
		}
	}
}

// nodeArgs are how a test starts one node.
type nodeArgs struct {
	name, data, sql, peer, http string
}

// nodes makes up n nodes, n1, n2, …, on free ports.
func nodes(t *testing.T, n int) []nodeArgs {
	t.Helper()
	dir := t.TempDir()
	var list []nodeArgs
	for i := range n {
		name := fmt.Sprintf("n%d", i+1)
		list = append(list, nodeArgs{name, filepath.Join(dir, name), freePort(t), freePort(t), freePort(t)})
	}
	return list
}

// freePort returns a loopback address that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func clusterFlag(list []nodeArgs) string {
	var parts []string
	for _, n := range list {
		parts = append(parts, n.name+"="+n.peer)
	}
	return strings.Join(parts, ",")
}

func (n nodeArgs) launch(t *testing.T, more ...string) *process {
	t.Helper()
	return launch(t, append([]string{"start", "--node", n.name, "--data", n.data, "--sql", n.sql, "--peer", n.peer, "--http", n.http}, more...)...)
}

// alone says that the node is a cluster of its own.
func (n nodeArgs) alone() []string { return []string{"--cluster", n.name + "=" + n.peer} }

// wantServing waits until the node is healthy and has announced itself.
func (n nodeArgs) wantServing(p *process) {
	p.t.Helper()
	p.until("served", func() bool { return get(n.http, "/healthz") == "ok\n" })
}

// get returns the body of a page, "" if there is none.
func get(addr, path string) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		return ""
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

func TestHelpAndVersion(t *testing.T) {
	launch(t).wantExit(exitOK, "demo", "start", "version")
	launch(t, "--help").wantExit(exitOK, "demo", "start", "version")
	launch(t, "start", "--help").wantExit(exitOK, "--cluster", "--insecure", "--data")
	launch(t, "demo", "--help").wantExit(exitOK, "--nodes", "--sql-port")
	launch(t, "version").wantExit(exitOK, "walle ")
}

// A command line that makes no sense must be refused before anything is
// created, saying what is wrong with it.
func TestRefusedCommandLines(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, test := range []struct{ args, says string }{
		{"nonsense", "unknown command"},
		{"start --nonsense", "unknown flag"},
		{"start extra", "unknown command"},
		{"start --join h:1", "not supported yet"},
		{"start --sql :7432", "--insecure"},
		{"start --peer 0.0.0.0:7433", "--insecure"},
		{"start --http example.org:80", "--insecure"},
		{"start --sql 7432", "--sql"},
		{"start --cluster n1=127.0.0.1:1,n2=127.0.0.1:2", "--node"},
		{"start --node n3 --cluster n1=127.0.0.1:1,n2=127.0.0.1:2", "n1, n2"},
		{"start --node n1 --cluster n1=127.0.0.1:1,n1=127.0.0.1:2", "repeats"},
		{"start --node n1 --cluster n1=127.0.0.1:1,n2=127.0.0.1:1", "repeats"},
		{"start --node n1 --cluster n1", "name=host:port"},
		{"start --node n3 --sql 127.0.0.1:0 --peer 127.0.0.1:0", "which cluster node n3 belongs to"},
		{"start --log-level loud", "--log-level"},
		{"demo --nodes 0", "--nodes"},
		{"demo --sql-port 65530", "--sql-port"},
	} {
		args := strings.Fields(test.args)
		if args[0] != "nonsense" {
			args = append(args, "--data", data)
		}
		launch(t, args...).wantExit(exitRefused, "walle: ", test.says)
	}
	if _, err := os.Stat(data); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("a refused start left something: %v", err)
	}
}

// One node without others serves at once, ends in order, and finds its data
// again after a kill.
func TestSingleNode(t *testing.T) {
	n := nodes(t, 1)[0]
	p := n.launch(t, n.alone()...)
	n.wantServing(p)
	for _, name := range []string{"walle_catalog_version", "walle_scrub_damaged_ranges_total 0", "walle_scrub_round_ratio"} {
		if m := get(n.http, "/metrics"); !strings.Contains(m, name) {
			t.Fatalf("no %s in the metrics:\n%s", name, m)
		}
	}

	other := nodes(t, 1)[0]
	other.data = n.data
	other.launch(t).wantExit(exitRefused, n.data, "in use")

	p.terminate()
	p = n.launch(t)
	n.wantServing(p)
	p.kill()
	p = n.launch(t)
	n.wantServing(p)
	p.terminate()

	renamed := n
	renamed.name = "n7"
	renamed.launch(t).wantExit(exitRefused, "belongs to node n1", "n7")
}

func TestForeignDirectory(t *testing.T) {
	n := nodes(t, 1)[0]
	if err := os.MkdirAll(n.data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(n.data, "photo.jpg"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	n.launch(t).wantExit(exitRefused, n.data, "foreign", "photo.jpg")
}

func TestPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n := nodes(t, 1)[0]
	n.sql = l.Addr().String()
	n.launch(t, n.alone()...).wantExit(exitRefused, "--sql "+n.sql)
}

// A cluster forms when all its founders have met, survives the kill of any and
// of all, and takes no node whose disk has been exchanged.
func TestCluster(t *testing.T) {
	list := nodes(t, 3)
	cluster := clusterFlag(list)
	procs := make([]*process, 3)
	start := func(i int, more ...string) {
		t.Helper()
		procs[i] = list[i].launch(t, more...)
	}
	start(0, "--cluster", cluster)
	start(1, "--cluster", cluster)
	procs[0].until("waited for n3", func() bool { return strings.Contains(procs[0].out.String(), "member=n3") })
	if get(list[0].http, "/healthz") != "" {
		t.Fatal("a node serves before the cluster has formed")
	}
	start(2, "--cluster", cluster)
	connected := func(i int) {
		t.Helper()
		list[i].wantServing(procs[i])
		procs[i].until("connected to both others", func() bool {
			return strings.Contains(get(list[i].http, "/metrics"), "walle_peers_connected 2")
		})
	}
	for i := range procs {
		connected(i)
	}

	for _, p := range procs { // all at once; --cluster need not be said again
		p.kill()
	}
	for i := range procs {
		start(i)
	}
	for i := range procs {
		connected(i)
	}

	t.Run("other members", func(t *testing.T) {
		procs[2].terminate()
		list[2].launch(t, "--cluster", strings.Replace(cluster, "n1=", "n8=", 1)).wantExit(exitRefused, "n2, n3, n8", "n1, n2, n3")
	})
	t.Run("moved", func(t *testing.T) {
		list[2].peer = freePort(t)
		procs[2] = list[2].launch(t, "--cluster", clusterFlag(list))
		connected(2)
		connected(0)
		procs[2].terminate()
	})
	t.Run("wiped", func(t *testing.T) {
		list[2].data += "-new"
		list[2].launch(t, "--cluster", clusterFlag(list)).wantExit(exitRefused, "refuses this node", "wiped")
		if said := procs[0].out.String() + procs[1].out.String(); !strings.Contains(said, "wiped") {
			t.Fatal("the others do not say that they refused a node")
		}
	})
	procs[0].terminate()
	procs[1].terminate()
}

// Nodes that were told different clusters must not form one.
func TestDifferentClusters(t *testing.T) {
	list := nodes(t, 3)
	first := list[0].launch(t, "--cluster", clusterFlag(list[:2]))
	second := list[1].launch(t, "--cluster", clusterFlag(list))
	select {
	case <-first.done:
		first.wantExit(exitRefused, "refuses this node", "n1, n2, n3")
	case <-second.done:
		second.wantExit(exitRefused, "refuses this node", "n1, n2, n3")
	case <-time.After(patience):
		t.Fatal("neither noticed")
	}
}

// A node that waits for others ends in order too.
func TestTerminateWhileForming(t *testing.T) {
	list := nodes(t, 2)
	p := list[0].launch(t, "--cluster", clusterFlag(list))
	p.until("waited for n2", func() bool { return strings.Contains(p.out.String(), "member=n2") })
	p.terminate()
}

// The demo comes up, says how to connect, ends in order, and comes up again.
func TestDemo(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	_, port, err := net.SplitHostPort(freePort(t))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		p := launch(t, "demo", "--data", data, "--nodes", "2", "--sql-port", port)
		p.until("was ready", func() bool { return strings.Contains(p.out.String(), "CREATE STREAM") })
		p.wantSaid("n1 serves SQL on 127.0.0.1:"+port, "psql \"postgres://app@127.0.0.1:"+port+"/walle\"")
		p.terminate()
	}
}
