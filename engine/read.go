package engine

import (
	"context"
	"errors"
	"fmt"
	"math"

	"walle/engine/store"
	"walle/replication"
	"walle/replication/node"
)

// Read opens a scan. On a node without a replica it reads a member's.
func (e *Engine) Read(ctx context.Context, req ReadRequest) (Scanner, error) {
	if req.Follow && req.Descending {
		return nil, &Error{Op: "read", Stream: req.Stream, Kind: KindInvalid, Detail: "A descending read cannot follow."}
	}
	bounds, err := e.Bounds(ctx, req.Stream, req.Config)
	if err != nil {
		return nil, err
	}
	s := e.newScanner(req, bounds)
	if req.From != 0 && req.From < bounds.First && s.low <= s.high {
		return nil, trimmed("read", req.Stream, bounds.First)
	}
	return s, nil
}

// newScanner returns a scanner over what req asks for and bounds allow.
func (e *Engine) newScanner(req ReadRequest, bounds Bounds) *scanner {
	s := &scanner{engine: e, req: req, low: max(req.From, 1), high: req.To}
	if req.From == 0 {
		s.low = bounds.First
	}
	if s.high == 0 {
		s.high = math.MaxInt64
	}
	s.commit, s.page.most = bounds.Commit, pageBytesFollow
	if !req.Follow {
		s.high, s.page.most = min(s.high, bounds.Commit), pageBytesMost
	}
	s.members = otherMembers(req.Config, e.cfg.Self)
	return s
}

// scanner delivers low..high, narrowing it at one end as it goes. Entries come
// in pages: of the local store while this node has the entries, else of a scan
// of another member; for a replica with a gap, both in turn.
type scanner struct {
	engine  *Engine
	req     ReadRequest
	low     replication.EntryID // what is still to be delivered, with high
	high    replication.EntryID
	commit  replication.EntryID // what is known committed
	page    page
	remote  *memberScan          // the scan of members[0] that is under way, if any
	members []replication.NodeID // to read from, the next to try first
	// detour is up to where a run of entries is read from a member because
	// they turned out to be missing or damaged here; 0 without one.
	detour replication.EntryID
	// here forbids to ask other members: they ask us.
	here  bool
	entry *replication.Entry
	err   error
}

func (s *scanner) Entry() *replication.Entry { return s.entry }
func (s *scanner) Err() error                { return s.err }

func (s *scanner) Close() error {
	s.low, s.high = 1, 0
	return s.closeRemote()
}

func (s *scanner) closeRemote() error {
	if s.remote == nil {
		return nil
	}
	err := s.remote.Close()
	s.remote = nil
	return err
}

func (s *scanner) Next(ctx context.Context) bool {
	if s.err != nil && KindOf(s.err) != KindCancelled {
		return false
	}
	s.err = nil
	if s.low > s.high {
		return false
	}
	entry, err := s.next(ctx)
	if err != nil {
		s.err = s.engine.failure("read", s.req.Stream, err)
		return false
	}
	s.entry = entry
	if s.req.Descending {
		s.high--
	} else {
		s.low++
	}
	return true
}

// cursor is the id that comes next.
func (s *scanner) cursor() replication.EntryID {
	if s.req.Descending {
		return s.high
	}
	return s.low
}

// next returns the entry at the cursor.
func (s *scanner) next(ctx context.Context) (*replication.Entry, error) {
	if e := s.page.take(s.cursor()); e != nil {
		return e, nil
	}
	for {
		if ctx.Err() != nil || s.engine.closing.Err() != nil {
			return nil, s.engine.ended(ctx, "read", s.req.Stream)
		}
		if err := s.await(ctx); err != nil {
			return nil, err
		}
		here, err := s.localRun()
		if err != nil {
			return nil, err
		}
		if here.From > here.To {
			return s.nextRemote(ctx)
		}
		if err := s.closeRemote(); err != nil {
			return nil, err
		}
		if err := s.page.load(s.engine.cfg.Storage, here); err != nil || s.page.empty() {
			if err := s.missing(err); err != nil {
				return nil, err
			}
			continue
		}
		return s.page.take(s.cursor()), nil
	}
}

// await returns once the entry at the cursor is committed.
func (s *scanner) await(ctx context.Context) error {
	if s.cursor() <= s.commit {
		return nil
	}
	commit, err := s.engine.WaitCommit(ctx, s.req.Stream, s.req.Config, s.cursor()-1)
	if err != nil {
		return err
	}
	s.commit = commit
	return nil
}

// localRun returns the longest run of entries from the cursor on that this
// node's replica should hold; an empty one if it does not hold the first.
func (s *scanner) localRun() (node.ScanRequest, error) {
	run := node.ScanRequest{Stream: s.req.Stream, From: s.low, To: min(s.high, s.commit), Descending: s.req.Descending, NoData: s.req.NoData}
	if s.detouring() {
		return emptyRun(run), nil
	}
	p, ok := s.engine.node.Progress(s.req.Stream)
	if !ok || p.Gone() {
		return emptyRun(run), nil
	}
	// The commit is read before the gaps: what is committed and was a gap then
	// is either still one, or has been filled.
	commit := p.Commit()
	if first := p.First(); s.cursor() < first {
		return run, trimmed("read", s.req.Stream, first)
	}
	if s.req.Descending && s.cursor() > commit {
		return emptyRun(run), nil
	}
	run.To = min(run.To, commit)
	run.From = max(run.From, p.First())
	return withoutGaps(run, p.Gaps()), nil
}

