// Package sql turns SQL text into statement values: what arrives in a Query or
// Parse message leaves as an *Insert, a *ClaimStream, a *Select. It knows the
// grammar and nothing else: whether a stream or a column exists, what type a
// parameter has, and what a statement does, is for the planner to say.
//
// # Two grammars
//
// SQL is read by PostgreSQL's own parser (pg_query). The stream verbs, CREATE,
// DROP, ALTER, CLAIM, RENEW, RELEASE, TRIM and TAIL STREAM, are not SQL and are
// read by a parser of ours. One query may mix them:
//
//	BEGIN; CLAIM STREAM a; INSERT INTO a VALUES ('x;y'); COMMIT
//
//	text     checkText   size, NUL, UTF-8
//	tokens   scan        PostgreSQL's lexical rules
//	pieces   cut         at the semicolons outside of brackets
//	         weigh       refuses a piece that could overflow the C stack
//	         parseStream, or parseSQL and convert
//	values   []Statement
//
// An expression within a stream verb (TRIM STREAM s TO $1 - 10) is SQL again. It
// is given to PostgreSQL's parser behind blanks that put it at its place in the
// statement, and a TAIL STREAM within COPY, EXPLAIN, PREPARE or DECLARE is
// hidden from PostgreSQL's parser behind an empty SELECT of the same length: so
// every location in a tree is a byte of the statement, and Position makes of it
// what the client is told.
//
// # Why a text cannot kill the node
//
// pg_query is C in our process. A deep tree overflows its stack, some texts
// keep its scanner busy for days, and neither can be recovered from: limits.go
// bounds both before it is called, with the measurements that the bounds come
// from. The bounds hold only as long as both scanners see the same tokens,
// which FuzzScan checks.
//
// # Where to start
//
// statement.go has the values, testdata/parse shows them with their texts,
// parse.go is the way from one to the other. A session calls Cache.Parse for
// the simple protocol, and Cache.ParseOne for the extended one.
package sql
