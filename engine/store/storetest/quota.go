package storetest

import (
	"strings"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Quota is a file system of limited size. Files take the bytes that were written
// to them or preallocated.
type Quota struct {
	vfs.FS
	mu    sync.Mutex // guards below
	total int64
	used  int64
	files map[string]*quotaFile
}

// quotaFile is what the quota knows of a file.
type quotaFile struct {
	bytes int64
	names int
}

// NewQuota limits fs, which has no files yet.
func NewQuota(fs vfs.FS, total int64) *Quota {
	return &Quota{FS: fs, total: total, files: make(map[string]*quotaFile)}
}

// Take uses up bytes, as others do who write to the disk. With less than 0 they
// are given back.
func (q *Quota) Take(bytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.used += bytes
}

// Free is how many bytes are free.
func (q *Quota) Free() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.total - q.used
}

func (q *Quota) GetDiskUsage(string) (vfs.DiskUsage, error) {
	free := uint64(max(0, q.Free()))
	return vfs.DiskUsage{AvailBytes: free, TotalBytes: uint64(q.total), UsedBytes: uint64(q.total) - free}, nil
}

// grow makes f at least as large, if there is room.
func (q *Quota) grow(f *quotaFile, bytes int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	more := bytes - f.bytes
	if more <= 0 {
		return nil
	}
	if q.used+more > q.total {
		return syscall.ENOSPC
	}
	q.used += more
	f.bytes = bytes
	return nil
}

// drop takes a name away; the last takes the bytes.
func (q *Quota) drop(name string) {
	f := q.files[name]
	if f == nil {
		return
	}
	delete(q.files, name)
	if f.names--; f.names == 0 {
		q.used -= f.bytes
	}
}

// file is the file of a name; a new one, unless it is kept.
func (q *Quota) file(name string, keep bool) *quotaFile {
	q.mu.Lock()
	defer q.mu.Unlock()
	f := q.files[name]
	if f == nil || !keep {
		q.drop(name)
		f = &quotaFile{names: 1}
		q.files[name] = f
	}
	return f
}

func (q *Quota) open(file vfs.File, err error, name string, keep bool) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &quotaHandle{File: file, quota: q, file: q.file(name, keep)}, nil
}

func (q *Quota) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := q.FS.Create(name, c)
	return q.open(file, err, name, false)
}

func (q *Quota) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	file, err := q.FS.OpenReadWrite(name, c, o...)
	return q.open(file, err, name, true)
}

func (q *Quota) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := q.FS.ReuseForWrite(old, name, c)
	if err == nil {
		q.move(old, name)
	}
	return q.open(file, err, name, true)
}

func (q *Quota) move(old, name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	f := q.files[old]
	q.drop(name)
	delete(q.files, old)
	if f != nil {
		q.files[name] = f
	}
}

func (q *Quota) Rename(old, name string) error {
	if err := q.FS.Rename(old, name); err != nil {
		return err
	}
	q.move(old, name)
	return nil
}

func (q *Quota) Link(old, name string) error {
	if err := q.FS.Link(old, name); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if f := q.files[old]; f != nil {
		f.names++
		q.files[name] = f
	}
	return nil
}

func (q *Quota) Remove(name string) error {
	if err := q.FS.Remove(name); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drop(name)
	return nil
}

func (q *Quota) RemoveAll(name string) error {
	if err := q.FS.RemoveAll(name); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for file := range q.files {
		if strings.HasPrefix(file, name) {
			q.drop(file)
		}
	}
	return nil
}

func (q *Quota) Unwrap() vfs.FS { return q.FS }

// quotaHandle is a file that was opened to be written.
type quotaHandle struct {
	vfs.File
	quota *Quota
	file  *quotaFile
	at    int64
}

func (h *quotaHandle) Write(p []byte) (int, error) {
	if err := h.quota.grow(h.file, h.at+int64(len(p))); err != nil {
		return 0, err
	}
	n, err := h.File.Write(p)
	h.at += int64(n)
	return n, err
}

func (h *quotaHandle) WriteAt(p []byte, off int64) (int, error) {
	if err := h.quota.grow(h.file, off+int64(len(p))); err != nil {
		return 0, err
	}
	return h.File.WriteAt(p, off)
}

func (h *quotaHandle) Preallocate(off, length int64) error {
	return h.quota.grow(h.file, off+length)
}
