package query

import (
	"slices"
	"strings"

	"walle/pgfront/query/datum"
	"walle/pgfront/query/pgdata"
)

// function is a resolved function: the overload, its concrete types, and whether the last
// arguments go into a VARIADIC array.
type function struct {
	*pgdata.Proc
	args     []OID
	result   OID
	variadic int // how many arguments are collected, -1 if none are
}

// findFunction is PostgreSQL's func_get_detail. names are those of named arguments, nil for
// positional ones; expanded says that VARIADIC was written.
func findFunction(name string, args []OID, names []string, expanded bool, at int32) (*function, error) {
	candidates := functionCandidates(name, args, names, expanded)
	if len(candidates) == 0 {
		return nil, noFunction(name, args, at)
	}
	for _, c := range candidates {
		if slices.Equal(c.args, args) {
			return c.what.resolve(args, at)
		}
	}
	matching := match(candidates, args)
	switch len(matching) {
	case 0:
		return nil, noFunction(name, args, at)
	case 1:
		return matching[0].what.resolve(args, at)
	}
	if c, ok := choose(matching, args); ok {
		return c.what.resolve(args, at)
	}
	return nil, datum.Errorf("42725", "function %s is not unique", signature(name, args)).
		WithHint("Could not choose a best candidate function. You might need to add explicit type casts.").At(at)
}

func noFunction(name string, args []OID, at int32) *Error {
	return datum.Errorf("42883", "function %s does not exist", signature(name, args)).
		WithHint("No function matches the given name and argument types. You might need to add explicit type casts.").At(at)
}

// functionCandidates lists the overloads that take this number of arguments, counting
// defaults and VARIADIC. Of two with the same types the one without VARIADIC stays.
func functionCandidates(name string, args []OID, names []string, expanded bool) []candidate[*function] {
	var list []candidate[*function]
	for _, p := range pgdata.Load().ProcsByName(name) {
		declared, variadic, ok := spellOut(p, len(args), expanded)
		if !ok {
			continue
		}
		if declared, ok = placeNamed(p, declared, names); !ok {
			continue
		}
		c := candidate[*function]{declared, &function{Proc: p, args: declared, result: OID(p.Result), variadic: variadic}}
		same := slices.IndexFunc(list, func(o candidate[*function]) bool { return slices.Equal(o.args, declared) })
		switch {
		case same < 0:
			list = append(list, c)
		case variadic < 0:
			list[same] = c
		}
	}
	return list
}

// spellOut returns the types that p declares for n arguments.
func spellOut(p *pgdata.Proc, n int, expanded bool) (declared []OID, variadic int, ok bool) {
	for _, t := range p.Args {
		declared = append(declared, OID(t))
	}
	fixed := len(declared)
	if p.Variadic != 0 && !expanded && n >= fixed {
		collected := n - fixed + 1
		declared = declared[:fixed-1]
		for range collected {
			declared = append(declared, OID(p.Variadic))
		}
		if OID(p.Variadic) == datum.AnyOID {
			collected = -1 // "any" takes them one by one
		}
		return declared, collected, true
	}
	if n > fixed || n < fixed-p.Defaults || expanded && p.Variadic == 0 {
		return nil, 0, false
	}
	return declared[:n], -1, true
}

// placeNamed puts the declared types into the order of the call, which may name arguments.
func placeNamed(p *pgdata.Proc, declared []OID, names []string) ([]OID, bool) {
	if names == nil {
		return declared, true
	}
	placed := make([]OID, len(names))
	for i, name := range names {
		at := argPosition(p, i, name)
		if at < 0 || at >= len(p.Args) {
			return nil, false
		}
		placed[i] = OID(p.Args[at])
	}
	return placed, true
}

func argPosition(p *pgdata.Proc, i int, name string) int {
	if name == "" {
		return i
	}
	return slices.Index(p.ArgNames, name)
}

// inOrder moves named arguments to their places. What is left out takes the default, of
// which only the zeros of make_interval are known.
func (f *function) inOrder(args []expr, names []string, at int32) ([]expr, error) {
	if names == nil {
		return args, nil
	}
	out := make([]expr, len(f.Args))
	for i, name := range names {
		out[argPosition(f.Proc, i, name)] = args[i]
	}
	f.args = oids(f.Args)
	for i := range out {
		if out[i] == nil && f.Name != "make_interval" {
			return nil, datum.Unsupported("leaving out an argument of %s by naming others", f.Name).At(at)
		}
		if out[i] == nil {
			out[i] = newConstant(zeroOf(f.args[i]), f.args[i])
		}
	}
	return out, nil
}

// resolve makes the types of the chosen overload concrete.
func (f *function) resolve(actual []OID, at int32) (*function, error) {
	r, ok := resolvePolymorphic(f.args, actual, f.result)
	if !ok {
		return nil, datum.Errorf("42804", "could not determine polymorphic type because input has type unknown").At(at)
	}
	if r.result == 0 { // an array of what has no array type
		elem := actual[slices.Index(f.args, datum.AnyElementOID)]
		return nil, datum.Errorf("42704", "could not find array type for data type %s", datum.TypeName(elem)).At(at)
	}
	f.args, f.result = r.args, r.result
	return f, nil
}

// callFunction calls a scalar function by name over analyzed arguments.
func (a *analyzer) callFunction(name string, args []expr, at int32) (expr, error) {
	f, err := findFunction(name, typesOf(args), nil, false, at)
	if err != nil {
		return nil, err
	}
	return a.applyFunction(f, args, at)
}

func (a *analyzer) applyFunction(f *function, args []expr, at int32) (expr, error) {
	fn, ok := a.builtins().byProc(f.Proc)
	if !ok {
		return nil, datum.Unsupported("function %s", signature(f.Name, f.args)).At(at)
	}
	args, err := a.arguments(f, args, at)
	if err != nil {
		return nil, err
	}
	e, err := newCall(f.Name, fn, f.Strict, f.Volatile == 'v', args, f.result)
	if err != nil {
		return nil, err
	}
	return foldNull(e), nil
}

// arguments converts the arguments to the declared types and collects the VARIADIC ones.
func (a *analyzer) arguments(f *function, args []expr, at int32) ([]expr, error) {
	out := make([]expr, len(args))
	for i, e := range args {
		var err error
		if isPolymorphic(f.args[i]) || f.args[i] == datum.AnyOID {
			out[i], err = a.settle(e)
		} else {
			out[i], err = a.coerce(e, f.args[i], -1, implicitCast, at)
		}
		if err != nil {
			return nil, err
		}
	}
	if f.variadic < 0 {
		return out, nil
	}
	fixed := len(out) - f.variadic
	elem := f.args[fixed]
	return append(out[:fixed:fixed], &arrayExpr{args: out[fixed:], elem: elem, t: arrayType(elem)}), nil
}

func typesOf(list []expr) []OID {
	types := make([]OID, len(list))
	for i, e := range list {
		types[i] = e.typ()
	}
	return types
}

// functionName splits the name of a call; but for one of information_schema all functions
// are in pg_catalog.
func functionName(names []string) (string, bool) {
	switch {
	case len(names) == 1:
		return names[0], true
	case len(names) == 2 && names[0] == "pg_catalog":
		return names[1], true
	case len(names) == 2 && names[0] == "information_schema" && names[1] == "_pg_expandarray":
		return names[1], true
	}
	return strings.Join(names, "."), false
}
