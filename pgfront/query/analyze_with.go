package query

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// with analyzes WITH into s.
func (a *analyzer) with(w *pg_query.WithClause, s *scope) error {
	if w == nil {
		return nil
	}
	seen := map[string]bool{}
	for _, n := range w.Ctes {
		def := n.GetCommonTableExpr()
		if seen[def.Ctename] {
			return datum.Errorf("42712", "WITH query name \"%s\" specified more than once", def.Ctename).At(def.Location)
		}
		seen[def.Ctename] = true
		if def.SearchClause != nil || def.CycleClause != nil {
			return datum.Unsupported("SEARCH and CYCLE").At(def.Location)
		}
		stmt := def.Ctequery.GetSelectStmt()
		if stmt == nil {
			return datum.Unsupported("data-modifying WITH").At(def.Location)
		}
		c := &cte{name: def.Ctename}
		if w.Recursive && refersTo(stmt, def.Ctename) {
			if err := a.recursiveCTE(c, def, stmt, s); err != nil {
				return err
			}
		} else {
			q, err := a.queryWith(stmt, s.outer, s.ctes)
			if err != nil {
				return err
			}
			c.q, c.columns = q, q.columns
			s.usesOuter = s.usesOuter || q.correlated
		}
		if err := c.rename(def); err != nil {
			return err
		}
		s.ctes[c.name] = c
	}
	return nil
}

// rename applies the column list of WITH name (a, b) AS.
func (c *cte) rename(def *pg_query.CommonTableExpr) error {
	names := stringList(def.Aliascolnames)
	if len(names) > len(c.columns) {
		return datum.Errorf("42P10", "WITH query \"%s\" has %d columns available but %d columns specified",
			c.name, len(c.columns), len(names)).At(def.Location)
	}
	c.columns = append([]outColumn(nil), c.columns...)
	for i := range c.columns {
		c.columns[i].literal = nil
		if i < len(names) {
			c.columns[i].name = names[i]
		}
	}
	return nil
}

// recursiveCTE analyzes start UNION [ALL] step, where step refers to the query itself.
func (a *analyzer) recursiveCTE(c *cte, def *pg_query.CommonTableExpr, stmt *pg_query.SelectStmt, s *scope) error {
	if stmt.Op != pg_query.SetOperation_SETOP_UNION || refersTo(stmt.Larg, c.name) {
		return datum.Errorf("42P19", "recursive query \"%s\" does not have the form non-recursive-term UNION [ALL] recursive-term", c.name).
			At(def.Location)
	}
	if stmt.SortClause != nil || stmt.LimitCount != nil || stmt.LimitOffset != nil {
		return datum.Unsupported("ORDER BY and LIMIT in a recursive query").At(def.Location)
	}
	start, err := a.queryWith(stmt.Larg, s.outer, s.ctes)
	if err != nil {
		return err
	}
	c.columns, c.recursive = start.columns, &recursion{types: columnTypes(start.columns)}
	if err := c.rename(def); err != nil {
		return err
	}
	visible := map[string]*cte{c.name: c}
	for name, other := range s.ctes {
		if name != c.name {
			visible[name] = other
		}
	}
	step, err := a.queryWith(stmt.Rarg, s.outer, visible)
	if err != nil {
		return err
	}
	if len(step.columns) != len(start.columns) {
		return datum.Errorf("42601", "each UNION query must have the same number of columns")
	}
	exprs := make([]expr, len(step.columns))
	for i, col := range step.columns {
		e, err := a.coerceType(step.outExpr(i), start.columns[i].t, -1, implicitCast, 0)
		if err != nil {
			return err
		}
		if e == nil || commonOf(start.columns[i].t, col.t) != start.columns[i].t {
			return datum.Errorf("42804", "recursive query \"%s\" column %d has type %s in non-recursive term but type %s overall",
				c.name, i+1, datum.TypeName(start.columns[i].t), datum.TypeName(col.t)).
				WithHint("Cast the output of the non-recursive term to the correct type.")
		}
		exprs[i] = e
	}
	node := &recursiveNode{start: start.plan, step: projected(step.plan, exprs), all: stmt.All, of: c.recursive}
	c.q = &query{plan: node, columns: start.columns, correlated: start.correlated || step.correlated}
	c.recursive = nil
	s.usesOuter = s.usesOuter || c.q.correlated
	return nil
}

func commonOf(a, b OID) OID {
	t, err := commonType([]expr{&slot{t: a}, &slot{t: b}}, "", 0)
	if err != nil {
		return 0
	}
	return t
}

// refersTo says whether a query reads a relation of this unqualified name.
func refersTo(stmt *pg_query.SelectStmt, name string) bool {
	if stmt == nil {
		return false
	}
	if refersTo(stmt.Larg, name) || refersTo(stmt.Rarg, name) {
		return true
	}
	for _, n := range stmt.FromClause {
		if itemRefersTo(n, name) {
			return true
		}
	}
	return false
}

func itemRefersTo(n *pg_query.Node, name string) bool {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_RangeVar:
		return n.RangeVar.Schemaname == "" && n.RangeVar.Relname == name
	case *pg_query.Node_JoinExpr:
		return itemRefersTo(n.JoinExpr.Larg, name) || itemRefersTo(n.JoinExpr.Rarg, name)
	case *pg_query.Node_RangeSubselect:
		return refersTo(n.RangeSubselect.Subquery.GetSelectStmt(), name)
	}
	return false
}
