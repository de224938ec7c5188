package pgfront

import (
	"context"
	"time"

	"walle/engine"
	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/replication"
)

var replicasDesc = query.SystemRelation("replicas", systemOID+3,
	text("stream"), text("node"), column("reached", datum.BoolOID), bigint("flush"), bigint("commit"), bigint("first"),
	bigint("gaps"), bigint("missing"), bigint("lag"), bigint("term"), text("damage"),
	bigint("verified_to"), column("verified_at", datum.TimestamptzOID), bigint("damaged"), bigint("repaired"))

// listReplicas shows how every replica of every stream stands. What cannot be
// known of one is null.
func (s *session) listReplicas(ctx context.Context) ([][]query.Value, error) {
	list, err := s.statuses(ctx)
	scrubbed := s.scrubbed(ctx, list)
	snapshot := s.server.cfg.Catalog.Snapshot()
	var rows [][]query.Value
	for _, st := range list {
		var tail replication.EntryID
		for _, r := range st.replicas {
			tail = max(tail, r.Status.Commit)
		}
		for _, r := range st.replicas {
			row := []query.Value{datum.String(st.desc.Name), datum.String(nodeName(snapshot, r.Node)), datum.Bool(r.Reached)}
			row = append(row, standing(r, tail)...)
			rows = append(rows, append(row, verified(scrubbed[replicaKey{r.Node, st.desc.ID}])...))
		}
	}
	return rows, err
}

// standing is the columns from flush to damage.
func standing(r engine.ReplicaStatus, tail replication.EntryID) []query.Value {
	damage := datum.Null
	if r.Damage != "" {
		damage = datum.String(r.Damage)
	}
	if !r.Hosted {
		return append(make([]query.Value, 7), damage)
	}
	st := r.Status
	return []query.Value{
		number(st.Flush), number(st.Commit), number(st.First), number(st.Gaps), number(st.Missing),
		number(max(tail, st.Flush) - st.Flush), number(st.Promised), damage,
	}
}

// verified is the columns of the scrub.
func verified(k *engine.Scrubbed) []query.Value {
	if k == nil {
		return make([]query.Value, 4)
	}
	at := datum.Null
	if k.At != 0 {
		at = datum.Time(time.UnixMicro(k.At))
	}
	return []query.Value{number(k.To), at, number(k.Damaged), number(k.Repaired)}
}

type replicaKey struct {
	node   replication.NodeID
	stream replication.StreamID
}

// scrubbedAtOnce is of how many streams a node is asked in one call.
const scrubbedAtOnce = 8192

// scrubbed asks the nodes what their scrubs know of replicas. One that does not
// answer, or whose scrub is off, says nothing.
func (s *session) scrubbed(ctx context.Context, list []statusOf) map[replicaKey]*engine.Scrubbed {
	type question struct {
		node replication.NodeID
		ids  []replication.StreamID
		said []engine.Scrubbed
	}
	var questions []*question
	open := make(map[replication.NodeID]*question)
	for _, st := range list {
		for _, r := range st.replicas {
			if !r.Hosted {
				continue
			}
			q := open[r.Node]
			if q == nil || len(q.ids) == scrubbedAtOnce {
				q = &question{node: r.Node}
				open[r.Node] = q
				questions = append(questions, q)
			}
			q.ids = append(q.ids, st.desc.ID)
		}
	}
	inParallel(ctx, len(questions), func(i int) {
		q := questions[i]
		q.said, _ = s.server.cfg.Engine.Scrubbed(ctx, q.node, q.ids) // not known is null
	})
	known := make(map[replicaKey]*engine.Scrubbed)
	for _, q := range questions {
		for i := range q.said {
			if k := &q.said[i]; *k != (engine.Scrubbed{}) {
				known[replicaKey{q.node, q.ids[i]}] = k
			}
		}
	}
	return known
}
