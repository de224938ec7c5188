// Package query answers SELECT: a typed planner and an executor over the tree of
// PostgreSQL's own parser.
//
// It knows relations only through the interfaces Resolver and Relation, and the session
// only through Session; it does no I/O of its own.
//
//	tree  --analyzer-->  typed expr and plan  --Execute-->  iterators  --Codec-->  wire
//
// Analysis follows PostgreSQL: names are resolved, literals of unknown type take the type
// of their context, operators and functions are chosen among PostgreSQL's own signatures
// (package pgdata) by its rules, implicit casts are inserted. What PostgreSQL has and this
// package has not is refused with 0A000 and its name; nothing is approximated.
//
// Where to start: api.go (how a session calls it), relation.go (what it reads from),
// expr.go (expressions), plan.go (plan nodes), builtin*.go (functions by the name of
// PostgreSQL's C function), pgcatalog*.go (pg_catalog from the list of relations).
package query
