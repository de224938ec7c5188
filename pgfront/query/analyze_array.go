package query

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// array analyzes ARRAY[…] without a cast around it.
func (a *analyzer) array(x *pg_query.A_ArrayExpr, s *scope) (expr, error) {
	return a.arrayOf(x, s, 0, -1)
}

// arrayOf analyzes ARRAY[…], with want as the type of a cast directly around it.
func (a *analyzer) arrayOf(x *pg_query.A_ArrayExpr, s *scope, want OID, typmod int32) (expr, error) {
	args := make([]expr, len(x.Elements))
	nested := false
	for i, n := range x.Elements {
		var err error
		if inner := n.GetAArrayExpr(); inner != nil {
			nested = true
			args[i], err = a.arrayOf(inner, s, want, typmod)
		} else {
			args[i], err = a.expr(n, s)
		}
		if err != nil {
			return nil, err
		}
		nested = nested || elemType(args[i].typ()) != 0
	}
	if want == 0 {
		return a.freeArray(args, nested, x.Location)
	}
	target := elemType(want)
	if nested {
		target = want
	}
	for i, e := range args {
		var err error
		if args[i], err = a.coerce(e, target, typmod, explicitCast, x.Location); err != nil {
			return nil, err
		}
	}
	return &arrayExpr{args: args, elem: elemType(want), t: want}, nil
}

// freeArray takes the type of the array from its elements.
func (a *analyzer) freeArray(args []expr, nested bool, at int32) (expr, error) {
	if len(args) == 0 {
		return nil, datum.Errorf("42P18", "cannot determine type of empty array").
			WithHint("Explicitly cast to the desired type, for example ARRAY[]::integer[].").At(at)
	}
	args, t, err := a.unify(args, "ARRAY", at)
	if err != nil {
		return nil, err
	}
	if nested && elemType(t) != 0 {
		return &arrayExpr{args: args, elem: elemType(t), t: t}, nil
	}
	arr := arrayType(t)
	if arr == 0 {
		return nil, datum.Errorf("42704", "could not find array type for data type %s", datum.TypeName(t)).At(at)
	}
	return &arrayExpr{args: args, elem: t, t: arr}, nil
}

// indirection analyzes what follows an expression: .field, [i], [a:b].
func (a *analyzer) indirection(x *pg_query.A_Indirection, s *scope) (expr, error) {
	base, err := a.expr(x.Arg, s)
	if err != nil {
		return nil, err
	}
	rest := x.Indirection
	for len(rest) > 0 && err == nil {
		switch {
		case rest[0].GetAIndices() != nil:
			n := 0
			for n < len(rest) && rest[n].GetAIndices() != nil {
				n++
			}
			base, err = a.subscripts(base, rest[:n], s, location(x.Arg))
			rest = rest[n:]
		case rest[0].GetAStar() != nil:
			return nil, datum.Unsupported("row expansion via \"*\" here")
		default:
			base, err = a.field(base, rest[0].GetString_().GetSval(), location(x.Arg))
			rest = rest[1:]
		}
	}
	return base, err
}

func (a *analyzer) subscripts(base expr, list []*pg_query.Node, s *scope, at int32) (expr, error) {
	if base.typ() == datum.JSONBOID {
		return a.jsonSubscripts(base, list, s, at)
	}
	elem := elemOf(base.typ())
	if elem == 0 {
		return nil, datum.Errorf("42804", "cannot subscript type %s because it does not support subscripting",
			datum.TypeName(base.typ())).At(at)
	}
	out := &subscript{array: base, t: elem}
	for _, n := range list {
		out.slice = out.slice || n.GetAIndices().IsSlice
	}
	if out.slice {
		out.t = base.typ()
	}
	for _, n := range list {
		ind := n.GetAIndices()
		upper, err := a.bound(ind.Uidx, s)
		if err != nil {
			return nil, err
		}
		lower, err := a.bound(ind.Lidx, s)
		if err != nil {
			return nil, err
		}
		if out.slice && !ind.IsSlice { // a[2][1:3] means a[1:2][1:3]
			lower = newConstant(datum.Int(1), datum.Int4OID)
		}
		out.upper = append(out.upper, upper)
		if out.slice {
			out.lower = append(out.lower, lower)
		}
	}
	return out, nil
}

// bound analyzes a subscript, nil for one that was left out.
func (a *analyzer) bound(n *pg_query.Node, s *scope) (expr, error) {
	if n == nil {
		return nil, nil
	}
	e, err := a.expr(n, s)
	if err != nil {
		return nil, err
	}
	out, err := a.coerceType(e, datum.Int4OID, -1, assignmentCast, location(n))
	if err == nil && out == nil {
		err = datum.Errorf("42804", "array subscript must have type integer").At(location(n))
	}
	return out, err
}

// jsonSubscripts makes j['a'][0] the path operator j #> '{a,0}'.
func (a *analyzer) jsonSubscripts(base expr, list []*pg_query.Node, s *scope, at int32) (expr, error) {
	var keys []expr
	for _, n := range list {
		ind := n.GetAIndices()
		if ind.IsSlice {
			return nil, datum.Errorf("42804", "jsonb subscript does not support slices").At(at)
		}
		e, err := a.expr(ind.Uidx, s)
		if err != nil {
			return nil, err
		}
		if e, err = a.coerce(e, datum.TextOID, -1, assignmentCast, location(ind.Uidx)); err != nil {
			return nil, err
		}
		keys = append(keys, e)
	}
	path := &arrayExpr{args: keys, elem: datum.TextOID, t: datum.TextArrayOID}
	return a.binary("#>", base, path, at)
}

// row analyzes ROW(…) and (a, b).
func (a *analyzer) row(x *pg_query.RowExpr, s *scope) (expr, error) {
	var args []expr
	for _, n := range x.Args {
		if ref := n.GetColumnRef(); ref != nil && ref.Fields[len(ref.Fields)-1].GetAStar() != nil {
			columns, err := a.star(ref, s)
			if err != nil {
				return nil, err
			}
			for _, c := range columns {
				args = append(args, c.e)
			}
			continue
		}
		e, err := a.expr(n, s)
		if err != nil {
			return nil, err
		}
		args = append(args, e)
	}
	return &rowExpr{args: args}, nil
}
