package query

import (
	"slices"

	"walle/pgfront/query/datum"
)

// spread calls a function of VARIADIC "any" with the elements of an array as its last
// arguments: f(VARIADIC array[…]).
type spread struct {
	call  callN // over the fixed arguments and the array
	elem  OID
	fixed int
}

// spreadCall makes f(args…, VARIADIC array).
func (a *analyzer) spreadCall(f *function, args []expr, at int32) (expr, error) {
	fn, ok := a.builtins().byProc(f.Proc)
	many, isN := fn.(fnN)
	array := len(args) - 1
	if !ok || !isN {
		return nil, datum.Unsupported("VARIADIC for function %s", signature(f.Name, f.args)).At(at)
	}
	elem := elemType(args[array].typ())
	if elem == 0 {
		return nil, datum.Errorf("42804", "VARIADIC argument must be an array").At(at)
	}
	fixed, err := a.arguments(f, args[:array], at)
	if err != nil {
		return nil, err
	}
	s := &spread{elem: elem, fixed: array}
	s.call = callN{callExpr: callExpr{name: f.Name, volatile: f.Volatile == 'v', info: call{result: f.result, types: typesOf(fixed)}},
		fn: many, args: append(fixed, args[array])}
	return s, nil
}

func (s *spread) typ() OID       { return s.call.typ() }
func (s *spread) inputs() []expr { return s.call.args }
func (s *spread) String() string { return s.call.name + "(VARIADIC " + joinStrings(s.call.args) + ")" }

func (s *spread) with(in []expr) expr {
	out := *s
	out.call.args = in
	return &out
}

func (s *spread) eval(f *frame) (Value, error) {
	values := make([]Value, len(s.call.args))
	if err := evalAll(s.call.args, f, values); err != nil {
		return Value{}, err
	}
	array := values[s.fixed]
	if array.IsNull() {
		return Value{}, nil
	}
	info := s.call.info
	info.run = f.run
	info.types = slices.Clone(info.types)
	values = values[:s.fixed]
	for _, e := range array.Array().Elems {
		values, info.types = append(values, e), append(info.types, s.elem)
	}
	return s.call.fn(&info, values)
}
