package pgfront

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"walle/catalog"
	"walle/engine"
	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/replication"
)

// systemRelations are those of schema walle, as a session sees them.
func (s *session) systemRelations() []query.Relation {
	return []query.Relation{
		query.TableFunc(nodesDesc, s.listNodes),
		query.TableFunc(streamsDesc, s.listStreams),
		query.TableFunc(replicasDesc, s.listReplicas),
		query.TableFunc(writersDesc, s.listWriters),
		query.TableFunc(sessionsDesc, s.listSessions),
		query.TableFunc(settingsDesc, s.listSettings),
	}
}

var (
	nodesDesc = query.SystemRelation("nodes", systemOID+1,
		text("name"), text("node_id"), text("peer_addr"), text("sql_addr"), column("alive", datum.BoolOID), text("version"), bigint("streams"),
		bigint("free_bytes"), bigint("min_free_bytes"), column("disk_full", datum.BoolOID))
	streamsDesc = query.SystemRelation("streams", systemOID+2,
		text("name"), bigint("stream_id"), bigint("replicas"), column("members", datum.TextArrayOID), bigint("lease_ms"),
		bigint("first_entry_id"), bigint("tail_entry_id"), column("created_at", datum.TimestamptzOID))
	writersDesc = query.SystemRelation("writers", systemOID+4,
		text("stream"), bigint("term"), text("writer"), text("node"), bigint("lease_ms"), bigint("remaining_ms"))
	sessionsDesc = query.SystemRelation("sessions", systemOID+5,
		text("node"), column("pid", datum.Int4OID), text("user_name"), text("database"), text("client_addr"), text("application_name"),
		text("state"), text("statement"), column("started_at", datum.TimestamptzOID), column("state_since", datum.TimestamptzOID), bigint("in_flight"))
	settingsDesc = query.SystemRelation("settings", systemOID+6,
		text("name"), text("value"), text("source"), text("description"))
)

func number[N ~int | ~int64 | ~uint64](n N) query.Value { return datum.Int(int64(n)) }

func milliseconds(d time.Duration) query.Value { return datum.Int(d.Milliseconds()) }

func (s *session) listNodes(ctx context.Context) ([][]query.Value, error) {
	snapshot := s.server.cfg.Catalog.Snapshot()
	held := make(map[replication.NodeID]int)
	for desc := range snapshot.Streams() {
		for _, m := range desc.Config.Members {
			held[m]++
		}
	}
	var ids []replication.NodeID
	for _, n := range snapshot.Nodes() {
		ids = append(ids, n.ID)
	}
	spaces := s.server.cfg.Engine.Spaces(ctx, ids)
	var rows [][]query.Value
	for i, n := range snapshot.Nodes() {
		free, reserve, full := datum.Null, datum.Null, datum.Null
		if spaces[i].Known {
			free, reserve, full = number(spaces[i].Free), number(spaces[i].Reserve), datum.Bool(spaces[i].Full())
		}
		rows = append(rows, []query.Value{
			datum.String(n.Name), datum.String(fmt.Sprintf("%016x", uint64(n.ID))), datum.String(n.PeerAddr), datum.String(n.SQLAddr),
			datum.Bool(s.server.cfg.Alive(n.ID)), datum.String(n.Version), number(held[n.ID]), free, reserve, full,
		})
	}
	return rows, nil
}

func nodeName(snapshot *catalog.Snapshot, id replication.NodeID) string {
	if n, ok := snapshot.NodeByID(id); ok {
		return n.Name
	}
	return id.String()
}

func (s *session) listStreams(ctx context.Context) ([][]query.Value, error) {
	snapshot := s.server.cfg.Catalog.Snapshot()
	descs := slices.Collect(snapshot.Streams())
	rows := make([][]query.Value, len(descs))
	return rows, inParallel(ctx, len(descs), func(i int) {
		d := descs[i]
		var members []string
		for _, m := range d.Config.Members {
			members = append(members, nodeName(snapshot, m))
		}
		slices.Sort(members)
		first, tail := datum.Null, datum.Null
		if b, err := s.server.cfg.Engine.Bounds(ctx, d.ID, d.Config); err == nil {
			first, tail = number(b.First), number(max(b.Commit, s.acknowledged(d.ID)))
		}
		rows[i] = []query.Value{
			datum.String(d.Name), number(d.ID), number(len(d.Config.Members)), datum.TextArray(members), milliseconds(d.Lease),
			first, tail, datum.Time(d.CreatedAt),
		}
	})
}

