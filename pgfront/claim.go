package pgfront

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"walle/catalog"
	"walle/engine"
	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/sql"
	"walle/pgfront/wire"
)

// claim is a stream that the session has claimed.
type claim struct {
	desc   catalog.Desc
	claim  *engine.Claim
	writer string
	last   atomic.Uint64 // the highest entry that was applied
	told   atomic.Bool   // an error has told the client that the claim is lost
}

// note keeps what became of an append. Any goroutine may call it.
func (c *claim) note(r engine.AppendResult) {
	if r.Err != nil {
		c.noteError(r.Err)
		return
	}
	for {
		have := c.last.Load()
		if have >= uint64(r.Last) || c.last.CompareAndSwap(have, uint64(r.Last)) {
			return
		}
	}
}

func (c *claim) noteError(err error) {
	if engine.KindOf(err) == engine.KindFenced {
		c.told.Store(true)
	}
}

// claimed returns the session's claim of a stream. A claim that was lost is
// said to be so once; from then on it is none.
func (s *session) claimed(desc catalog.Desc) (*claim, error) {
	c := s.claims[desc.ID]
	if c == nil {
		return nil, notClaimed(desc)
	}
	err := c.claim.Err()
	if err == nil {
		c.desc = desc // it may have been renamed
		return c, nil
	}
	delete(s.claims, desc.ID)
	if c.told.Load() || engine.KindOf(err) == engine.KindNotClaimed {
		return nil, notClaimed(desc)
	}
	return nil, err
}

func notClaimed(desc catalog.Desc) error {
	return &engine.Error{Op: "append", Stream: desc.ID, Name: desc.Name, Kind: engine.KindNotClaimed}
}

// tellOfLoss waits until the claim is over, and tells the client if it did not
// end it itself. It is a goroutine of its own.
func (s *session) tellOfLoss(c *claim) {
	<-c.claim.Lost()
	err := c.claim.Err()
	switch engine.KindOf(err) {
	case engine.KindNotClaimed, engine.KindShuttingDown:
		return
	}
	var out wire.Buffer
	sendNotice(&out, "NOTICE", s.server.explain(err))
	s.box.notify(out.Bytes())
}

// claimFields describe the row of CLAIM and RENEW.
var claimFields = []query.Field{
	field("stream", datum.TextOID), field("term", datum.Int8OID), field("writer", datum.TextOID),
	field("tail_entry_id", datum.Int8OID), field("lease_ms", datum.Int8OID), field("valid_ms", datum.Int8OID),
}

// claimRow is the claim's row. Its valid_ms counts from when the statement came,
// which is after the client began to count.
func (s *session) claimRow(c *claim) []query.Value {
	valid := c.claim.Valid()
	if valid > 0 {
		valid = min(valid+time.Since(s.tx.statementAt), c.claim.Lease()/4*3)
	}
	return []query.Value{
		datum.String(c.desc.Name), datum.Int(int64(c.claim.Term())), datum.String(c.writer),
		datum.Int(int64(c.claim.Next()) - 1), milliseconds(c.claim.Lease()), milliseconds(valid),
	}
}

// claimOptions are those of CLAIM … WITH.
type claimOptions struct {
	lease  time.Duration
	writer string
	quiet  bool
}

func readClaimOptions(stmt *sql.ClaimStream, desc catalog.Desc) (claimOptions, error) {
	o := claimOptions{lease: desc.Lease}
	for _, opt := range stmt.Options {
		switch opt.Name {
		case "lease":
			lease, err := leaseOption(stmt, opt)
			if err != nil {
				return o, err
			}
			o.lease = lease
		case "writer":
			o.writer = opt.Value
		case "renew":
			switch opt.Value {
			case "client":
				o.quiet = true
			case "node":
			default:
				return o, badOption(stmt, opt, "renew is 'node' or 'client'")
			}
		default:
			return o, badOption(stmt, opt, fmt.Sprintf("unrecognized option \"%s\" of CLAIM STREAM", opt.Name))
		}
	}
	return o, nil
}

func badOption(stmt sql.Statement, opt sql.Option, message string) *query.Error {
	return &query.Error{Code: "22023", Message: message, Position: stmt.Position(opt.Location)}
}

// leaseOption reads a lease: PostgreSQL's durations and Go's, milliseconds
// without a unit.
func leaseOption(stmt sql.Statement, opt sql.Option) (time.Duration, error) {
	lease, ok := parseDuration(opt.Value)
	if !ok || lease < catalog.LeaseMin || lease > catalog.LeaseMax {
		return 0, &query.Error{Code: "22023", Message: fmt.Sprintf("invalid value for option \"lease\": \"%s\"", opt.Value),
			Hint: fmt.Sprintf("A lease is from %v to %v, such as '10s'.", catalog.LeaseMin, catalog.LeaseMax), Position: stmt.Position(opt.Location)}
	}
	return lease, nil
}

