// Command oracle compares package query with PostgreSQL: it makes random expressions and
// queries from PostgreSQL's own tables of functions, operators and casts, asks both, and
// compares values, types and SQLSTATEs.
//
//	go run ./tools/oracle -n 100000 -seed 1     a campaign; starts a PostgreSQL of its own
//	go run ./tools/oracle -seed 1 -only 4711    one case, printed with both answers
//	go run ./tools/oracle -refused              also list what is refused with 0A000
//
// A difference is shrunk to a small statement and counted under its kind. Kinds that stand
// in listed.tsv are known and have a reason, which docs/sql.md gives too. The exit code is
// 1 if there is any other.
//
// catalog.go chooses what may be called, literal.go has the values, expression.go and
// statement.go and correlated.go make statements, postgres.go and local.go answer them, campaign.go runs and
// compares, shrink.go makes cases small.
package main
