package query

import (
	"walle/pgfront/query/datum"
	"walle/pgfront/query/pgdata"
)

// castContext says how freely a value may be converted.
type castContext uint8

const (
	implicitCast castContext = iota
	assignmentCast
	explicitCast
)

func castAllowed(c *pgdata.Cast, ctx castContext) bool {
	switch c.Context {
	case 'i':
		return true
	case 'a':
		return ctx >= assignmentCast
	}
	return ctx == explicitCast
}

// pathway says by which means one type becomes another.
type pathway uint8

const (
	noPath pathway = iota
	samePath
	relabelPath  // the same bytes under another name
	functionPath // a function of pg_cast
	arrayPath    // element by element
	textPath     // through the text form
)

// findPath is PostgreSQL's find_coercion_pathway.
func findPath(source, target OID, ctx castContext) (pathway, *pgdata.Cast) {
	if source == target {
		return samePath, nil
	}
	if c := pgdata.Load().Cast(uint32(source), uint32(target)); c != nil {
		if !castAllowed(c, ctx) {
			return noPath, nil
		}
		switch c.Method {
		case 'b':
			return relabelPath, c
		case 'f':
			return functionPath, c
		}
		return textPath, c
	}
	// oidvector and int2vector may be read as arrays, but nothing becomes one.
	isVector := target == datum.OIDVectorOID || target == datum.Int2VectorOID
	if se, te := elemType(source), elemType(target); se != 0 && te != 0 && !isVector {
		if p, _ := findPath(se, te, ctx); p == noPath {
			return noPath, nil
		}
		return arrayPath, nil
	}
	if ctx >= assignmentCast && category(target) == 'S' {
		return textPath, nil
	}
	if ctx == explicitCast && category(source) == 'S' {
		return textPath, nil
	}
	return noPath, nil
}

// canCoerce says whether values of all sources may become values of the targets.
func canCoerce(sources, targets []OID, ctx castContext) bool {
	generic := false
	for i, source := range sources {
		target := targets[i]
		switch {
		case source == target, target == datum.AnyOID, source == datum.UnknownOID:
		case isPolymorphic(target):
			generic = true
		case source == datum.RecordOID && category(target) == 'C':
			return false
		default:
			if p, _ := findPath(source, target, ctx); p == noPath {
				return false
			}
		}
	}
	if generic {
		_, ok := resolvePolymorphic(targets, sources, 0)
		return ok
	}
	return true
}

// coerce converts e to type t, or fails with 42804 or 42846 as PostgreSQL does. at is the
// position for the message.
func (a *analyzer) coerce(e expr, t OID, typmod int32, ctx castContext, at int32) (expr, error) {
	out, err := a.coerceType(e, t, typmod, ctx, at)
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, datum.Errorf("42846", "cannot cast type %s to %s", datum.TypeName(e.typ()), datum.TypeName(t)).At(at)
	}
	return a.applyTypmod(out, t, typmod, ctx), nil
}

// coerceType converts the type and leaves the modifier to the caller; nil if there is no way.
func (a *analyzer) coerceType(e expr, t OID, typmod int32, ctx castContext, at int32) (expr, error) {
	source := e.typ()
	if source == t || t == datum.AnyOID || isPolymorphic(t) && source != datum.UnknownOID {
		return e, nil
	}
	if source == datum.UnknownOID {
		if done, err := a.coerceUnknown(e, t, typmod, at); done != nil || err != nil {
			return done, err
		}
	}
	if row, ok := e.(*rowExpr); ok && t == datum.RecordOID {
		return row, nil
	}
	path, cast := findPath(source, t, ctx)
	switch path {
	case relabelPath:
		return newRelabel(e, t), nil
	case functionPath:
		return a.castCall(e, t, typmod, cast, ctx)
	case arrayPath:
		return a.arrayCast(e, t, typmod, ctx, at)
	case textPath:
		return &textCast{arg: e, t: t}, nil
	}
	return nil, nil
}

// coerceUnknown gives a literal or a parameter its type.
func (a *analyzer) coerceUnknown(e expr, t OID, typmod int32, at int32) (expr, error) {
	switch e := e.(type) {
	case *constant:
		if e.value.IsNull() {
			return newConstant(Value{}, t), nil
		}
		if t == datum.UnknownOID {
			return e, nil
		}
		v, err := a.parseLiteral(t, typmod, e.value.Str())
		if err != nil {
			return nil, atPosition(err, at)
		}
		return newConstant(v, t), nil
	case *paramRef:
		return e, a.params.infer(e, t)
	}
	return &textCast{arg: e, t: t}, nil
}

func (a *analyzer) parseLiteral(t OID, typmod int32, s string) (Value, error) {
	if t == datum.IntervalOID && typmod >= 0 {
		iv, err := a.codec.ParseInterval(s, intervalUnitOf(typmod))
		if err != nil {
			return Value{}, err
		}
		return datum.IntervalValue(iv), nil
	}
	return a.codec.ParseText(t, s)
}

// atPosition adds a position to an *Error that has none.
func atPosition(err error, at int32) error {
	if e, ok := err.(*Error); ok {
		return e.At(at)
	}
	return err
}

