package query

import (
	"context"
	"strings"
	"time"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// The words of package datum that callers meet.
type (
	Value = datum.Value
	OID   = datum.OID
	Error = datum.Error
	Codec = datum.Codec
)

// Session is what expressions may ask of the session that runs them. It is consulted live:
// a prepared statement sees a SET that came after it was planned.
type Session interface {
	User() string        // current_user
	SessionUser() string // session_user
	Database() string
	BackendPID() int32
	// Setting returns the value of a parameter as SHOW would; ok is false if there is none.
	// Names are given in lower case, e.g. "timezone", "datestyle", "search_path".
	Setting(name string) (value string, ok bool)
	// Settings lists all parameters for pg_settings.
	Settings() []Setting
	// Set is set_config(name, value, local); it returns the value as SHOW prints it.
	Set(name, value string, local bool) (string, error)
	// TransactionTime is now(); StatementTime is statement_timestamp().
	TransactionTime() time.Time
	StatementTime() time.Time
	ServerStart() time.Time
}

// CodecCache may be implemented by a Session that keeps a codec for its settings as they
// are now; without it one is made for every execution.
type CodecCache interface {
	Codec() *Codec
}

// Setting is a row of pg_settings.
type Setting struct {
	Name, Value, Unit, Category, Description string
	Context                                  string // user, postmaster, internal …
	VarType                                  string // bool, integer, real, string, enum
	Source                                   string // default, session …
	BootValue, ResetValue                    string
	Min, Max                                 string
	Enum                                     []string
}

// Env is what a statement is planned in.
type Env struct {
	Resolver Resolver
	Session  Session
	// ParamTypes are the types given in Parse; 0, or a missing one, is inferred.
	ParamTypes []OID
	// WorkMem bounds the bytes that one sort, hash or aggregate may hold; beyond it a
	// statement fails with 53200. 0 means 64 MiB.
	WorkMem int64
	// Memory bounds what all statements of the process keep; nil for no bound.
	Memory *Memory
}

// Field describes a column of a result, as RowDescription does.
type Field struct {
	Name   string
	Type   OID
	Size   int16 // bytes of a fixed-size type, -1 otherwise
	Typmod int32 // -1 if none
	// TableOID and Column (1-based) are set for a plain column of a relation.
	TableOID OID
	Column   int16
}

// Rows is a stream of rows. The row is valid until the next call of Next or Close.
// Next returns false at the end, on an error and when ctx is done; Err tells them apart.
// A scan and the result of a statement are both Rows.
type Rows interface {
	Next(ctx context.Context) bool
	Row() []Value
	Err() error
	Close() error
}

// Planner plans the parts of one statement: parameters are numbered and inferred across
// all of them. It is used once, by one goroutine.
//
//	SELECT          Select
//	INSERT … VALUES Exprs for each row, then Returning
//	INSERT … SELECT SelectInto, then Returning
//	EXECUTE, LIMIT  Exprs
//
// After the last part, Params closes it.
type Planner struct {
	a *analyzer
}

// NewPlanner starts the planning of a statement.
func NewPlanner(env Env) *Planner { return &Planner{a: newAnalyzer(env)} }

// Target is a column or argument that an expression is assigned to.
type Target struct {
	Name   string // of the column, for messages
	Type   OID
	Typmod int32 // -1 if none
}

// Plan plans a whole SELECT (or VALUES) statement.
func Plan(stmt *pg_query.SelectStmt, env Env) (*Prepared, error) {
	p := NewPlanner(env)
	prepared, err := p.Select(stmt)
	if err != nil {
		return nil, err
	}
	if _, err := p.Params(); err != nil {
		return nil, err
	}
	return prepared, nil
}

// PlanText parses and plans one SELECT. It is for tests and tools: a session has the tree,
// and has bounded the text before.
func PlanText(sql string, env Env) (*Prepared, error) {
	tree, err := pg_query.Parse(sql)
	if err != nil {
		code := "42601"
		if strings.HasPrefix(err.Error(), "frame ") {
			code = "42P20"
		}
		return nil, datum.Errorf(code, "%v", err)
	}
	if len(tree.Stmts) != 1 || tree.Stmts[0].Stmt.GetSelectStmt() == nil {
		return nil, datum.Errorf("0A000", "not one SELECT: %s", sql)
	}
	return Plan(tree.Stmts[0].Stmt.GetSelectStmt(), env)
}

// Select plans a SELECT, VALUES or set operation.
func (p *Planner) Select(stmt *pg_query.SelectStmt) (prepared *Prepared, err error) {
	defer internalError(&err)
	return p.a.prepareSelect(stmt, nil)
}

// SelectInto plans a SELECT whose columns are assigned to targets, as INSERT … SELECT does.
func (p *Planner) SelectInto(stmt *pg_query.SelectStmt, targets []Target) (prepared *Prepared, err error) {
	defer internalError(&err)
	return p.a.prepareSelect(stmt, targets)
}

// Exprs plans scalar expressions without a row to refer to, each assigned to its target;
// a SetToDefault node is refused (the caller knows the defaults).
func (p *Planner) Exprs(nodes []*pg_query.Node, targets []Target) (exprs *Exprs, err error) {
	defer internalError(&err)
	return p.a.prepareExprs(nodes, targets)
}

// Returning plans a RETURNING list over a row of rel.
func (p *Planner) Returning(list []*pg_query.Node, rel *RelationDesc) (exprs *Exprs, err error) {
	defer internalError(&err)
	return p.a.prepareReturning(list, rel)
}

// Params returns the types of all parameters, or 42P18 if one cannot be told. It is called
// once, after the last part has been planned.
func (p *Planner) Params() ([]OID, error) { return p.a.params.finish() }

// Prepared is a planned SELECT. It may be executed many times, one at a time.
type Prepared struct {
	fields []Field
	params *params
	env    Env
	root   plan
}

// Columns describes the result.
func (p *Prepared) Columns() []Field { return p.fields }

// ParamTypes returns the inferred types of $1, $2 …
func (p *Prepared) ParamTypes() []OID { return p.params.types }

// Exprs is a planned list of scalar expressions.
type Exprs struct {
	fields []Field
	params *params
	env    Env
	exprs  []expr
}

// Columns describes the results (RETURNING).
func (e *Exprs) Columns() []Field { return e.fields }
