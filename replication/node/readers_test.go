package node

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"testing/synctest"

	"walle/replication"
)

// stutters is a storage whose reads fail so many times.
type stutters struct {
	Storage
	fails int
	err   error
}

func (s *stutters) Read(r replication.Read) replication.ReadDone {
	if s.fails--; s.fails >= 0 {
		return replication.ReadDone{Err: fmt.Errorf("read: %w", s.err)}
	}
	return replication.ReadDone{}
}

// A read that fails must not be taken for damage, which gives up the entry: it is
// tried again, and in the end stops the node. Damage is told at once.
func TestReadsFail(t *testing.T) {
	for _, test := range []struct {
		name  string
		fails int
		err   error
		told  error // to the machine
		fatal error
	}{
		{"once", 1, syscall.EIO, nil, nil},
		{"three times", 3, syscall.EMFILE, nil, nil},
		{"for good", 4, syscall.EIO, nil, syscall.EIO},
		{"damage", 1, ErrDamaged, ErrDamaged, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := readers{storage: &stutters{fails: test.fails, err: test.err}, stopping: make(chan struct{})}
				done, err := r.read(replication.Read{Stream: 1, Ref: 5, From: 1, To: 9})
				if !errors.Is(err, test.fatal) || (err == nil) != (test.fatal == nil) {
					t.Fatalf("the node is stopped by %v", err)
				}
				if err == nil && (done.Ref != 5 || !errors.Is(done.Err, test.told) || (done.Err == nil) != (test.told == nil)) {
					t.Fatalf("the machine is told %+v", done)
				}
			})
		})
	}
}

// A node that stops does not wait for the disk to answer.
func TestReadsEnd(t *testing.T) {
	stopping := make(chan struct{})
	close(stopping)
	r := readers{storage: &stutters{fails: 1 << 30, err: syscall.EIO}, stopping: stopping}
	if _, err := r.read(replication.Read{}); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
}
