// Package sqltests runs SQL logic tests: scripts of statements and the answers a user must see.
// It speaks to a server only as a client does, through pgx, so a script runs unchanged against one
// node, three nodes, any DSN, and, where it makes sense, against PostgreSQL, which is the oracle.
//
//	go test ./sqltests                                            one node, three nodes, PostgreSQL
//	go test ./sqltests -args -files 'slt/select*.slt'             only some scripts
//	go test ./sqltests -args -dsn 'postgres://u@h1,u@h2/walle'    servers that run already
//	go test ./sqltests -args -rewrite -files slt/x.slt            write what the server answers into x.slt
//
// # The dialect
//
// It is sqllogictest's. A script is a list of records apart by empty lines; # begins a comment line.
//
//	statement ok                       the SQL that follows must succeed
//	statement count N                  … and report N rows in its command tag
//	statement error REGEX              … must fail; REGEX is searched in the error's text (below)
//	query TYPES [nosort|rowsort|valuesort] [retry] [LABEL]
//	                                   the SQL, a line ----, then the rows; one letter a column: I integer,
//	                                   R number, B boolean, T anything. Two queries with one LABEL must agree
//	query error REGEX                  as statement error
//	halt                               ends the script here
//	hash-threshold N                   results of more than N values are compared by count and MD5
//	skipif TAG, onlyif TAG             guard the next record. Tags: walle or postgresql; simple or extended
//	                                   (the protocol); one or three (nodes)
//
// Columns of an expected row are apart by two blanks or more; NULL stands for null, (empty) for the
// empty string. A value that holds line breaks or double blanks is quoted as Go would. rowsort sorts
// rows, valuesort lists one value a line and sorts them.
//
// An error's text is `SQLSTATE: message` and then a line each, where the server sends them, of
// `DETAIL: …`, `HINT: …` and `POSITION: …`. In REGEX a dot matches line breaks too, so
// `23505: .*DETAIL: .*tail` reaches into the detail. Instead of REGEX the record may end with ---- and
// the whole text, compared literally. A connection that breaks counts as `08006: connection lost`.
//
// What the classical dialect lacks:
//
//	stream NAME [OPTIONS]              a fresh stream, claimed by this connection: DROP, CREATE STREAM … WITH
//	                                   (OPTIONS), CLAIM. PostgreSQL gets a table of the same columns whose
//	                                   trigger numbers rows densely and refuses holes
//	connection NAME [N]                go on in session NAME, opened on node N at first use. Without N, the
//	                                   sessions of a script go round the nodes; the first is "default", on node 1
//	reconnect NAME [N]                 close session NAME and open it again, on node N
//	notice REGEX                       wait until this session is sent a notice whose text matches
//	bind VALUE …                       parameters $1 … of the next record, as untyped text; NULL, or 'quoted'
//	async                              start the next record and go on; its session is busy until
//	await NAME                         session NAME's async record has ended, and is checked
//	cancel NAME                        cancel session NAME's async record, which ends thereby
//	let VAR                            the SQL that follows yields one value; ${VAR} is it from here on
//	loop VAR FROM TO … end             repeat with ${VAR} from FROM to TO-1
//	nodes N                            the script needs N nodes of its own, and is skipped elsewhere
//	node N kill|start|stop|pause|resume
//	                                   SIGKILL, start again, SIGTERM, SIGSTOP, SIGCONT
//
// retry repeats a query until it agrees or a deadline passes: for what becomes true soon, such as a
// follower's view.
//
// # Where to start
//
// script.go holds the records, parse.go reads them, run.go runs them over sessions (session.go).
// compare.go judges results, rewrite.go writes them back. cluster.go and oracle.go start the servers.
// The scripts are in slt/. The tests named after clients (psql, pgx, psycopg) and faults run the
// built walle binary too.
package sqltests
