package query

import (
	"walle/pgfront/query/datum"
	"walle/pgfront/query/pgdata"
)

// operator is a resolved operator: its declared types are concrete.
type operator struct {
	*pgdata.Operator
	left, right, result OID
}

// findOperator is PostgreSQL's oper(): exact match first, then the best candidate. left is
// 0 for a prefix operator.
func findOperator(name string, left, right OID, at int32) (*operator, error) {
	list := pgdata.Load().OperatorsByName(name)
	if op := exactOperator(list, left, right); op != nil {
		return concrete(op, left, right), nil
	}
	args := operands(left, right)
	var candidates []candidate[*pgdata.Operator]
	for _, op := range list {
		if (op.Left == 0) == (left == 0) {
			candidates = append(candidates, candidate[*pgdata.Operator]{operands(OID(op.Left), OID(op.Right)), op})
		}
	}
	matching := match(candidates, args)
	if len(matching) == 1 {
		return concrete(matching[0].what, left, right), nil
	}
	if len(matching) > 1 {
		if c, ok := choose(matching, args); ok {
			return concrete(c.what, left, right), nil
		}
		return nil, datum.Errorf("42725", "operator is not unique: %s", operatorText(name, left, right)).
			WithHint("Could not choose a best candidate operator. You might need to add explicit type casts.").At(at)
	}
	hint := "No operator matches the given name and argument types. You might need to add explicit type casts."
	if left == 0 {
		hint = "No operator matches the given name and argument type. You might need to add an explicit type cast."
	}
	return nil, datum.Errorf("42883", "operator does not exist: %s", operatorText(name, left, right)).WithHint("%s", hint).At(at)
}

func operands(left, right OID) []OID {
	if left == 0 {
		return []OID{right}
	}
	return []OID{left, right}
}

func operatorText(name string, left, right OID) string {
	if left == 0 {
		return name + " " + datum.TypeName(right)
	}
	return datum.TypeName(left) + " " + name + " " + datum.TypeName(right)
}

// exactOperator looks for the very types, an unknown operand taking the other's.
func exactOperator(list []*pgdata.Operator, left, right OID) *pgdata.Operator {
	if left == datum.UnknownOID && right != datum.UnknownOID {
		left = right
	} else if right == datum.UnknownOID && left != 0 {
		right = left
	}
	for _, op := range list {
		if OID(op.Left) == left && OID(op.Right) == right {
			return op
		}
	}
	return nil
}

// concrete puts the operands' types in the place of polymorphic ones.
func concrete(op *pgdata.Operator, left, right OID) *operator {
	out := &operator{Operator: op, left: OID(op.Left), right: OID(op.Right), result: OID(op.Result)}
	if r, ok := resolvePolymorphic(operands(out.left, out.right), operands(left, right), out.result); ok {
		out.result = r.result
		out.right = r.args[len(r.args)-1]
		if out.left != 0 {
			out.left = r.args[0]
		}
	}
	return out
}

// binary makes the call of a binary operator over analyzed operands.
func (a *analyzer) binary(name string, left, right expr, at int32) (expr, error) {
	if done, err := a.rowOperator(name, left, right, at); done != nil || err != nil {
		return done, err
	}
	op, err := findOperator(name, left.typ(), right.typ(), at)
	if err != nil {
		return nil, err
	}
	e, err := a.applyOperator(op, left, right, at)
	if err != nil {
		return nil, err
	}
	return foldNull(e), nil
}

func (a *analyzer) applyOperator(op *operator, left, right expr, at int32) (expr, error) {
	var err error
	if left, err = a.operand(left, op.left, at); err != nil {
		return nil, err
	}
	if right, err = a.operand(right, op.right, at); err != nil {
		return nil, err
	}
	fn, ok := a.builtins().byOperator(op, left.typ(), right.typ())
	if !ok {
		return nil, datum.Unsupported("operator %s", operatorText(op.Name, op.left, op.right)).At(at)
	}
	e, err := newCall(op.Name, fn, op.Strict, false, []expr{left, right}, op.result)
	if c, ok := e.(*call2); ok {
		c.op = op
	}
	return overCast(e), err
}

// operand converts an operand to what the operator takes.
func (a *analyzer) operand(e expr, t OID, at int32) (expr, error) {
	if isPolymorphic(t) || t == datum.AnyOID {
		return a.settle(e)
	}
	return a.coerce(e, t, -1, implicitCast, at)
}

// prefix makes the call of a prefix operator. A minus before a number is folded.
func (a *analyzer) prefix(name string, arg expr, at int32) (expr, error) {
	op, err := findOperator(name, 0, arg.typ(), at)
	if err != nil {
		return nil, err
	}
	if arg, err = a.operand(arg, op.right, at); err != nil {
		return nil, err
	}
	fn, ok := a.builtins().bySource(op.Src)
	if !ok {
		return nil, datum.Unsupported("operator %s", operatorText(op.Name, 0, op.right)).At(at)
	}
	e, err := newCall(op.Name, fn, op.Strict, false, []expr{arg}, op.result)
	if err != nil {
		return nil, err
	}
	if _, isLiteral := arg.(*constant); isLiteral && name == "-" {
		return a.fold(e, true)
	}
	return e, nil
}
