package query

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// analyzer turns the parser's tree into typed expressions and plans. It lives for one
// statement.
type analyzer struct {
	env    Env
	params *params
	codec  *Codec
	// into is the SELECT of INSERT … SELECT, whose columns are assigned to targets.
	into    *pg_query.SelectStmt
	targets []Target
}

func newAnalyzer(env Env) *analyzer {
	return &analyzer{
		env:    env,
		params: &params{types: append([]OID(nil), env.ParamTypes...)},
		codec:  codecOf(env),
	}
}

func (a *analyzer) builtins() *builtinTable { return loadBuiltins() }

// maxColumns is how many columns a result may have, as in PostgreSQL. The
// protocol counts them in 16 bits.
const maxColumns = 1664

// prepareSelect plans a whole statement.
func (a *analyzer) prepareSelect(stmt *pg_query.SelectStmt, targets []Target) (*Prepared, error) {
	a.into, a.targets = stmt, targets
	q, err := a.query(stmt, nil)
	if err != nil {
		return nil, err
	}
	if len(q.columns) > maxColumns {
		return nil, datum.Errorf("54011", "target lists can have at most %d entries", maxColumns)
	}
	if targets != nil {
		if q, err = a.assignColumns(q, targets); err != nil {
			return nil, err
		}
	}
	return &Prepared{fields: fieldsOf(q.columns), params: a.params, env: a.env, root: q.plan}, nil
}

// assignUnknown gives literals and parameters whose type nothing tells that of the column of
// INSERT … SELECT into which they go.
func (a *analyzer) assignUnknown(stmt *pg_query.SelectStmt, list []target) (err error) {
	if a.into != stmt || len(stmt.DistinctClause) > 0 || len(stmt.SortClause) > 0 {
		return nil
	}
	for i := range min(len(list), len(a.targets)) {
		if e := list[i].e; e.typ() == datum.UnknownOID {
			if list[i].e, err = a.assign(e, a.targets[i], location(list[i].node)); err != nil {
				return err
			}
		}
	}
	return nil
}

// assignColumns converts the columns of a query to the targets of INSERT … SELECT.
func (a *analyzer) assignColumns(q *query, targets []Target) (*query, error) {
	if len(q.columns) > len(targets) {
		return nil, datum.Errorf("42601", "INSERT has more expressions than target columns")
	}
	if len(q.columns) < len(targets) {
		return nil, datum.Errorf("42601", "INSERT has more target columns than expressions")
	}
	out := &query{columns: append([]outColumn(nil), q.columns...)}
	exprs := make([]expr, len(targets))
	for i, c := range q.columns {
		e, err := a.assign(&column{index: i, t: c.t, typmod: c.typmod, name: c.name}, targets[i], 0)
		if err != nil {
			return nil, err
		}
		exprs[i] = e
		out.columns[i].t, out.columns[i].typmod = targets[i].Type, targets[i].Typmod
	}
	out.plan = &projectNode{input: q.plan, exprs: exprs}
	return out, nil
}

// prepareExprs plans expressions that stand alone.
func (a *analyzer) prepareExprs(nodes []*pg_query.Node, targets []Target) (*Exprs, error) {
	if len(nodes) > len(targets) {
		return nil, datum.Errorf("42601", "INSERT has more expressions than target columns")
	}
	s := &scope{clause: clauseValues, level: &levelState{}}
	out := &Exprs{params: a.params, env: a.env}
	for i, n := range nodes {
		e, err := a.expr(n, s)
		if err != nil {
			return nil, err
		}
		if e, err = a.assign(e, targets[i], location(n)); err != nil {
			return nil, err
		}
		out.exprs = append(out.exprs, e)
		out.fields = append(out.fields, fieldsOf([]outColumn{{name: targets[i].Name, t: e.typ(), typmod: typmodOf(e)}})...)
	}
	return out, nil
}

// prepareReturning plans a RETURNING list.
func (a *analyzer) prepareReturning(list []*pg_query.Node, rel *RelationDesc) (*Exprs, error) {
	s := &scope{clause: clauseReturn, level: &levelState{}, width: len(rel.Columns)}
	s.names = relationNames(rel, rel.Name, nil)
	targets, err := a.targetList(list, s)
	if err != nil {
		return nil, err
	}
	out := &Exprs{params: a.params, env: a.env}
	var columns []outColumn
	for _, t := range targets {
		e, err := a.settle(t.e)
		if err != nil {
			return nil, err
		}
		out.exprs = append(out.exprs, e)
		columns = append(columns, columnOf(t.name, e, s))
	}
	out.fields = fieldsOf(columns)
	return out, nil
}

// query is an analyzed query: its plan makes rows of exactly these columns.
type query struct {
	plan    plan
	columns []outColumn
	// correlated says that the plan reads rows of enclosing queries.
	correlated bool
}

// outColumn is a column of a query's result.
type outColumn struct {
	name   string
	t      OID
	typmod int32
	table  OID
	attnum int16
	// literal is set for a literal of unknown type, which UNION may still give one.
	literal *constant
	shape   []outColumn // of a record, nil if unknown
}

func columnOf(name string, e expr, s *scope) outColumn {
	c := outColumn{name: name, t: e.typ(), typmod: typmodOf(e), shape: recordShape(e)}
	if ref, ok := e.(*column); ok {
		for _, entry := range s.names.entries {
			n := ref.index - entry.first
			if entry.desc != nil && n >= 0 && n < len(entry.desc.Columns) {
				c.table, c.attnum = entry.desc.OID, int16(n+1)
			}
		}
	}
	return c
}

func fieldsOf(columns []outColumn) []Field {
	fields := make([]Field, len(columns))
	for i, c := range columns {
		fields[i] = Field{Name: c.name, Type: c.t, Size: typeSize(c.t), Typmod: c.typmod, TableOID: c.table, Column: c.attnum}
	}
	return fields
}
