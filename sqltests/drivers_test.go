package sqltests_test

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// driverTimeout ends a program that waits for something that does not come.
const driverTimeout = 3 * time.Minute

// application runs a program of testdata, which ends with 0 if it met no surprise.
func application(t *testing.T, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), driverTimeout)
	defer cancel()
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// python is Debian's, to which its packages belong; another may be first in PATH. The test is
// skipped where a module is missing.
func python(t *testing.T, modules ...string) string {
	t.Helper()
	const path = "/usr/bin/python3"
	for _, m := range modules {
		if out, err := exec.Command(path, "-c", "import "+m).CombinedOutput(); err != nil {
			t.Skipf("no %s: %v %s", m, err, out)
		}
	}
	return path
}

// TestPsycopg fails where a Python application on psycopg 3 meets something unexpected.
func TestPsycopg(t *testing.T) {
	interpreter := python(t, "psycopg")
	c := cluster(t, 3)
	application(t, interpreter, "testdata/psycopg_app.py", c.DSN(1), c.DSN(2))
}

// TestSQLAlchemy fails where a stream is not reflected as a table, or cannot be used as one.
// Its driver is psycopg2.
func TestSQLAlchemy(t *testing.T) {
	interpreter := python(t, "psycopg2", "sqlalchemy")
	c := cluster(t, 3)
	application(t, interpreter, "-W", "ignore", "testdata/sqlalchemy_app.py", c.DSN(1))
}

// TestDjango fails where manage.py inspectdb does not write a model that works.
func TestDjango(t *testing.T) {
	interpreter := python(t, "psycopg2", "django")
	c := cluster(t, 3)
	host, port, err := net.SplitHostPort(c.Addr(1))
	if err != nil {
		t.Fatal(err)
	}
	application(t, interpreter, "testdata/django_app.py", host, port)
}

// TestJDBC fails where a Java application, or a tool that asks JDBC for the tables, meets something
// unexpected.
func TestJDBC(t *testing.T) {
	const driver = "/usr/share/java/postgresql.jar" // Debian's libpostgresql-jdbc-java
	if _, err := os.Stat(driver); err != nil {
		t.Skip(err)
	}
	if _, err := exec.LookPath("javac"); err != nil { // java runs a source file only where there is a compiler
		t.Skip(err)
	}
	c := cluster(t, 3)
	url := func(node int) string { return fmt.Sprintf("jdbc:postgresql://%s/walle?user=app", c.Addr(node)) }
	application(t, "java", "-cp", driver, "testdata/jdbc/App.java", url(1), url(2))
}

// TestNode fails where an application on node-postgres meets something unexpected.
func TestNode(t *testing.T) {
	app := nodeApp(t)
	c := cluster(t, 3)
	application(t, "node", app, c.DSN(1), c.DSN(2))
}

// nodeApp copies the application to where its packages are, which are kept from one run to the next.
func nodeApp(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	dir := filepath.Join(cache, "walle-sqltests", "node")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	source := os.DirFS("testdata/node")
	fresh := true
	for _, name := range []string{"package.json", "package-lock.json", "app.js"} {
		text, err := fs.ReadFile(source, name)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if old, err := os.ReadFile(path); name != "app.js" && (err != nil || string(old) != string(text)) {
			fresh = false
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "pg")); err == nil && fresh {
		return filepath.Join(dir, "app.js")
	}
	ctx, cancel := context.WithTimeout(t.Context(), driverTimeout)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("npm ci: %v\n%s", err, out)
	}
	return filepath.Join(dir, "app.js")
}
