package engine

import (
	"errors"
	"fmt"

	"walle/engine/store"
	"walle/replication"
	"walle/replication/node"
)

// Run is what was found of consecutive committed entries of one replica.
type Run struct {
	First, Last replication.EntryID
	State       RunState
	Chain       replication.Chain // RunWhole: of Last
	Bytes       int64             // RunWhole: of data
	Err         error             // RunDamaged: what is wrong with First
}

// RunState says whether the entries of a run are what was once appended.
type RunState uint8

const (
	RunWhole   RunState = iota + 1 // every checksum and the chain are right
	RunGap                         // the replica knows that it lacks them, and is fetching them
	RunDamaged                     // they cannot be read, or are not what was written
)

func (s RunState) String() string {
	switch s {
	case RunWhole:
		return "ok"
	case RunGap:
		return "gap"
	case RunDamaged:
		return "damaged"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// walk checks the committed entries of this node's replica, in order: each
// against its checksum, and all of them against the chain. It asks nobody else.
type walk struct {
	storage  node.Storage
	stream   replication.StreamID
	progress *node.Progress
	next     replication.EntryID // what is checked next
	// prev is the entry before next, if its chain is known. After an entry that
	// cannot be read it is not: then the next is only checked by its own sum.
	prev  replication.Position
	known bool
	other replication.Chain // what prev's chain may be as well, if it was wrong
}

// limit bounds one step of a walk.
type limit struct {
	to     replication.EntryID // the last entry wanted
	border replication.EntryID // it ends at a multiple of that; 0 is none
	bytes  int64
}

// newWalk begins at entry from, or where the replica begins.
func (e *Engine) newWalk(id replication.StreamID, from replication.EntryID) (*walk, error) {
	p, ok := e.node.Progress(id)
	if !ok {
		return nil, noStream("verify", id)
	}
	w := &walk{storage: e.cfg.Storage, stream: id, progress: p, next: max(from, 1)}
	if before, ok := w.entry(w.next - 1); ok && w.next > p.First() {
		w.prev, w.known = before, true
	}
	return w, nil
}

// step checks the next entries. It returns ok false when there are no more
// committed ones up to l.to.
func (w *walk) step(l limit) (r Run, ok bool, err error) {
	for {
		if w.progress.Gone() {
			return Run{}, false, noStream("verify", w.stream)
		}
		// The commit is read before the gaps: see Progress.publish.
		commit, gaps := w.progress.Commit(), w.progress.Gaps()
		if err := w.enter(w.progress.First()); err != nil {
			return Run{}, false, err
		}
		to := min(l.to, commit)
		if l.border > 0 {
			to = min(to, w.next+(l.border-1)-(w.next-1)%l.border)
		}
		if w.next > to {
			return Run{}, false, nil
		}
		if g, ok := gapAt(gaps, w.next); ok {
			return w.pass(g, to), true, nil
		}
		r, err := w.read(node.ScanRequest{Stream: w.stream, From: w.next, To: to}, gaps, l.bytes)
		if !errors.Is(err, errMoved) {
			return r, err == nil, err
		}
	}
}

// errMoved says that the disk is ahead of what was published of the replica.
var errMoved = errors.New("the replica has moved")

// gapAt is the gap that entry id lies in.
func gapAt(gaps []replication.Gap, id replication.EntryID) (replication.Gap, bool) {
	for _, g := range gaps {
		if g.Lo <= id && id <= g.Hi {
			return g, true
		}
	}
	return replication.Gap{}, false
}

// enter moves to first, the replica's first entry, if that lies ahead, and
// learns what is before it.
func (w *walk) enter(first replication.EntryID) error {
	if w.next > first || w.next == first && w.known {
		return nil
	}
	w.next, w.known = first, false
	state, err := w.state()
	if err != nil {
		return err
	}
	// It may have been trimmed further meanwhile.
	if state.Base.ID+1 == first {
		w.prev, w.known = state.Base, true
	}
	return nil
}

// state is what the disk has of the replica beside its entries.
func (w *walk) state() (replication.State, error) {
	loaded, ok, err := w.storage.Load(w.stream)
	switch {
	case err != nil:
		return replication.State{}, err
	case !ok && w.progress.Gone():
		return replication.State{}, noStream("verify", w.stream)
	case !ok: // nothing has been written yet
		return replication.State{First: 1}, nil
	}
	return loaded.State, nil
}

// pass goes on behind a gap, or behind to.
func (w *walk) pass(g replication.Gap, to replication.EntryID) Run {
	r := Run{First: w.next, Last: min(g.Hi, to), State: RunGap}
	w.next, w.known = r.Last+1, r.Last == g.Hi && g.HiChain != 0
	w.prev, w.other = replication.Position{ID: g.Hi, Chain: g.HiChain}, 0
	return r
}

// read checks the entries of run that lie before a gap. It stops before the
// first that is damaged, unless that is the next.
func (w *walk) read(run node.ScanRequest, gaps []replication.Gap, bytes int64) (Run, error) {
	run = withoutGaps(run, gaps)
	r := Run{First: run.From, State: RunWhole}
	scan := w.storage.Scan(run)
	for r.Bytes < bytes && scan.Next() && scan.Entry().ID == w.next {
		e := scan.Entry()
		if c := w.prev.Chain.Next(e.Sum); w.known && c != e.Chain && (w.other == 0 || w.other.Next(e.Sum) != e.Chain) {
			if r.Last == 0 {
				r = w.breach(e, c)
			}
			return r, scan.Close()
		}
		w.prev, w.known, w.other, w.next = e.Position(), true, 0, e.ID+1
		r.Last, r.Chain = e.ID, e.Chain
		r.Bytes += int64(e.Size())
	}
	err := scan.Err()
	if cerr := scan.Close(); err == nil {
		err = cerr
	}
	if r.Last != 0 { // what is behind it is left to the next step
		return r, nil
	}
	return w.unreadable(run.To, err)
}

// breach is the run of an entry whose bytes are right, but not its chain, which
// should be want.
func (w *walk) breach(e *replication.Entry, want replication.Chain) Run {
	w.prev, w.other, w.next = e.Position(), want, e.ID+1
	return Run{First: e.ID, Last: e.ID, State: RunDamaged, Err: &store.CorruptError{Stream: w.stream, Entry: e.ID,
		Err: fmt.Errorf("chain is %016x, and %016x by those of the entries before", uint64(e.Chain), uint64(want))}}
}

// damagedMost bounds how many entries one run of damaged ones has.
const damagedMost = 4096

// unreadable is the run of entries that cannot be read, from the next on. Cause
// is what the scan met; nil if it met nothing, and the entries are just not there.
func (w *walk) unreadable(to replication.EntryID, cause error) (Run, error) {
	if cause == nil {
		cause = &store.MissingError{Stream: w.stream, Entry: w.next}
	} else if !errors.Is(cause, node.ErrDamaged) {
		return Run{}, cause
	}
	r := Run{First: w.next, State: RunDamaged, Err: cause}
	// Up to what can be read from above: each try costs much, see store's salvage.
	for ahead := replication.EntryID(64); r.Last == 0; ahead *= 8 {
		high := min(to, w.next+ahead, w.next+damagedMost-1)
		if low := w.lowest(high); low <= high {
			r.Last = low - 1
			// Going down, the store may fail one entry early.
			if _, ok := w.entry(low - 1); ok && low-1 > r.First {
				r.Last--
			}
		} else if high < w.next+ahead {
			r.Last = high
		}
	}
	// What was trimmed meanwhile is not damaged, nor is what has become a gap.
	state, err := w.state()
	if err != nil {
		return Run{}, err
	}
	if err := w.enter(state.First); err != nil {
		return Run{}, err
	}
	if g, ok := gapAt(state.Gaps, w.next); ok {
		return w.pass(g, to), nil
	}
	if w.next != r.First || r.Last < r.First {
		return Run{}, errMoved
	}
	w.next, w.known = r.Last+1, false
	return r, nil
}

// lowest is the lowest entry from the next on from which all up to high can be
// read; high+1 if high can't.
func (w *walk) lowest(high replication.EntryID) replication.EntryID {
	scan := w.storage.Scan(node.ScanRequest{Stream: w.stream, From: w.next, To: high, Descending: true})
	low := high + 1
	for scan.Next() && scan.Entry().ID == low-1 {
		low--
	}
	scan.Close() // it has met what is known already
	return low
}

// entry is where a stored entry stands; ok is false if it can't be read.
func (w *walk) entry(id replication.EntryID) (at replication.Position, ok bool) {
	scan := w.storage.Scan(node.ScanRequest{Stream: w.stream, From: id, To: id})
	if ok = scan.Next(); ok {
		at = scan.Entry().Position()
	}
	return at, scan.Close() == nil && ok
}