// acknowledged is the last entry that the session knows to be in a stream that
// it has claimed: its node's replica may hear of that a little later.
func (s *session) acknowledged(id replication.StreamID) replication.EntryID {
	if c := s.claims[id]; c != nil {
		return replication.EntryID(c.last.Load())
	}
	return 0
}

// statusOf is how the replicas of one stream stand.
type statusOf struct {
	desc     catalog.Desc
	replicas []engine.ReplicaStatus
}

// statuses asks the members of every stream.
func (s *session) statuses(ctx context.Context) ([]statusOf, error) {
	descs := slices.Collect(s.server.cfg.Catalog.Snapshot().Streams())
	list := make([]statusOf, len(descs))
	errs := make([]error, len(descs))
	err := inParallel(ctx, len(descs), func(i int) {
		list[i].desc = descs[i]
		list[i].replicas, errs[i] = s.server.cfg.Engine.Status(ctx, descs[i].ID, descs[i].Config)
	})
	for _, e := range errs {
		if e != nil && err == nil {
			err = e
		}
	}
	return list, err
}

// askedAtOnce is how many streams' members are asked at the same time.
const askedAtOnce = 32

// inParallel calls do for 0..n-1, and stops early when ctx ends.
func inParallel(ctx context.Context, n int, do func(int)) error {
	var running sync.WaitGroup
	places := make(chan struct{}, askedAtOnce)
	for i := 0; i < n && ctx.Err() == nil; i++ {
		places <- struct{}{}
		running.Go(func() {
			do(i)
			<-places
		})
	}
	running.Wait()
	return ctx.Err()
}

// listWriters shows the streams that somebody has: a majority holds to his lease.
func (s *session) listWriters(ctx context.Context) ([][]query.Value, error) {
	list, err := s.statuses(ctx)
	snapshot := s.server.cfg.Catalog.Snapshot()
	var rows [][]query.Value
	for _, st := range list {
		w, ok := writerOf(st)
		if !ok {
			continue
		}
		rows = append(rows, []query.Value{
			datum.String(st.desc.Name), number(w.Promised), datum.String(w.Holder), datum.String(nodeName(snapshot, w.Claim.Node)),
			milliseconds(w.Lease), milliseconds(w.Remaining),
		})
	}
	return rows, err
}

// writerOf finds who has a stream: the claim of the highest term, if the lease
// of its that some replica grants still runs.
func writerOf(st statusOf) (replication.Status, bool) {
	var w replication.Status
	for _, r := range st.replicas {
		if r.Hosted && (r.Status.Promised > w.Promised || r.Status.Promised == w.Promised && r.Status.Remaining > w.Remaining) {
			w = r.Status
		}
	}
	return w, w.Remaining > 0 && !w.Claim.IsZero()
}

func (s *session) listSessions(context.Context) ([][]query.Value, error) {
	var rows [][]query.Value
	for _, other := range s.server.sessionsNow() {
		other.mu.Lock()
		a := other.activity
		other.mu.Unlock()
		rows = append(rows, []query.Value{
			datum.String(s.server.cfg.Node), number(int(other.pid)), datum.String(other.user), datum.String(other.database),
			datum.String(other.conn.RemoteAddr().String()), datum.String(a.application), datum.String(a.state),
			datum.String(strings.ToValidUTF8(a.statement[:min(len(a.statement), statementShown)], "")),
			datum.Time(other.since), datum.Time(a.since), number(other.box.waiting()),
		})
	}
	slices.SortFunc(rows, func(a, b []query.Value) int { return int(a[1].Int() - b[1].Int()) })
	return rows, nil
}

// statementShown is how much of a statement walle.sessions shows, in bytes.
const statementShown = 1024

func (s *session) listSettings(context.Context) ([][]query.Value, error) {
	var rows [][]query.Value
	for _, d := range s.server.settings.list {
		_, source := s.values.get(d)
		rows = append(rows, []query.Value{datum.String(d.name), datum.String(s.show(d)), datum.String(source), datum.String(d.text)})
	}
	return rows, nil
}