// detouring reports whether the cursor is in the run that is read elsewhere.
func (s *scanner) detouring() bool {
	if s.detour == 0 {
		return false
	}
	if in := s.req.Descending && s.cursor() >= s.detour || !s.req.Descending && s.cursor() <= s.detour; in {
		return true
	}
	s.detour = 0
	return false
}

// withoutGaps cuts run short before the first gap on its way; nothing is left
// of it if it begins in one.
func withoutGaps(run node.ScanRequest, gaps []replication.Gap) node.ScanRequest {
	for _, g := range gaps {
		switch {
		case g.Hi < run.From || g.Lo > run.To:
		case run.Descending && g.Hi >= run.To, !run.Descending && g.Lo <= run.From:
			return emptyRun(run)
		case run.Descending:
			run.From = g.Hi + 1
		default:
			run.To = g.Lo - 1
		}
	}
	return run
}

func emptyRun(run node.ScanRequest) node.ScanRequest {
	run.From, run.To = 1, 0
	return run
}

// detourLength is how many entries are read from a member for one that turned
// out to be damaged here, before the local replica is tried again.
const detourLength = 256

// missing decides what it means that the entry at the cursor, which should be
// here, is not, or cannot be read for cause.
func (s *scanner) missing(cause error) error {
	loaded, ok, err := s.engine.cfg.Storage.Load(s.req.Stream)
	switch {
	case err != nil:
		return err
	case !ok:
		return noStream("read", s.req.Stream)
	case s.cursor() < loaded.State.First: // trimmed, but not published yet
		return trimmed("read", s.req.Stream, loaded.State.First)
	}
	if cause == nil {
		cause = &store.MissingError{Stream: s.req.Stream, Entry: s.cursor()}
	}
	if errors.Is(cause, node.ErrDamaged) {
		s.engine.node.Damaged(s.req.Stream, s.cursor(), s.cursor())
	}
	if s.here || len(s.members) == 0 {
		e := s.engine.failure("read", s.req.Stream, cause)
		if e.Kind == KindInternal {
			e.Kind = KindIO
		}
		e.Entry = s.cursor()
		return e
	}
	s.engine.cfg.Logger.Warn("an entry cannot be read here, reading it from another member",
		"stream", s.req.Stream, "entry", s.cursor(), "error", cause)
	if s.req.Descending {
		s.detour = s.cursor() - min(s.cursor()-1, detourLength)
	} else {
		s.detour = s.cursor() + detourLength
	}
	return nil
}

// nextRemote returns the entry at the cursor from a member, trying each once.
func (s *scanner) nextRemote(ctx context.Context) (*replication.Entry, error) {
	if s.here {
		return nil, &Error{Op: "read", Stream: s.req.Stream, Kind: KindNoQuorum, Entry: s.cursor(),
			Err: errors.New("the entry is not on this member")}
	}
	var worst *Error
	for range s.members {
		e, err := s.fromMember(ctx)
		if err == nil {
			return e, nil
		}
		if cerr := s.closeRemote(); cerr != nil {
			err = errors.Join(err, cerr)
		}
		if ctx.Err() != nil || s.engine.closing.Err() != nil {
			return nil, s.engine.ended(ctx, "read", s.req.Stream)
		}
		if f := s.engine.failure("read", s.req.Stream, FromPeer(err)); worst == nil || telling(f.Kind) > telling(worst.Kind) {
			worst = f
		}
		s.members = append(s.members[1:], s.members[0])
	}
	if worst == nil {
		return nil, s.nowhere()
	}
	if telling(worst.Kind) == 0 {
		worst.Kind = KindNoQuorum
	}
	return nil, worst
}

// nowhere says why the entry at the cursor, which is not here, is not anywhere:
// there are no other members.
func (s *scanner) nowhere() *Error {
	if _, ok := s.engine.node.Progress(s.req.Stream); !ok {
		return s.engine.absent("read", s.req.Stream)
	}
	return &Error{Op: "read", Stream: s.req.Stream, Kind: KindCorrupt, Entry: s.cursor(),
		Err: errors.New("it was damaged, and there is no other replica")}
}

// telling orders kinds by how much they say of the entry, rather than of the
// member that was asked.
func telling(k Kind) int {
	switch k {
	case KindTrimmed:
		return 3
	case KindCorrupt:
		return 2
	case KindNoStream:
		return 1
	}
	return 0
}

// fromMember returns the entry at the cursor from the first of the members. A
// scan that ends early is opened anew, to be told why.
func (s *scanner) fromMember(ctx context.Context) (*replication.Entry, error) {
	run := s.remoteRun()
	for fresh := false; ; {
		if s.remote == nil {
			r, err := s.engine.scanMember(ctx, s.members[0], run)
			if err != nil {
				return nil, err
			}
			s.remote, fresh = r, true
		}
		if err := s.page.receive(ctx, s.remote, run); err != nil {
			return nil, err
		}
		if e := s.page.take(s.cursor()); e != nil {
			return e, nil
		}
		if fresh {
			return nil, &Error{Op: "read", Stream: s.req.Stream, Kind: KindNoQuorum, Entry: s.cursor(),
				Err: fmt.Errorf("node %v does not have entry %d", s.members[0], s.cursor())}
		}
		if err := s.closeRemote(); err != nil {
			return nil, err
		}
	}
}

// remoteRun is what to ask a member for.
func (s *scanner) remoteRun() node.ScanRequest {
	run := node.ScanRequest{Stream: s.req.Stream, From: s.low, To: min(s.high, s.commit), Descending: s.req.Descending, NoData: s.req.NoData}
	switch {
	case s.detour == 0:
	case run.Descending:
		run.From = max(run.From, s.detour)
	default:
		run.To = min(run.To, s.detour)
	}
	return run
}
