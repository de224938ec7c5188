package pgfront

import (
	"context"
	"time"

	"walle/catalog"
	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/sql"
	"walle/replication"
)

// resolver finds relations for one session. The one of a plan notes which
// streams it has found.
type resolver struct {
	session  *session
	snapshot *catalog.Snapshot // nil: whatever is current
	used     []dependency
	// refreshed: the snapshot is as fresh as can be.
	refreshed bool
	// doubt is what to say in place of "does not exist" about a stream that this
	// node does not know, if it could not ask.
	doubt *query.Error
}

func (r *resolver) now() *catalog.Snapshot {
	if r.snapshot != nil {
		return r.snapshot
	}
	return r.session.server.cfg.Catalog.Snapshot()
}

// streamFor finds the stream that a statement names.
func (r *resolver) streamFor(stmt sql.Statement, n sql.Name) (catalog.Desc, error) {
	name, err := r.session.streamName(stmt, n)
	if err != nil {
		return catalog.Desc{}, err
	}
	desc, ok := r.lookup(name)
	if !ok {
		return catalog.Desc{}, errNoRelation(stmt, n)
	}
	return desc, nil
}

// lookup finds a stream by its name. For a plan, one that this node has not
// heard of is asked for, once: it may have been made on another a moment ago.
func (r *resolver) lookup(name string) (catalog.Desc, bool) {
	desc, ok := r.now().Stream(name)
	if r.snapshot == nil {
		return desc, ok
	}
	if !ok && !r.refreshed {
		r.refreshed = true
		var err error
		r.snapshot, err = r.session.freshCatalog(r.session.planning())
		if desc, ok = r.snapshot.Stream(name); !ok && err != nil {
			r.doubt = errDoubt(name, err)
		}
	}
	if ok {
		r.used = append(r.used, dependency{name, desc.ID})
	}
	return desc, ok
}

// lookupPatience is how long to ask the cluster about a stream that this node
// does not know: when all nodes have just started, nobody knows how far the
// catalog goes before the lease of its last writer is over.
const lookupPatience = 5 * time.Second

// freshCatalog is the catalog with all that happened before the call. With an
// error it is what this node has learned by now: just after its start, that may
// be more than a moment ago.
func (s *session) freshCatalog(ctx context.Context) (*catalog.Snapshot, error) {
	bounded, cancel := context.WithTimeout(ctx, lookupPatience)
	defer cancel()
	fresh, err := s.server.cfg.Catalog.Refresh(bounded)
	if err != nil {
		return s.server.cfg.Catalog.Snapshot(), ended(bounded, err)
	}
	return fresh, nil
}

// planning is the context of the statement that is being planned.
func (s *session) planning() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy {
		return s.scope
	}
	return context.Background()
}

// Relation is query.Resolver's.
func (r *resolver) Relation(schema, name string) (query.Relation, bool) {
	switch schema {
	case schemaPublic:
		if desc, ok := r.lookup(name); ok {
			return newStreamRelation(r.session, desc), true
		}
	case schemaWalle:
		for _, rel := range r.session.systemRelations() {
			if rel.Desc().Name == name {
				return rel, true
			}
		}
	}
	return nil, false
}

// Relations is query.Resolver's.
func (r *resolver) Relations() []query.Relation {
	list := r.session.systemRelations()
	for desc := range r.now().Streams() {
		list = append(list, newStreamRelation(r.session, desc))
	}
	return list
}

// RelationByOID is query.Resolver's.
func (r *resolver) RelationByOID(oid query.OID) (query.Relation, bool) {
	if oid < firstStreamOID {
		for _, rel := range r.session.systemRelations() {
			if rel.Desc().OID == oid {
				return rel, true
			}
		}
		return nil, false
	}
	desc, ok := r.now().StreamByID(replication.StreamID(oid - firstStreamOID))
	if !ok {
		return nil, false
	}
	return newStreamRelation(r.session, desc), true
}

// Databases is query.Resolver's.
func (r *resolver) Databases() []string { return []string{r.session.server.cfg.Database} }

// firstStreamOID is PostgreSQL's first OID of what users make. Below it, and
// above systemOID, are the relations of schema walle.
const (
	systemOID      = 16000
	firstStreamOID = 16384
)

// streamOID is a stream's, as long as fewer than 4 billion were ever made.
func streamOID(id replication.StreamID) query.OID {
	return query.OID(firstStreamOID + uint32(id))
}

func streamDesc(desc catalog.Desc) *query.RelationDesc {
	return query.StreamRelation(desc.Name, streamOID(desc.ID))
}

// column is a column of a relation of schema walle.
func column(name string, typ query.OID) query.Column { return query.Column{Name: name, Type: typ} }

func text(name string) query.Column   { return column(name, datum.TextOID) }
func bigint(name string) query.Column { return column(name, datum.Int8OID) }
