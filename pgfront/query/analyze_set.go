package query

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// setCall is a set-returning function in a select list: it makes a row for each of its
// rows, in step with the others of the list.
type setCall struct {
	fn     setFunc
	args   []expr
	info   call
	strict bool
	shape  []outColumn
	slot   int
	text   string
}

// setFunction analyzes a set-returning function in an expression.
func (a *analyzer) setFunction(f *function, args []expr, c *pg_query.FuncCall, s *scope) (expr, error) {
	if s.clause != clauseSelect || s.level == nil {
		return nil, datum.Errorf("0A000", "set-returning functions are not allowed in %s", s.clause).At(c.Location)
	}
	call, err := a.newSetCall(f, args, c.Location)
	if err != nil {
		return nil, err
	}
	for _, arg := range call.args {
		if contains(arg, func(e expr) bool { return isSetResult(s.level, e) }) {
			return nil, datum.Unsupported("set-returning function inside another one's arguments").At(c.Location)
		}
	}
	s.level.sets = append(s.level.sets, call)
	out := &computed{slot: &call.slot, t: f.result, text: call.text}
	if len(call.shape) > 1 || f.result == datum.RecordOID {
		out.t, out.shape = datum.RecordOID, call.shape
	}
	return out, nil
}

func isSetResult(l *levelState, e expr) bool {
	c, ok := e.(*computed)
	if !ok {
		return false
	}
	for _, set := range l.sets {
		if c.slot == &set.slot {
			return true
		}
	}
	return false
}

// newSetCall resolves the implementation and the columns that it returns.
func (a *analyzer) newSetCall(f *function, args []expr, at int32) (*setCall, error) {
	fn, ok := a.builtins().set(f.Proc)
	if !ok {
		return nil, datum.Unsupported("function %s", signature(f.Name, f.args)).At(at)
	}
	args, err := a.arguments(f, args, at)
	if err != nil {
		return nil, err
	}
	call := &setCall{fn: fn, args: args, strict: f.Strict, text: f.Name + "(" + joinStrings(args) + ")"}
	call.info = call0(typesOf(args), f.result)
	call.shape = outColumnsOf(f)
	return call, nil
}

func call0(types []OID, result OID) call { return call{types: types, result: result} }

// outColumnsOf lists the OUT parameters, or the one result.
func outColumnsOf(f *function) []outColumn {
	var list []outColumn
	for i, mode := range f.ArgModes {
		if mode == 'o' || mode == 't' {
			t := OID(f.AllArgs[i])
			if isPolymorphic(t) {
				t = f.concreteOut(t)
			}
			list = append(list, outColumn{name: f.ArgNames[i], t: t, typmod: -1})
		}
	}
	if list == nil {
		list = []outColumn{{name: f.Name, t: f.result, typmod: -1}}
	}
	return list
}

// concreteOut finds the type of a polymorphic OUT parameter from the arguments.
func (f *function) concreteOut(t OID) OID {
	declared := make([]OID, len(f.args))
	for i := range f.args {
		declared[i] = OID(f.Args[i])
	}
	r, ok := resolvePolymorphic(declared, f.args, t)
	if !ok {
		return datum.TextOID
	}
	return r.result
}

// rows evaluates the arguments and calls the function; a strict one with a null argument
// makes no rows.
func (c *setCall) rows(f *frame) (setRows, error) {
	values := make([]Value, len(c.args))
	if err := evalAll(c.args, f, values); err != nil {
		return nil, err
	}
	if c.strict {
		for _, v := range values {
			if v.IsNull() {
				return noRows, nil
			}
		}
	}
	info := c.info
	info.run = f.run
	return c.fn(&info, values)
}

// setFunc is the shape of set-returning builtins.
type setFunc = func(*call, []Value) (setRows, error)

// setRows returns the next row; ok is false after the last.
type setRows func() (row []Value, ok bool, err error)

func noRows() ([]Value, bool, error) { return nil, false, nil }
