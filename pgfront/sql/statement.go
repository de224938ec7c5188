package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
)

// Statement is one parsed statement. Its dynamic type, a pointer to one of the
// structs of this package, says which. Statements are never changed once they
// are made, so they are shared between sessions and kept in a Cache.
type Statement interface {
	// Tag is the command tag without counts: "INSERT", "CREATE STREAM".
	Tag() string
	// Text is the statement's own text, from its first to its last token.
	Text() string
	// Offset is where Text begins in the query, in bytes.
	Offset() int
	// Params is the highest n of the $n that the statement refers to.
	Params() int
	// Position turns a Location of the statement or of its pg_query nodes into
	// what the client is told: the 1-based character in the whole query.
	Position(location int32) int
}

// Source is the part of a query that one statement was read from. Every
// statement embeds one.
type Source struct {
	query  string
	base   int // byte of the query that location 0 is
	offset int // bytes of the query that are the statement
	end    int
	params int
}

// Name is the name of a stream or of another relation, as it was written.
// Schema and Database are empty when they were not given.
type Name struct {
	Database string
	Schema   string
	Name     string
	Location int32
}

// Column is a column name in a list of columns.
type Column struct {
	Name     string
	Location int32
}

// Option is one entry of WITH (name = value, …) and of its like. A name
// without a value stands for name = true.
type Option struct {
	Name     string // in lower case
	Kind     OptionKind
	Value    string // a bool is "true" or "false", a list is empty
	List     []string
	Location int32
}

// OptionKind is how an option's value was written.
type OptionKind uint8

const (
	OptionBool   OptionKind = iota // true, false, on, off, or no value at all
	OptionNumber                   // 3, -1, 2.5
	OptionString                   // '10s'
	OptionWord                     // csv
	OptionList                     // (a, b): only in COPY
	OptionStar                     // *: only in COPY
)

// CreateStream is CREATE STREAM [IF NOT EXISTS] s [WITH (…)].
type CreateStream struct {
	Source
	Stream      Name
	IfNotExists bool
	Options     []Option
}

// DropStream is DROP STREAM [IF EXISTS] s.
type DropStream struct {
	Source
	Stream   Name
	IfExists bool
}

// AlterStream is ALTER STREAM [IF EXISTS] s followed by one action.
type AlterStream struct {
	Source
	Stream   Name
	IfExists bool
	Action   AlterAction
}

// AlterAction is one of AddReplica, DropReplica, ReplaceReplica, SetOptions,
// and RenameStream.
type AlterAction interface{ alterAction() }

type (
	// AddReplica is ADD REPLICA n4.
	AddReplica struct{ Node string }
	// DropReplica is DROP REPLICA n3.
	DropReplica struct{ Node string }
	// ReplaceReplica is REPLACE REPLICA n3 WITH n4.
	ReplaceReplica struct{ Old, New string }
	// SetOptions is SET (name = value, …).
	SetOptions struct{ Options []Option }
	// RenameStream is RENAME TO t.
	RenameStream struct{ To string }
)

// ClaimStream is CLAIM STREAM s [WAIT | NOWAIT | FORCE] [RESUME 'token'] [WITH (…)].
type ClaimStream struct {
	Source
	Stream  Name
	Mode    ClaimMode
	Resume  string // empty: a new claim
	Options []Option
}

// ClaimMode says what a claim does about a living writer.
type ClaimMode uint8

const (
	ClaimWait   ClaimMode = iota // wait until its lease lapses
	ClaimNoWait                  // give up at once
	ClaimForce                   // fence it
)

// RenewStream is RENEW STREAM s.
type RenewStream struct {
	Source
	Stream Name
}

// ReleaseStream is RELEASE STREAM s.
type ReleaseStream struct {
	Source
	Stream Name
}

// TrimStream is TRIM STREAM s TO n: the entries below n go.
type TrimStream struct {
	Source
	Stream Name
	To     Value
}

// TailStream is TAIL STREAM s [FROM n] [WHERE condition].
type TailStream struct {
	Source
	Stream Name
	From   *Value         // nil: from what is committed next
	Where  *pg_query.Node // nil: every entry
}

// Insert is INSERT INTO s. It has Rows, or a Query that makes them.
type Insert struct {
	Source
	Stream  Name
	Alias   string   // of AS alias, which RETURNING may use
	Columns []Column // none: every column, in order
	// Rows are the rows of VALUES. DEFAULT VALUES is one row without values.
	Rows [][]Value
	// Query is the SELECT of INSERT … SELECT, and of any VALUES that is more
	// than a plain list. It carries the statement's WITH.
	Query               *pg_query.SelectStmt
	OverridingSystem    bool // OVERRIDING SYSTEM VALUE
	OnConflictDoNothing bool
	ConflictColumns     []Column       // of ON CONFLICT (entry_id)
	Returning           *ReturningList // nil: no RETURNING
}

