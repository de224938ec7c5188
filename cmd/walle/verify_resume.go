package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"walle/engine/store"
	"walle/replication"
)

// verifyState is how far a run over a data directory has come, as it is kept in
// a file.
type verifyState struct {
	Node    replication.NodeID   `json:"node"`
	Asked   []string             `json:"only"`    // --stream
	Began   time.Time            `json:"began"`   // the first run
	Through replication.StreamID `json:"through"` // this and all lower ones are done
	// In and At are a stream that is under way.
	In    replication.StreamID `json:"in"`
	At    store.Checkpoint     `json:"at"`
	Tally tally                `json:"tally"`

	path  string
	saved time.Time
}

// saveVerifyEvery is how much work a kill costs.
const saveVerifyEvery = 2 * time.Second

// loadVerifyState returns what an earlier run of the same kind has left, or a
// new beginning; resumed tells which.
func loadVerifyState(o verifyOptions, node replication.NodeID) (st *verifyState, resumed bool, err error) {
	fresh := &verifyState{Node: node, Asked: o.streams, Began: time.Now(), path: o.resume}
	if o.restart {
		return fresh, false, nil
	}
	text, err := os.ReadFile(o.resume)
	if errors.Is(err, fs.ErrNotExist) {
		return fresh, false, nil
	}
	old := &verifyState{path: o.resume}
	if err == nil {
		err = json.Unmarshal(text, old)
	}
	if err != nil {
		return nil, false, fmt.Errorf("read %s, in which an earlier run has left how far it came: %w. --restart begins anew", o.resume, err)
	}
	if old.Node != node || !slices.Equal(old.Asked, o.streams) {
		return fresh, false, nil // it was about something else
	}
	return old, true, nil
}

// save writes the state, unless that was done a moment ago.
func (s *verifyState) save(now bool) error {
	if !now && time.Since(s.saved) < saveVerifyEvery {
		return nil
	}
	s.saved = time.Now()
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	next := s.path + ".new"
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return err
	}
	return os.Rename(next, s.path)
}

// remove ends what there is to resume.
func (s *verifyState) remove() error {
	if err := os.Remove(s.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
