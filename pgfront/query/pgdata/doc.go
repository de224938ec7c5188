// Package pgdata is PostgreSQL 15's own catalog of types, functions, operators and casts, as
// dumped by dump.sh. It holds signatures only: which overload a call means is decided from
// here exactly as PostgreSQL decides it, and an overload that has no implementation is
// refused by name.
package pgdata
