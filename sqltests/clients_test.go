package sqltests_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"walle/sqltests"
)

// A step of a transcript is a statement and the lines that psql prints for it.
type step struct {
	line      int
	statement string
	output    []string
}

// transcript reads a session of psql as a terminal shows it: a prompt, the statement, its output.
func transcript(text string, firstLine int) []step {
	var steps []step
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "walle=> "), strings.HasPrefix(line, "walle=*> "), strings.HasPrefix(line, "walle=!> "):
			_, statement, _ := strings.Cut(line, "> ")
			steps = append(steps, step{line: firstLine + i, statement: statement})
		case strings.HasPrefix(line, "walle-> ") && len(steps) > 0:
			steps[len(steps)-1].statement += "\n" + strings.TrimPrefix(line, "walle-> ")
		case len(steps) > 0:
			s := &steps[len(steps)-1]
			s.output = append(s.output, strings.TrimRight(line, " "))
		}
	}
	return steps
}

// play runs the steps in one session of psql and fails the test where the output differs.
func play(t *testing.T, file, dsn string, steps []step) {
	t.Helper()
	if len(steps) == 0 {
		t.Fatalf("%s: no session found", file)
	}
	var statements []string
	for _, s := range steps {
		statements = append(statements, s.statement)
	}
	answers := psql(t, dsn, statements)
	for i, s := range steps {
		var got []string
		for _, line := range strings.Split(strings.TrimRight(answers[i], "\n"), "\n") {
			got = append(got, strings.TrimRight(line, " "))
		}
		want := strings.TrimRight(strings.Join(s.output, "\n"), "\n")
		if got := strings.Join(got, "\n"); s.masked(got) != s.masked(want) {
			t.Errorf("%s:%d: %s\nexpected\n%s\nactual\n%s", file, s.line, s.statement, want, got)
		}
	}
}

// masked is output without the last column of a claim, which is the time that is left of it.
func (s step) masked(output string) string {
	if !strings.HasPrefix(s.statement, "CLAIM") && !strings.HasPrefix(s.statement, "RENEW") {
		return output
	}
	return regexp.MustCompile(`(?m)\d+$`).ReplaceAllString(output, "")
}

// fenced returns the code blocks of a language in a Markdown file, each with its first line.
func fenced(t *testing.T, file, language string) (blocks []string, lines []int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllSubmatchIndex(text, -1) {
		blocks = append(blocks, string(text[m[2]:m[3]]))
		lines = append(lines, 1+bytes.Count(text[:m[2]], []byte("\n")))
	}
	if len(blocks) == 0 {
		t.Fatalf("%s has no block of %s", file, language)
	}
	return blocks, lines
}

// TestREADME fails where the session or the program of the README do not do what it shows.
func TestREADME(t *testing.T) {
	const readme = "../README.md"
	c := cluster(t, 3)
	t.Run("psql", func(t *testing.T) {
		sessions, lines := fenced(t, readme, "psql")
		for i, text := range sessions {
			play(t, "README.md", c.DSN(1), transcript(text, lines[i]))
		}
	})
	t.Run("pgx", func(t *testing.T) {
		programs, _ := fenced(t, readme, "go")
		for _, text := range programs {
			runProgram(t, c, text)
		}
	})
}

// runProgram runs a program of the README against c instead of the demo's addresses.
func runProgram(t *testing.T, c *sqltests.Cluster, text string) {
	t.Helper()
	for node, addr := range []string{"127.0.0.1:7432", "127.0.0.1:7442", "127.0.0.1:7452"} {
		if !strings.Contains(text, addr) {
			t.Fatalf("the program does not name %s", addr)
		}
		text = strings.ReplaceAll(text, addr, c.Addr(node+1))
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", file)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// TestPsql fails where psql shows a stream otherwise than PostgreSQL would show such a table.
func TestPsql(t *testing.T) {
	files, err := filepath.Glob("testdata/*.psql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	c := cluster(t, 3)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			play(t, file, c.DSN(1), transcript(string(text), 1))
		})
	}
}

// TestDemo fails where walle demo does not serve, does not say how to connect, does not end when it is
// told to, or forgets what was appended.
func TestDemo(t *testing.T) {
	bin, data, port := walleBinary(t), filepath.Join(t.TempDir(), "data"), demoPort(t)
	for run := range 2 {
		stop := startDemo(t, bin, data, port)
		conn := connect(t, fmt.Sprintf("postgres://app@127.0.0.1:%d/walle?sslmode=disable", port+10))
		mustExec(t, conn, "CREATE STREAM IF NOT EXISTS demo WITH (lease = '1s')", "CLAIM STREAM demo", "INSERT INTO demo (data) VALUES ('x')")
		var n int
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM demo").Scan(&n); err != nil || n != run+1 {
			t.Errorf("run %d: %d entries: %v", run+1, n, err)
		}
		conn.Close(t.Context())
		stop()
	}
}

// demoPort finds a port of which the demo's others, 10 and 20 above it, are free too.
func demoPort(t *testing.T) int {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		free := l.Close() == nil
		for _, other := range []int{port + 10, port + 20} {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", other))
			free = free && err == nil && l.Close() == nil
		}
		if free {
			return port
		}
	}
	t.Fatal("no free ports for the demo")
	return 0
}

// startDemo returns when the demo has printed a line to paste.
func startDemo(t *testing.T, bin, data string, port int) (stop func()) {
	t.Helper()
	cmd := exec.Command(bin, "demo", "--data", data, "--sql-port", fmt.Sprint(port))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	kill := context.AfterFunc(ctx, func() { cmd.Process.Kill() }) // ends the reading, too
	lines := bufio.NewScanner(out)
	printed := ""
	for !strings.Contains(printed, "psql ") && lines.Scan() {
		printed += lines.Text() + "\n"
	}
	if !strings.Contains(printed, "psql ") || !strings.Contains(printed, fmt.Sprint(port)) {
		cancel()
		t.Fatalf("the demo prints no line for psql:\n%s", printed)
	}
	return func() {
		defer cancel()
		defer kill()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			printed += lines.Text() + "\n"
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the demo, told to stop: %v\n%s", err, printed)
		}
	}
}
