package query

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// scope is what names mean within one query level. Expressions of the level are over rows
// of width columns, in the order in which FROM brought them in.
type scope struct {
	outer *scope
	names namespace
	width int
	ctes  map[string]*cte
	level *levelState
	// usesOuter says that something below refers to an enclosing query, so that the plan
	// must be opened anew for each row of that query.
	usesOuter bool
	// copyOf is the scope of which this is one for a part of its expressions.
	copyOf *scope
	// nearest, if set, is how many queries out the nearest is to which a name has referred.
	nearest *int
	clause  clause
	// lateral marks the scope that shows the left siblings to a LATERAL item; referenced
	// says that the item made use of it.
	lateral    bool
	referenced bool
}

// clause is the part of a statement that is being analyzed; it decides what is allowed.
type clause string

const (
	clauseSelect  clause = "SELECT"
	clauseWhere   clause = "WHERE"
	clauseOn      clause = "JOIN conditions"
	clauseGroup   clause = "GROUP BY"
	clauseHaving  clause = "HAVING"
	clauseOrder   clause = "ORDER BY"
	clauseLimit   clause = "LIMIT"
	clauseFrom    clause = "functions in FROM"
	clauseValues  clause = "VALUES"
	clauseReturn  clause = "RETURNING"
	clauseFilter  clause = "FILTER"
	clauseAggArgs clause = "aggregate arguments"
	clauseWindow  clause = "window definitions"
)

// clauseName is the clause in messages: a scope of siblings in FROM has none.
func (s *scope) clauseName() clause {
	if s.lateral {
		return "FROM clause of their own query level"
	}
	return s.clause
}

// namespace is what FROM makes visible.
type namespace struct {
	columns []nameColumn // by unqualified name, and in the order of *
	entries []*rangeEntry
}

// nameColumn is a name and what it stands for. used, if set, is marked when the name is
// looked up, so that a scan reads only the columns that something needs.
type nameColumn struct {
	name string
	e    expr
	used *bool
}

func (c *nameColumn) rename(table, name string) {
	c.name = name
	if e, ok := c.e.(*column); ok {
		renamed := *e
		renamed.name = qualified(table, name)
		c.e = &renamed
	}
}

func (c nameColumn) mark() {
	if c.used != nil {
		*c.used = true
	}
}

// rangeEntry is a relation, subquery, function or join with an alias.
type rangeEntry struct {
	schema  string
	alias   string
	columns []nameColumn
	// desc and first are set for a relation: where its columns start in the row.
	desc  *RelationDesc
	first int
	// scalar functions and whole rows: alias alone may stand for the row.
	scalar bool
}

func (n *namespace) add(o namespace) {
	n.columns = append(n.columns, o.columns...)
	n.entries = append(n.entries, o.entries...)
}

// shift moves all columns by delta.
func (n namespace) shift(delta int) namespace {
	move := func(list []nameColumn) []nameColumn {
		out := make([]nameColumn, len(list))
		for i, c := range list {
			out[i] = nameColumn{c.name, rebase(c.e, delta), c.used}
		}
		return out
	}
	out := namespace{columns: move(n.columns)}
	for _, e := range n.entries {
		moved := *e
		moved.columns, moved.first = move(e.columns), e.first+delta
		out.entries = append(out.entries, &moved)
	}
	return out
}

// entry finds the entry of an alias, or of schema.relation.
func (n *namespace) entry(schema, alias string, at int32) (*rangeEntry, error) {
	var found *rangeEntry
	for _, e := range n.entries {
		if e.alias == alias && (schema == "" || e.schema == schema) {
			if found != nil {
				return nil, datum.Errorf("42P09", "table reference \"%s\" is ambiguous", alias).At(at)
			}
			found = e
		}
	}
	return found, nil
}

func findColumn(list []nameColumn, name string, at int32) (expr, error) {
	var found expr
	for _, c := range list {
		if c.name == name {
			if found != nil {
				return nil, datum.Errorf("42702", "column reference \"%s\" is ambiguous", name).At(at)
			}
			c.mark()
			found = c.e
		}
	}
	return found, nil
}

func (s *scope) useOuter() {
	for ; s != nil; s = s.copyOf {
		s.usesOuter = true
	}
}

// outward turns an expression of the scope level levels out into one seen from here.
func (s *scope) outward(e expr, level int) expr {
	for at, n := s, level; n >= 0; at, n = at.outer, n-1 {
		if at.nearest != nil {
			*at.nearest = min(*at.nearest, n)
		}
	}
	if level == 0 {
		return e
	}
	at := s
	for range level {
		at.useOuter()
		at = at.outer
	}
	at.referenced = true
	at.level.noteOuterUse(e)
	return rewrite(e, func(e expr) expr {
		switch e := e.(type) {
		case *column:
			return &outerColumn{level: level, index: e.index, t: e.t, typmod: e.typmod, name: e.name}
		case *outerColumn:
			out := *e
			out.level += level
			return &out
		}
		return nil
	})
}

