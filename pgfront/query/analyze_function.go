package query

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// rangeFunction analyzes functions in FROM: one, or several under ROWS FROM.
func (a *analyzer) rangeFunction(r *pg_query.RangeFunction, siblings *scope) (*source, error) {
	if len(r.Coldeflist) > 0 {
		return nil, datum.Unsupported("column definition list")
	}
	alias := ""
	if r.Alias != nil {
		alias = r.Alias.Aliasname
	}
	inner := &scope{outer: siblings, clause: clauseFrom}
	node := &functionNode{ordinality: r.Ordinality}
	var columns []outColumn
	for _, item := range r.Functions {
		call := item.GetList().GetItems()[0]
		if f := call.GetFuncCall(); f != nil && isTail(f) && len(r.Functions) == 1 {
			return a.tail(f, r, inner)
		} else if f != nil && isVerify(f) && len(r.Functions) == 1 {
			return a.verify(f, r)
		}
		added, err := a.functionItem(node, call, inner)
		if err != nil {
			return nil, err
		}
		columns = append(columns, added...)
	}
	scalar := len(columns) == 1 && !r.Ordinality && len(node.calls) == 1
	if scalar && alias != "" && (node.calls[0] == nil || node.calls[0].scalarResult()) {
		columns[0].name = alias // the alias of a scalar function names its column too
	}
	if alias == "" && len(columns) > 0 {
		alias = functionAlias(r)
	}
	if r.Ordinality {
		columns = append(columns, outColumn{name: "ordinality", t: datum.Int8OID, typmod: -1})
	}
	src := &source{plan: node, names: queryNames(alias, columns), width: len(columns), lateral: siblings.referenced}
	src.names.entries[0].scalar = scalar
	if r.Alias != nil {
		if err := rename(&src.names, r.Alias, alias, 0); err != nil {
			return nil, err
		}
	}
	return src, nil
}

// scalarResult says whether the function returns values rather than rows of OUT columns.
func (c *setCall) scalarResult() bool { return len(c.shape) == 1 && c.info.result != datum.RecordOID }

func functionAlias(r *pg_query.RangeFunction) string {
	call := r.Functions[0].GetList().GetItems()[0]
	return figureName(call)
}

// functionItem adds one function to the node and returns its columns.
func (a *analyzer) functionItem(node *functionNode, n *pg_query.Node, s *scope) ([]outColumn, error) {
	c := n.GetFuncCall()
	if c == nil {
		return a.scalarItem(node, n, s)
	}
	name, _ := functionName(stringList(c.Funcname))
	args, names, err := a.callArguments(c, s)
	if err != nil {
		return nil, err
	}
	if name == "unnest" && len(args) > 1 {
		return a.unnestMany(node, args, c.Location)
	}
	f, err := findFunction(name, typesOf(args), names, c.FuncVariadic, c.Location)
	if err != nil || !f.Set {
		return a.scalarItem(node, n, s)
	}
	call, err := a.newSetCall(f, args, c.Location)
	if err != nil {
		return nil, err
	}
	node.add(call, nil, len(call.shape))
	return slices.Clone(call.shape), nil
}

func (n *functionNode) add(c *setCall, scalar expr, width int) {
	n.calls, n.scalars, n.widths = append(n.calls, c), append(n.scalars, scalar), append(n.widths, width)
}

// unnestMany is unnest(a, b, …): each array in a column of its own.
func (a *analyzer) unnestMany(node *functionNode, args []expr, at int32) ([]outColumn, error) {
	var columns []outColumn
	for _, arg := range args {
		f, err := findFunction("unnest", []OID{arg.typ()}, nil, false, at)
		if err != nil {
			return nil, err
		}
		call, err := a.newSetCall(f, []expr{arg}, at)
		if err != nil {
			return nil, err
		}
		node.add(call, nil, 1)
		columns = append(columns, call.shape...)
	}
	return columns, nil
}