var claimModes = map[sql.ClaimMode]engine.Mode{
	sql.ClaimWait: engine.Wait, sql.ClaimNoWait: engine.NoWait, sql.ClaimForce: engine.Force,
}

// noWaitMost is how long CLAIM … NOWAIT waits for a majority to say yes or no.
const noWaitMost = 2 * time.Second

// bounded ends ctx when no majority can be expected to answer op any more.
func (s *session) bounded(ctx context.Context, most time.Duration, op string, desc catalog.Desc) (context.Context, context.CancelFunc) {
	cause := s.server.describe(&engine.Error{Op: op, Stream: desc.ID, Name: desc.Name, Kind: engine.KindNoQuorum,
		Detail: fmt.Sprintf("It was waited for during %v.", most), Hint: "Look at walle.replicas, and try again."})
	return context.WithTimeoutCause(ctx, most, cause)
}

// claimStream runs CLAIM. A stream that the session has already is claimed
// anew, with a new term.
func (s *session) claimStream(ctx context.Context, stmt *sql.ClaimStream) (*result, error) {
	if stmt.Resume != "" {
		return nil, datum.Unsupported("CLAIM STREAM … RESUME")
	}
	if err := s.closeGroup(ctx, stmt); err != nil {
		return nil, err
	}
	desc, err := s.stream(ctx, stmt, stmt.Stream)
	if err != nil {
		return nil, err
	}
	o, err := readClaimOptions(stmt, desc)
	if err != nil {
		return nil, err
	}
	if stmt.Mode == sql.ClaimNoWait {
		var cancel context.CancelFunc
		ctx, cancel = s.bounded(ctx, noWaitMost, "claim", desc)
		defer cancel()
	}
	if err := s.dropOld(ctx, desc); err != nil {
		return nil, err
	}
	if timeout := s.timeouts.lock; timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, errLockTimeout)
		defer cancel()
	}
	wait := s.waitForClaim(desc)
	got, err := s.server.cfg.Engine.Claim(ctx, engine.ClaimRequest{
		Stream: desc.ID, Config: desc.Config, Mode: claimModes[stmt.Mode],
		Lease: o.lease, Writer: o.writer, Quiet: o.quiet,
	})
	reason := wait.end()
	if err != nil {
		return nil, withDetail(ended(ctx, err), reason)
	}
	c := &claim{desc: desc, claim: got, writer: o.writer}
	c.last.Store(uint64(got.Tail()))
	s.claims[desc.ID] = c
	s.watchers.Go(func() { s.tellOfLoss(c) })
	return rowResult(stmt.Tag(), s.claimRow(c)), nil
}

// withDetail adds a sentence to an error that has none.
func withDetail(err error, sentence string) error {
	told, ok := err.(*query.Error)
	if !ok || told.Detail != "" || sentence == "" {
		return err
	}
	more := *told
	more.Detail = sentence
	return &more
}

// dropOld gives back what the session has of the stream, so that it does not
// wait for its own lease.
func (s *session) dropOld(ctx context.Context, desc catalog.Desc) error {
	old := s.claims[desc.ID]
	if old == nil {
		return nil
	}
	delete(s.claims, desc.ID)
	if old.claim.Err() != nil {
		return nil
	}
	return ended(ctx, old.claim.Release(ctx))
}

func (s *session) renewStream(ctx context.Context, stmt *sql.RenewStream) (*result, error) {
	desc, err := s.stream(ctx, stmt, stmt.Stream)
	if err != nil {
		return nil, err
	}
	c, err := s.claimed(desc)
	if err != nil {
		return nil, err
	}
	ctx, cancel := s.bounded(ctx, s.timeouts.append, "renew", desc)
	defer cancel()
	if err := c.claim.Renew(ctx); err != nil {
		c.noteError(err)
		return nil, ended(ctx, err)
	}
	return rowResult(stmt.Tag(), s.claimRow(c)), nil
}

func (s *session) releaseStream(ctx context.Context, stmt *sql.ReleaseStream) (*result, error) {
	if err := s.closeGroup(ctx, stmt); err != nil {
		return nil, err
	}
	desc, err := s.stream(ctx, stmt, stmt.Stream)
	if err != nil {
		return nil, err
	}
	c, err := s.claimed(desc)
	if err != nil {
		return nil, err
	}
	delete(s.claims, desc.ID)
	if err := c.claim.Release(ctx); err != nil {
		c.claim.Drop()
		return nil, ended(ctx, err)
	}
	return &result{tag: stmt.Tag()}, nil
}
