package pgfront

import (
	"context"

	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/sql"
)

// copyPlan is COPY. It talks to the client itself, so run is not used.
type copyPlan struct{ stmt *sql.Copy }

func (p *copyPlan) params() []query.OID    { return nil }
func (p *copyPlan) columns() []query.Field { return nil }

func (p *copyPlan) run(context.Context, []query.Value) (*result, error) {
	return nil, datum.Unsupported("COPY within another statement")
}

func (s *session) planCopy(stmt *sql.Copy, r *resolver) (plan, error) {
	return nil, datum.Unsupported("COPY")
}

func (s *session) copy(ctx context.Context, p *copyPlan) error { return nil }