// ReturningList is the target list of RETURNING, each a pg_query.ResTarget.
type ReturningList struct{ Targets []*pg_query.Node }

// Select is SELECT, VALUES or TABLE.
type Select struct {
	Source
	Stmt *pg_query.SelectStmt
}

// Explain is EXPLAIN of the statement in it.
type Explain struct {
	Source
	Analyze   bool
	Verbose   bool
	Format    ExplainFormat
	Options   []Option // all of them, as written
	Statement Statement
}

// ExplainFormat is the shape of EXPLAIN's answer.
type ExplainFormat uint8

const (
	ExplainText ExplainFormat = iota
	ExplainJSON
)

// Copy is COPY s FROM STDIN, COPY s TO STDOUT, and COPY (query) TO STDOUT.
type Copy struct {
	Source
	From    bool      // FROM STDIN; otherwise TO STDOUT
	Stream  Name      // empty when there is a Query
	Query   Statement // *Select or *TailStream, or nil
	Columns []Column
	Options []Option
	Where   *pg_query.Node // of COPY … FROM STDIN WHERE
}

// Begin is BEGIN and START TRANSACTION.
type Begin struct {
	Source
	Modes TransactionModes
	start bool
}

// TransactionModes are what BEGIN and SET TRANSACTION ask for; what was not
// said is empty or nil.
type TransactionModes struct {
	Isolation  string // "read committed", "serializable", …
	ReadOnly   *bool
	Deferrable *bool
}

// Commit is COMMIT and END.
type Commit struct {
	Source
	Chain bool
}

// Rollback is ROLLBACK and ABORT.
type Rollback struct {
	Source
	Chain bool
}

// Savepoint is SAVEPOINT name.
type Savepoint struct {
	Source
	Name string
}

// ReleaseSavepoint is RELEASE [SAVEPOINT] name.
type ReleaseSavepoint struct {
	Source
	Name string
}

// RollbackTo is ROLLBACK TO [SAVEPOINT] name.
type RollbackTo struct {
	Source
	Name string
}

// Set is SET name = values. SET TIME ZONE and SET NAMES are it too, by the
// name of the setting that they stand for.
type Set struct {
	Source
	Name    string // in lower case
	Values  []string
	Default bool // TO DEFAULT: there are no Values
	Local   bool // until the end of the transaction
}

// SetTransaction is SET TRANSACTION, and with Session set it is
// SET SESSION CHARACTERISTICS AS TRANSACTION.
type SetTransaction struct {
	Source
	Modes   TransactionModes
	Session bool
}

// Show is SHOW name, or SHOW ALL.
type Show struct {
	Source
	Name string // empty with All
	All  bool
}

// Reset is RESET name, or RESET ALL.
type Reset struct {
	Source
	Name string // empty with All
	All  bool
}

// Discard is DISCARD ALL, PLANS, SEQUENCES or TEMP.
type Discard struct {
	Source
	Target string // that word in upper case
}

// Prepare is PREPARE name (types) AS statement. The parameters are the inner
// statement's: Params of the Prepare itself is 0.
type Prepare struct {
	Source
	Name      string
	Types     []*pg_query.TypeName
	Statement Statement
}

// Execute is EXECUTE name (arguments).
type Execute struct {
	Source
	Name string
	Args []Value
}

// Deallocate is DEALLOCATE name, or DEALLOCATE ALL.
type Deallocate struct {
	Source
	Name string // empty with All
	All  bool
}

// DeclareCursor is DECLARE name CURSOR FOR query.
type DeclareCursor struct {
	Source
	Name     string
	Binary   bool
	Scroll   bool
	NoScroll bool
	Hold     bool
	Query    Statement // *Select or *TailStream
}

// Fetch is FETCH, and MOVE when Move is set.
type Fetch struct {
	Source
	Cursor    string
	Direction FetchDirection
	Count     int64 // FetchAll: without limit
	Move      bool
}

// FetchDirection says how Count of Fetch is counted.
type FetchDirection uint8

const (
	FetchForward FetchDirection = iota
	FetchBackward
	FetchAbsolute
	FetchRelative
)

// FetchAll is the Count of FETCH ALL.
const FetchAll = int64(1<<63 - 1)

// CloseCursor is CLOSE name, or CLOSE ALL.
type CloseCursor struct {
	Source
	Name string // empty with All
	All  bool
}

// Listen is LISTEN channel.
type Listen struct {
	Source
	Channel string
}

// Unlisten is UNLISTEN channel, or UNLISTEN *.
type Unlisten struct {
	Source
	Channel string // empty with All
	All     bool
}

// Empty is a query without a statement in it. Only ParseOne returns it.
type Empty struct{ Source }

// Unsupported is a statement of SQL that WALLE does not have. It is a value
// rather than an error because a session has more pressing things to say first,
// such as that the transaction has failed.
type Unsupported struct {
	Source
	What string // "UPDATE", "CREATE TABLE"
	Hint string // what to use instead; may be empty
}
