package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func mustOpen(t *testing.T, fs vfs.FS) *Store {
	t.Helper()
	s, err := Open(Config{Dir: "data", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustClose(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// refusal is the kind of DirectoryError that opening data returns.
func refusal(t *testing.T, fs vfs.FS) (Refusal, string) {
	t.Helper()
	s, err := Open(Config{Dir: "data", FS: fs})
	if err == nil {
		s.Close()
		t.Fatal("opened")
	}
	var refused *DirectoryError
	if !errors.As(err, &refused) {
		t.Fatalf("error is no DirectoryError: %v", err)
	}
	return refused.Kind, err.Error()
}

func writeFile(t *testing.T, fs vfs.FS, name, text string) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A node that came back with another identity would not be believed, and one
// that forgot its name could be started as another.
func TestIdentityLasts(t *testing.T) {
	fs := vfs.NewMem()
	s := mustOpen(t, fs)
	id := s.Identity()
	if id.NodeID <= 1000 || id.Formed() {
		t.Fatalf("new directory is of %v", id)
	}
	if err := s.Form("a node", 77); err != nil {
		t.Fatal(err)
	}
	if err := s.Form("a node", 77); err != nil {
		t.Fatalf("forming again: %v", err)
	}
	if err := s.Form("another", 77); err == nil {
		t.Fatal("formed as another node")
	}
	if err := s.SetMeta("founders", []byte("n1 n2")); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)

	s = mustOpen(t, fs)
	defer mustClose(t, s)
	id.Name, id.Cluster = "a node", 77
	if s.Identity() != id {
		t.Fatalf("identity is %v, was %v", s.Identity(), id)
	}
	if seen, err := InspectDir(fs, "data"); err != nil || seen != id {
		t.Fatalf("inspected %v, %v", seen, err)
	}
	if v, ok, err := s.Meta("founders"); string(v) != "n1 n2" || !ok || err != nil {
		t.Fatalf("founders are %q, %v, %v", v, ok, err)
	}
	if _, ok, err := s.Meta("node"); ok || err != nil {
		t.Fatalf("a record nobody set: %v, %v", ok, err)
	}
}

// Each of these, opened all the same, would lose promises or somebody's files.
func TestDirectoryRefused(t *testing.T) {
	t.Run("locked", func(t *testing.T) {
		fs := vfs.NewMem()
		s := mustOpen(t, fs)
		defer mustClose(t, s)
		if kind, text := refusal(t, fs); kind != Locked || !strings.Contains(text, "data directory data is in use") {
			t.Fatal(text)
		}
	})
	t.Run("foreign files", func(t *testing.T) {
		fs := vfs.NewMem()
		fs.MkdirAll("data", 0o700)
		writeFile(t, fs, "data/thesis.txt", "all of it")
		if kind, text := refusal(t, fs); kind != Foreign || !strings.Contains(text, "thesis.txt") {
			t.Fatal(text)
		}
	})
	t.Run("newer format", func(t *testing.T) {
		fs := vfs.NewMem()
		mustClose(t, mustOpen(t, fs))
		writeFile(t, fs, "data/WALLE", "WALLE data directory, format 2\nanything\n")
		if kind, text := refusal(t, fs); kind != Newer || !strings.Contains(text, "format 2") {
			t.Fatal(text)
		}
	})
	t.Run("damaged stamp", func(t *testing.T) {
		fs := vfs.NewMem()
		s := mustOpen(t, fs)
		text := s.dir.stamp.String()
		mustClose(t, s)
		for i := range text {
			b := []byte(text)
			b[i] ^= 1
			writeFile(t, fs, "data/WALLE", string(b))
			if kind, text := refusal(t, fs); kind != Damaged && kind != Newer {
				t.Fatalf("bit of byte %d: %s", i, text)
			}
		}
	})
	t.Run("lost database", func(t *testing.T) {
		fs := vfs.NewMem()
		mustClose(t, mustOpen(t, fs))
		fs.RemoveAll("data/db")
		if kind, text := refusal(t, fs); kind != Damaged || !strings.Contains(text, "db is missing") {
			t.Fatal(text)
		}
	})
	t.Run("another's database", func(t *testing.T) {
		fs := vfs.NewMem()
		mustClose(t, mustOpen(t, fs))
		fs.Rename("data", "other")
		mustClose(t, mustOpen(t, fs))
		fs.RemoveAll("data/db")
		if err := fs.Rename("other/db", "data/db"); err != nil {
			t.Fatal(err)
		}
		if kind, text := refusal(t, fs); kind != Foreign || !strings.Contains(text, "db is of node") {
			t.Fatal(text)
		}
	})
}

// A tool must not leave traces, nor write by mistake.
func TestReadOnly(t *testing.T) {
	fs := vfs.NewMem()
	if _, err := Open(Config{Dir: "data", FS: fs, ReadOnly: true}); err == nil {
		t.Fatal("opened a directory that is not there")
	}
	if _, err := fs.Stat("data"); err == nil {
		t.Fatal("made a directory")
	}
	mustClose(t, mustOpen(t, fs))
	s, err := Open(Config{Dir: "data", FS: fs, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer mustClose(t, s)
	if err := s.SetMeta("a", nil); err == nil {
		t.Fatal("wrote")
	}
}
