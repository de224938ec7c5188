package engine

import (
	"context"
	"fmt"
	"math"

	"walle/replication"
)

// verifyBytes is how much is read between two looks at the context.
const verifyBytes = 16 << 20

// Verification checks the copy of a stream that this node has, and nobody
// else's. One goroutine uses it.
type Verification struct {
	engine *Engine
	walk   *walk
	to     replication.EntryID
	border replication.EntryID
}

// Verify begins to check entries from..to, as far as they are committed here; 0
// is where the replica begins, or ends. Runs end at multiples of border at the
// latest, so that those of two members can be compared.
func (e *Engine) Verify(id replication.StreamID, from, to, border replication.EntryID) (*Verification, error) {
	if border == 0 {
		return nil, &Error{Op: "verify", Stream: id, Kind: KindInvalid, Detail: "Runs of no entries."}
	}
	w, err := e.newWalk(id, from)
	if err != nil {
		return nil, err
	}
	if to == 0 {
		to = math.MaxInt64
	}
	return &Verification{engine: e, walk: w, to: to, border: border}, nil
}

// Next checks the next run; ok is false when there is none.
func (v *Verification) Next(ctx context.Context) (r Run, ok bool, err error) {
	if ctx.Err() != nil || v.engine.closing.Err() != nil {
		return Run{}, false, v.engine.ended(ctx, "verify", v.walk.stream)
	}
	r, ok, err = v.walk.step(limit{to: v.to, border: v.border, bytes: verifyBytes})
	if err != nil {
		err = v.engine.failure("verify", v.walk.stream, fmt.Errorf("after entry %d: %w", v.walk.next-1, err))
	}
	if ok && r.State == RunDamaged { // as with what a read meets
		v.engine.node.Damaged(v.walk.stream, r.First, r.Last)
	}
	return r, ok, err
}