// castCall calls the function of pg_cast.
func (a *analyzer) castCall(e expr, t OID, typmod int32, cast *pgdata.Cast, ctx castContext) (expr, error) {
	fn, ok := a.builtins().byCast(cast)
	if !ok {
		return nil, datum.Unsupported("cast from %s to %s", datum.TypeName(OID(cast.Source)), datum.TypeName(t))
	}
	args := []expr{e}
	if cast.Args > 1 {
		args = append(args, newConstant(datum.Int(int64(typmod)), datum.Int4OID))
	}
	if cast.Args > 2 {
		args = append(args, newConstant(datum.Bool(ctx == explicitCast), datum.BoolOID))
	}
	out, err := newCall(datum.TypeName(t), fn, true, false, args, t)
	if err != nil {
		return nil, err
	}
	if t == datum.OIDOID || datum.IsReg(t) {
		out = newRelabel(out, t) // the function makes an int4
	}
	proc := pgdata.Load().ProcByOID(cast.Func)
	return a.fold(out, proc != nil && proc.Volatile == 'i')
}

// fold evaluates a call of an immutable function over constants at once.
func (a *analyzer) fold(e expr, immutable bool) (expr, error) {
	for _, in := range e.inputs() {
		if _, ok := in.(*constant); !ok {
			return e, nil
		}
	}
	if len(e.inputs()) == 0 || !immutable {
		return e, nil
	}
	v, err := e.eval(&frame{run: &run{env: a.env, codec: a.codec}})
	if err != nil {
		return e, nil // an error only if it is evaluated: it may stand in a CASE
	}
	return newConstant(v, e.typ()), nil
}

func (a *analyzer) arrayCast(e expr, t OID, typmod int32, ctx castContext, at int32) (expr, error) {
	slot := &slot{t: elemType(e.typ())}
	elem, err := a.coerce(slot, elemType(t), typmod, ctx, at)
	if err != nil || elem == nil {
		return nil, err
	}
	return &arrayCast{arg: e, slot: slot, elem: elem, t: t}, nil
}

// coerceToBool makes the condition of WHERE, AND … ; what names it in the message.
func (a *analyzer) coerceToBool(e expr, what string, at int32) (expr, error) {
	source := e.typ() // that of a parameter is known only afterwards
	if source == datum.BoolOID {
		return e, nil
	}
	out, err := a.coerceType(e, datum.BoolOID, -1, assignmentCast, at)
	if err != nil {
		return nil, err
	}
	if out == nil || source != datum.UnknownOID {
		return nil, datum.Errorf("42804", "argument of %s must be type boolean, not type %s", what, datum.TypeName(source)).At(at)
	}
	return out, nil
}

// settle gives what is still of unknown type the type text.
func (a *analyzer) settle(e expr) (expr, error) {
	if e.typ() != datum.UnknownOID {
		return e, nil
	}
	return a.coerce(e, datum.TextOID, -1, implicitCast, 0)
}

// commonType is PostgreSQL's select_common_type: the type that all operands of CASE,
// UNION, ARRAY … are converted to. what names the construct in the message.
func commonType(list []expr, what string, at int32) (OID, error) {
	common := list[0].typ()
	same := common != datum.UnknownOID
	for _, e := range list[1:] {
		same = same && e.typ() == common
	}
	if same {
		return common, nil
	}
	for _, e := range list[1:] {
		t := e.typ()
		switch {
		case t == datum.UnknownOID || t == common:
		case common == datum.UnknownOID:
			common = t
		case category(t) != category(common):
			return 0, datum.Errorf("42804", "%s types %s and %s cannot be matched", what,
				datum.TypeName(common), datum.TypeName(t)).At(at)
		case !preferred(common) && canCoerce([]OID{common}, []OID{t}, implicitCast) &&
			!canCoerce([]OID{t}, []OID{common}, implicitCast):
			common = t
		}
	}
	if common == datum.UnknownOID {
		return datum.TextOID, nil
	}
	return common, nil
}

// coerceCommon converts one operand to the common type.
func (a *analyzer) coerceCommon(e expr, t OID, what string, at int32) (expr, error) {
	if e.typ() == t {
		return e, nil
	}
	out, err := a.coerceType(e, t, -1, implicitCast, at)
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, datum.Errorf("42846", "%s could not convert type %s to %s", what, datum.TypeName(e.typ()), datum.TypeName(t)).At(at)
	}
	return out, nil
}

// unify converts all operands to their common type.
func (a *analyzer) unify(list []expr, what string, at int32) ([]expr, OID, error) {
	t, err := commonType(list, what, at)
	if err != nil {
		return nil, 0, err
	}
	out := make([]expr, len(list))
	for i, e := range list {
		if out[i], err = a.coerceCommon(e, t, what, at); err != nil {
			return nil, 0, err
		}
	}
	return out, t, nil
}

// assign converts e to the type of a column of INSERT.
func (a *analyzer) assign(e expr, target Target, at int32) (expr, error) {
	out, err := a.coerceType(e, target.Type, target.Typmod, assignmentCast, at)
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, datum.Errorf("42804", "column \"%s\" is of type %s but expression is of type %s", target.Name,
			datum.TypeName(target.Type), datum.TypeName(e.typ())).
			WithHint("You will need to rewrite or cast the expression.").At(at)
	}
	return a.applyTypmod(out, target.Type, target.Typmod, assignmentCast), nil
}
