package pgfront

import (
	"context"
	"math"
	"slices"
	"time"

	"walle/catalog"
	"walle/engine"
	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/replication"
)

// streamRelation is a stream as a session sees it: what is committed, and what
// the session's transaction has buffered.
type streamRelation struct {
	session *session
	desc    catalog.Desc
	rel     *query.RelationDesc
}

func newStreamRelation(s *session, desc catalog.Desc) *streamRelation {
	return &streamRelation{session: s, desc: desc, rel: streamDesc(desc)}
}

func (r *streamRelation) Desc() *query.RelationDesc { return r.rel }

// ready waits until this node sees what the session has to see.
func (r *streamRelation) ready(ctx context.Context) error {
	eng := r.session.server.cfg.Engine
	if c := r.session.claims[r.desc.ID]; c != nil {
		if last := replication.EntryID(c.last.Load()); last > 0 {
			if _, err := eng.WaitCommit(ctx, r.desc.ID, r.desc.Config, last-1); err != nil {
				return err
			}
		}
	}
	if r.session.get("read_consistency") == "linearizable" {
		_, err := eng.ReadPoint(ctx, r.desc.ID, r.desc.Config)
		return err
	}
	return nil
}

// Scan is query.Relation's.
func (r *streamRelation) Scan(ctx context.Context, spec query.ScanSpec) (query.Rows, error) {
	if spec.Follow {
		return r.follow(ctx, spec)
	}
	if spec.Entries.Empty() || spec.Entries.To < 1 {
		return &rowList{}, nil
	}
	if err := r.ready(ctx); err != nil {
		return nil, err
	}
	req := r.request(spec)
	if err := r.narrow(ctx, &req, spec.AppendedAt); err != nil {
		return nil, err
	}
	buffered := r.buffered(spec.Entries)
	scan, err := r.session.server.cfg.Engine.Read(ctx, req)
	if err != nil {
		return nil, err
	}
	rows := &streamRows{scan: scan}
	if spec.Descending {
		slices.Reverse(buffered)
		rows.before = buffered
	} else {
		rows.after = buffered
	}
	return rows, nil
}

// request is what engine is asked for. An end that is not bounded is 0.
func (r *streamRelation) request(spec query.ScanSpec) engine.ReadRequest {
	req := engine.ReadRequest{
		Stream: r.desc.ID, Config: r.desc.Config, Descending: spec.Descending, Follow: spec.Follow,
		NoData: spec.Columns != nil && !spec.Columns[dataColumn],
	}
	if spec.Entries.From > 0 {
		req.From = replication.EntryID(spec.Entries.From)
	}
	if spec.Entries.To != math.MaxInt64 {
		req.To = replication.EntryID(spec.Entries.To)
	}
	return req
}

// The columns of a stream.
const (
	entryColumn = iota
	termColumn
	appendedColumn
	dataColumn
	streamColumns
)

// buffered are the rows within span that the transaction is going to append.
func (r *streamRelation) buffered(span query.Span) [][]query.Value {
	g := &r.session.tx.group
	if g.empty() || g.claim.desc.ID != r.desc.ID {
		return nil
	}
	row := entryRow{id: g.first, term: g.claim.claim.Term(), at: datum.Time(time.Now())}
	var rows [][]query.Value
	for _, data := range g.payloads {
		if id := int64(row.id); id >= span.From && id <= span.To {
			rows = append(rows, row.with(data))
		}
		row.id++
	}
	return rows
}

// DiskUsage is query.Sized's.
func (r *streamRelation) DiskUsage() (bytes int64, ok bool, err error) {
	n, ok, err := r.session.server.cfg.Engine.DiskUsage(r.desc.ID)
	return int64(n), ok, err
}

// CountRange is query.RangeStats'.
func (r *streamRelation) CountRange(ctx context.Context, entries query.Span) (query.RangeCount, error) {
	var c query.RangeCount
	if err := r.ready(ctx); err != nil {
		return c, err
	}
	b, err := r.session.server.cfg.Engine.Bounds(ctx, r.desc.ID, r.desc.Config)
	if err != nil {
		return c, err
	}
	first, last := int64(b.First), int64(b.Commit)
	if g := &r.session.tx.group; !g.empty() && g.claim.desc.ID == r.desc.ID {
		last = max(last, int64(g.next())-1)
	}
	if entries.From >= 1 && entries.From < first && entries.From <= min(entries.To, last) {
		return c, &engine.Error{Op: "read", Stream: r.desc.ID, Name: r.desc.Name, Kind: engine.KindTrimmed, First: b.First}
	}
	low, high := max(entries.From, first), min(entries.To, last)
	if low <= high {
		c = query.RangeCount{Count: high - low + 1, Min: low, Max: high}
	}
	return c, nil
}

// narrow cuts req to the entries whose appended_at may lie in span. They are
// found by bisection, since appended_at does not decrease.
func (r *streamRelation) narrow(ctx context.Context, req *engine.ReadRequest, span query.Span) error {
	if span.Full() {
		return nil
	}
	b, err := r.session.server.cfg.Engine.Bounds(ctx, r.desc.ID, r.desc.Config)
	if err != nil || b.First > b.Commit {
		return err
	}
	low, high := max(req.From, b.First), b.Commit
	if req.To != 0 {
		high = min(high, req.To)
	}
	if span.From != math.MinInt64 {
		from, err := r.firstSince(ctx, low, high, span.From)
		if err != nil {
			return err
		}
		if from > low {
			req.From = from
		}
	}
	if span.To != math.MaxInt64 {
		behind, err := r.firstSince(ctx, low, high, span.To+1)
		if err != nil {
			return err
		}
		if behind <= high {
			req.To = max(behind-1, 1)
		}
	}
	return nil
}

// firstSince is the first of the entries low..high that was appended at or
// after a time; high+1 if none was.
func (r *streamRelation) firstSince(ctx context.Context, low, high replication.EntryID, since int64) (replication.EntryID, error) {
	for low <= high {
		middle := low + (high-low)/2
		at, err := r.appendedAt(ctx, middle)
		if err != nil {
			return 0, err
		}
		if at >= since {
			high = middle - 1
		} else {
			low = middle + 1
		}
	}
	return low, nil
}

func (r *streamRelation) appendedAt(ctx context.Context, id replication.EntryID) (int64, error) {
	scan, err := r.session.server.cfg.Engine.Read(ctx, engine.ReadRequest{Stream: r.desc.ID, Config: r.desc.Config, From: id, To: id, NoData: true})
	if err != nil {
		return 0, err
	}
	defer scan.Close()
	if !scan.Next(ctx) {
		return 0, scan.Err()
	}
	return micros(scan.Entry()), nil
}

// micros is appended_at as PostgreSQL counts.
func micros(e *replication.Entry) int64 {
	const epoch = 946684800 * datum.MicrosPerSecond // 2000-01-01
	return e.AppendedAt - epoch
}