// column resolves a reference of one to three parts.
func (s *scope) column(parts []string, at int32) (expr, error) {
	if len(parts) == 1 {
		return s.unqualified(parts[0], at)
	}
	name := parts[len(parts)-1]
	schema, alias := "", parts[len(parts)-2]
	if len(parts) > 2 {
		schema = parts[len(parts)-3]
	}
	entry, level, err := s.entry(schema, alias, at)
	if err != nil {
		return nil, err
	}
	if entry == nil {
		return nil, datum.Errorf("42P01", "missing FROM-clause entry for table \"%s\"", alias).At(at)
	}
	e, err := findColumn(entry.columns, name, at)
	if err != nil {
		return nil, err
	}
	if e == nil && name == "tableoid" && entry.desc != nil {
		return s.outward(entry.tableOID(), level), nil
	}
	if e == nil {
		return nil, datum.Errorf("42703", "column %s.%s does not exist", alias, name).At(at)
	}
	return s.outward(e, level), nil
}

// entry finds an alias here or further out.
func (s *scope) entry(schema, alias string, at int32) (*rangeEntry, int, error) {
	level := 0
	for sc := s; sc != nil; sc = sc.outer {
		e, err := sc.names.entry(schema, alias, at)
		if e != nil || err != nil {
			return e, level, err
		}
		level++
	}
	return nil, 0, nil
}

func (s *scope) unqualified(name string, at int32) (expr, error) {
	level := 0
	for sc := s; sc != nil; sc = sc.outer {
		e, err := findColumn(sc.names.columns, name, at)
		if err != nil {
			return nil, err
		}
		if e != nil {
			return s.outward(e, level), nil
		}
		level++
	}
	// The name of a relation stands for its row.
	entry, level, err := s.entry("", name, at)
	if err != nil {
		return nil, err
	}
	if entry != nil {
		return s.outward(entry.wholeRow(), level), nil
	}
	return nil, s.noColumn(name, at)
}

// noColumn is the error for an unknown column, with the hint of a near name.
func (s *scope) noColumn(name string, at int32) error {
	err := datum.Errorf("42703", "column \"%s\" does not exist", name)
	for _, e := range s.names.entries {
		for _, c := range e.columns {
			if strings.EqualFold(c.name, name) {
				return err.WithHint("Perhaps you meant to reference the column \"%s.%s\".", e.alias, c.name).At(at)
			}
		}
	}
	return err.At(at)
}

// tableOID is the system column tableoid: null where an outer join has filled in the row.
func (e *rangeEntry) tableOID() expr {
	oid := newConstant(oidValue(e.desc.OID), datum.OIDOID)
	for i, c := range e.desc.Columns {
		if c.NotNull {
			e.columns[i].mark()
			there := &nullTest{arg: e.columns[i].e, not: true}
			return &caseExpr{conds: []expr{there}, results: []expr{oid}, fallback: newConstant(Value{}, datum.OIDOID), t: datum.OIDOID}
		}
	}
	return oid
}

func (e *rangeEntry) wholeRow() expr {
	if e.scalar && len(e.columns) == 1 {
		e.columns[0].mark()
		return e.columns[0].e
	}
	row := &rowExpr{}
	for _, c := range e.columns {
		c.mark()
		row.args = append(row.args, c.e)
		row.names = append(row.names, c.name)
	}
	return row
}

// levelState collects what the expressions of one query level need computed before them.
type levelState struct {
	aggs    []*aggCall
	windows []*windowCall
	sets    []*setCall
	// namedWindows are those of the WINDOW clause.
	namedWindows map[string]*pg_query.WindowDef
	// after says that expressions are evaluated after aggregation; outerUses are the columns
	// that subqueries refer to from there.
	after     bool
	outerUses []expr
	grouping  bool // there is a call of GROUPING
}

func (l *levelState) noteOuterUse(e expr) {
	if l != nil && l.after {
		l.outerUses = append(l.outerUses, e)
	}
}

// keepOuterUses returns a function that forgets what has been noted of enclosing queries since.
func (s *scope) keepOuterUses() func() {
	uses := map[*levelState]int{}
	for at := s; at != nil; at = at.outer {
		if at.level != nil {
			uses[at.level] = len(at.level.outerUses)
		}
	}
	return func() {
		for level, n := range uses {
			level.outerUses = level.outerUses[:n]
		}
	}
}

// computed is the result of an aggregate, a window function or a set-returning function:
// a column that is appended to the row before the expression is evaluated.
type computed struct {
	leaf
	slot  *int // where, known when the plan is built
	t     OID
	text  string
	shape []outColumn // of a record, nil if unknown
}

func (c *computed) typ() OID                     { return c.t }
func (c *computed) eval(f *frame) (Value, error) { return f.row[*c.slot], nil }
func (c *computed) String() string               { return c.text }
func (c *computed) with([]expr) expr             { return c }