// scalarItem is a function in FROM that returns one value.
func (a *analyzer) scalarItem(node *functionNode, n *pg_query.Node, s *scope) ([]outColumn, error) {
	e, err := a.expr(n, s)
	if err != nil {
		return nil, err
	}
	if e, err = a.settle(e); err != nil {
		return nil, err
	}
	if e.typ() == datum.RecordOID {
		return nil, datum.Errorf("42601", "a column definition list is required for functions returning \"record\"").At(location(n))
	}
	node.add(nil, e, 1)
	return []outColumn{{name: figureName(n), t: e.typ(), typmod: typmodOf(e)}}, nil
}

func isTail(c *pg_query.FuncCall) bool {
	names := stringList(c.Funcname)
	return len(names) == 1 && names[0] == "tail" || len(names) == 2 && names[0] == "walle" && names[1] == "tail"
}

// tail analyzes tail('stream' [, first]): the rows of a stream from an entry on, and then
// those that are appended, without end.
func (a *analyzer) tail(c *pg_query.FuncCall, r *pg_query.RangeFunction, s *scope) (*source, error) {
	if len(c.Args) < 1 || len(c.Args) > 2 {
		return nil, datum.Errorf("42883", "function tail with %d arguments does not exist", len(c.Args)).
			WithHint("Write tail('stream') or tail('stream', first_entry_id).").At(c.Location)
	}
	rel, err := a.namedStream(c)
	if err != nil {
		return nil, err
	}
	scan := newScan(rel)
	scan.follow = true
	if len(c.Args) == 2 {
		from, err := a.expr(c.Args[1], s)
		if err != nil {
			return nil, err
		}
		if scan.from, err = a.coerce(from, datum.Int8OID, -1, implicitCast, location(c.Args[1])); err != nil {
			return nil, err
		}
	}
	src, err := scanSource(scan, r.Alias)
	if err == nil {
		src.lateral = s.outer.referenced
	}
	return src, err
}

// namedStream is the stream that the first argument of c names.
func (a *analyzer) namedStream(c *pg_query.FuncCall) (Relation, error) {
	name := c.Args[0].GetAConst().GetSval()
	if name == nil {
		return nil, datum.Unsupported("%s() of a stream that is not named by a literal", stringList(c.Funcname)[len(c.Funcname)-1]).At(c.Location)
	}
	schema, relname, err := splitName(name.Sval)
	if err != nil {
		return nil, err
	}
	rel, err := a.relation(schema, relname, c.Location)
	if err == nil && rel.Desc().EntryID < 0 {
		err = datum.Errorf("42809", "\"%s\" is not a stream", relname).At(c.Location)
	}
	return rel, err
}

// scanSource is a relation that a function in FROM stands for.
func scanSource(scan *scanNode, as *pg_query.Alias) (*source, error) {
	desc := scan.rel.Desc()
	alias := desc.Name
	if as != nil {
		alias = as.Aliasname
	}
	src := &source{plan: scan, names: relationNames(desc, alias, scan.used), width: len(desc.Columns)}
	if as == nil {
		return src, nil
	}
	return src, rename(&src.names, as, alias, 0)
}

func isVerify(c *pg_query.FuncCall) bool {
	return slices.Equal(stringList(c.Funcname), []string{"walle", "verify"})
}

// defaultBorder is where runs of walle.verify() end if it is not said.
const defaultBorder = 4096

// verify analyzes walle.verify('stream' [, border]): what this node finds out
// about its own copy of a stream.
func (a *analyzer) verify(c *pg_query.FuncCall, r *pg_query.RangeFunction) (*source, error) {
	if len(c.Args) < 1 || len(c.Args) > 2 {
		return nil, datum.Errorf("42883", "function walle.verify with %d arguments does not exist", len(c.Args)).
			WithHint("Write walle.verify('stream') or walle.verify('stream', border).").At(c.Location)
	}
	rel, err := a.namedStream(c)
	if err != nil {
		return nil, err
	}
	v, ok := rel.(Verifier)
	if !ok {
		return nil, datum.Errorf("42809", "\"%s\" is not a stream", rel.Desc().Name).At(c.Location)
	}
	border := int64(defaultBorder)
	if len(c.Args) == 2 {
		n := c.Args[1].GetAConst().GetIval()
		if n == nil {
			return nil, datum.Unsupported("walle.verify() with a border that is not an integer literal").At(c.Location)
		}
		border = int64(n.Ival)
	}
	return scanSource(newScan(v.Verified(border)), r.Alias)
}
