package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// A disk is where a node keeps its data: a file system of its own, in memory, of
// bounded size; or just a directory, which cannot be filled.
type disk struct {
	dir  string
	size int64 // 0 for a directory

	mu    sync.Mutex // guards what follows
	fills int        // faults that keep it full
	freed time.Time  // when it was full last; zero if never
}

// newDisk makes a disk; with size 0 a directory.
func newDisk(dir string, size int64) (*disk, error) {
	d := &disk{dir: dir, size: size}
	if err := os.MkdirAll(d.data(), 0o755); err != nil {
		return nil, err
	}
	if size == 0 {
		return d, nil
	}
	if err := mountMemory(dir, size); err != nil {
		return nil, fmt.Errorf("mount a disk of %d bytes: %w", size, err)
	}
	return d, os.MkdirAll(d.data(), 0o755)
}

func (d *disk) data() string   { return filepath.Join(d.dir, "data") }
func (d *disk) filler() string { return filepath.Join(d.dir, "filler") }

// fill takes the disk's last byte, and gives all back when free is called.
func (d *disk) fill() (free func(), err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := os.OpenFile(d.filler(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for block := make([]byte, 1<<20); len(block) > 0; {
		switch _, err := f.Write(block); {
		case errors.Is(err, syscall.ENOSPC):
			block = block[:len(block)/2]
		case err != nil:
			return nil, err
		}
	}
	d.fills++
	return d.free, nil
}

func (d *disk) free() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fills--; d.fills == 0 {
		_ = os.Remove(d.filler()) // a disk that stays full shows in all that follows
		d.freed = time.Now()
	}
}

// wasFull reports whether the disk is full, or was until just now.
func (d *disk) wasFull() bool {
	const justNow = 5 * time.Second // a process that saw it full may take a while to end
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fills > 0 || !d.freed.IsZero() && time.Since(d.freed) < justNow
}

// Close lets go of a disk in memory, and of all that is on it.
func (d *disk) Close() error {
	if d.size == 0 {
		return nil
	}
	return unmount(d.dir)
}

// copyTo copies the data of a disk in memory; other data stays where it is.
func (d *disk) copyTo(dir string) error {
	if d.size == 0 {
		return nil
	}
	return filepath.WalkDir(d.data(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(d.data(), path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(dir, name), 0o755)
		}
		return copyFile(path, filepath.Join(dir, name))
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
