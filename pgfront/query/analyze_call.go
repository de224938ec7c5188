package query

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// funcCall analyzes name(…): a scalar function, an aggregate, a window function, a
// set-returning function, or a cast in the form of a call.
func (a *analyzer) funcCall(c *pg_query.FuncCall, s *scope) (expr, error) {
	if isAggregateName(c) {
		if level := a.aggregateLevel(c, s); level > 0 {
			return a.outerAggregate(c, s, level)
		}
	}
	full := stringList(c.Funcname)
	name, ok := functionName(full)
	if c.AggWithinGroup {
		return a.orderedSet(name, c, s)
	}
	args, names, err := a.callArguments(c, s)
	if err != nil {
		return nil, err
	}
	types := typesOf(args)
	if !ok {
		if schemaOID(full[0]) == 0 {
			return nil, datum.Errorf("3F000", "schema \"%s\" does not exist", full[0]).At(c.Location)
		}
		return nil, noFunction(name, types, c.Location)
	}
	if e, err := a.specialCall(name, args, s, c.Location); e != nil || err != nil {
		return e, err
	}
	f, err := findFunction(name, types, names, c.FuncVariadic, c.Location)
	if err != nil {
		if e, castErr := a.castByCall(name, args, c); e != nil || castErr != nil {
			return e, castErr
		}
		return nil, err
	}
	if args, err = f.inOrder(args, names, c.Location); err != nil {
		return nil, err
	}
	return a.dispatchCall(f, args, c, s)
}

func (a *analyzer) dispatchCall(f *function, args []expr, c *pg_query.FuncCall, s *scope) (expr, error) {
	switch {
	case c.Over != nil:
		return a.windowCall(f, args, c, s)
	case f.Kind == 'a':
		return a.aggregate(f, args, c, s)
	case f.Kind == 'w':
		return nil, datum.Errorf("42809", "window function %s requires an OVER clause", f.Name).At(c.Location)
	}
	switch {
	case c.AggStar:
		return nil, datum.Errorf("42809", "%s(*) specified, but %s is not an aggregate function", f.Name, f.Name).At(c.Location)
	case c.AggDistinct:
		return nil, datum.Errorf("42809", "DISTINCT specified, but %s is not an aggregate function", f.Name).At(c.Location)
	case c.AggOrder != nil:
		return nil, datum.Errorf("42809", "ORDER BY specified, but %s is not an aggregate function", f.Name).At(c.Location)
	case c.AggFilter != nil:
		return nil, datum.Errorf("42809", "FILTER specified, but %s is not an aggregate function", f.Name).At(c.Location)
	case f.Set:
		return a.setFunction(f, args, c, s)
	}
	if c.FuncVariadic && OID(f.Variadic) == datum.AnyOID {
		return a.spreadCall(f, args, c.Location)
	}
	return a.applyFunction(f, args, c.Location)
}

// callArguments analyzes the arguments; names are nil if all are positional.
func (a *analyzer) callArguments(c *pg_query.FuncCall, s *scope) (args []expr, names []string, err error) {
	inner := s
	if isAggregateName(c) {
		inner = s.aggregateArguments()
	}
	for i, n := range c.Args {
		name := ""
		if named := n.GetNamedArgExpr(); named != nil {
			name, n = named.Name, named.Arg
			if names == nil {
				names = make([]string, i, len(c.Args))
			}
		}
		e, err := a.expr(n, inner)
		if err != nil {
			return nil, nil, err
		}
		args = append(args, e)
		if names != nil {
			names = append(names, name)
		}
	}
	return args, names, nil
}

// castByCall reads int8(x) or text(x) as a cast, where a type has the function's name.
func (a *analyzer) castByCall(name string, args []expr, c *pg_query.FuncCall) (expr, error) {
	t := lookupType(`"` + name + `"`)
	if t == 0 || len(args) != 1 || c.AggStar || c.AggDistinct || c.Over != nil {
		return nil, nil
	}
	source := args[0].typ()
	path, _ := findPath(source, t, explicitCast)
	if source != datum.UnknownOID && path != relabelPath &&
		!(path == textPath && (category(source) == 'S' || category(t) == 'S')) {
		return nil, nil
	}
	return a.coerce(args[0], t, -1, explicitCast, c.Location)
}

// specialCall handles functions that are not calls of builtins.
func (a *analyzer) specialCall(name string, args []expr, s *scope, at int32) (expr, error) {
	switch {
	case name == "pg_typeof" && len(args) == 1:
		return newConstant(datum.Int(int64(args[0].typ())), datum.RegtypeOID), nil
	case name == "pg_column_size" || name == "xmin":
		return nil, datum.Unsupported("function %s", name).At(at)
	}
	return nil, nil
}

// valueFunction analyzes CURRENT_DATE and its like, which have no parentheses.
func (a *analyzer) valueFunction(v *pg_query.SQLValueFunction) (expr, error) {
	call := func(name string) (expr, error) { return a.callFunction(name, nil, v.Location) }
	limited := func(e expr, err error, t OID) (expr, error) {
		if err != nil {
			return nil, err
		}
		return a.coerce(e, t, v.Typmod, explicitCast, v.Location)
	}
	now, err := call("now")
	switch v.Op {
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_DATE:
		return limited(now, err, datum.DateOID)
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP, pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP_N:
		return limited(now, err, datum.TimestamptzOID)
	case pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP, pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N:
		return limited(now, err, datum.TimestampOID)
	case pg_query.SQLValueFunctionOp_SVFOP_LOCALTIME, pg_query.SQLValueFunctionOp_SVFOP_LOCALTIME_N:
		return limited(now, err, datum.TimeOID)
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_ROLE, pg_query.SQLValueFunctionOp_SVFOP_CURRENT_USER,
		pg_query.SQLValueFunctionOp_SVFOP_USER:
		return call("current_user")
	case pg_query.SQLValueFunctionOp_SVFOP_SESSION_USER:
		return call("session_user")
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_CATALOG:
		return call("current_database")
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_SCHEMA:
		return call("current_schema")
	}
	return nil, datum.Unsupported("%s", strings.TrimPrefix(v.Op.String(), "SVFOP_")).At(v.Location)
}
