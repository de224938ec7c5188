package query

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// windowCall is a window function, or an aggregate used as one.
type windowCall struct {
	fn        windowFunc // nil for an aggregate
	agg       *aggCall
	args      []expr
	info      call
	partition []expr
	order     []sortKey
	frame     windowFrame
	slot      int
	text      string
}

// windowFrame is the frame clause.
type windowFrame struct {
	mode       frameMode
	start, end frameBound
	exclude    exclusion
}

type frameMode uint8

const (
	rangeFrame frameMode = iota
	rowsFrame
	groupsFrame
)

// frameBound is one end of a frame.
type frameBound struct {
	unbounded bool
	offset    expr // nil for CURRENT ROW
	preceding bool
	distance  *rangeOffset // of an offset in mode RANGE
}

// eachExpr lets every expression of the call be replaced.
func (w *windowCall) eachExpr(visit func(*expr)) {
	for i := range w.args {
		visit(&w.args[i])
	}
	for i := range w.partition {
		visit(&w.partition[i])
	}
	for i := range w.order {
		visit(&w.order[i].e)
	}
	if w.agg != nil {
		w.agg.args = w.args
		visit(&w.agg.filter)
	}
}

// windowCall analyzes f(…) OVER (…).
func (a *analyzer) windowCall(f *function, args []expr, c *pg_query.FuncCall, s *scope) (expr, error) {
	if s.clause != clauseSelect && s.clause != clauseOrder {
		return nil, datum.Errorf("42P20", "window functions are not allowed in %s", s.clause).At(c.Location)
	}
	if c.AggDistinct {
		return nil, datum.Errorf("0A000", "DISTINCT is not implemented for window functions").At(c.Location)
	}
	w := &windowCall{}
	var err error
	switch f.Kind {
	case 'a':
		if w.agg, _, err = a.aggregateCall(f, args, c, s); err != nil {
			return nil, err
		}
		if len(w.agg.order) > 0 {
			return nil, datum.Errorf("0A000", "aggregate ORDER BY is not implemented for window functions").At(c.Location)
		}
		w.args = w.agg.args
	case 'w':
		fn, ok := a.builtins().window(f.Proc)
		if !ok {
			return nil, datum.Unsupported("window function %s", f.Name).At(c.Location)
		}
		if w.args, err = a.arguments(f, args, c.Location); err != nil {
			return nil, err
		}
		w.fn = fn
	default:
		return nil, datum.Errorf("42809", "OVER specified, but %s is not a window function nor an aggregate function", f.Name).At(c.Location)
	}
	w.info = call{types: typesOf(w.args), result: f.result}
	if err := a.windowDef(w, c.Over, s); err != nil {
		return nil, err
	}
	w.text = w.describe(f.Name)
	s.level.windows = append(s.level.windows, w)
	return &computed{slot: &w.slot, t: f.result, text: w.text}, nil
}

// windowDef reads the definition, following a name to the WINDOW clause.
func (a *analyzer) windowDef(w *windowCall, def *pg_query.WindowDef, s *scope) error {
	name := def.Name
	if name == "" {
		name = def.Refname
	}
	if name != "" {
		base, ok := s.level.namedWindows[name]
		if !ok {
			return datum.Errorf("42704", "window \"%s\" does not exist", name).At(def.Location)
		}
		if err := a.windowDef(w, base, s); err != nil {
			return err
		}
		if def.Name != "" {
			return nil
		}
	}
	inner := *s
	inner.clause = clauseWindow
	for _, n := range def.PartitionClause {
		e, err := a.expr(n, &inner)
		if err != nil {
			return err
		}
		if e, err = a.settle(e); err != nil {
			return err
		}
		if !comparable(e.typ()) {
			return noEquality(e.typ(), location(n))
		}
		w.partition = append(w.partition, e)
	}
	for _, n := range def.OrderClause {
		by := n.GetSortBy()
		e, err := a.expr(by.Node, &inner)
		if err != nil {
			return err
		}
		if e, err = a.settle(e); err != nil {
			return err
		}
		key, err := newSortKey(e, by)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(w.order, func(k sortKey) bool { return k.e.String() == e.String() }) {
			w.order = append(w.order, key)
		}
	}
	s.usesOuter = s.usesOuter || inner.usesOuter
	return a.windowFrame(w, def, s)
}

// Bits of WindowDef.frame_options, as in PostgreSQL's parsenodes.h.
const (
	frameNonDefault              = 0x00001
	frameRange                   = 0x00002
	frameRows                    = 0x00004
	frameGroups                  = 0x00008
	frameStartUnboundedPreceding = 0x00020
	frameEndUnboundedFollowing   = 0x00100
	frameStartOffsetPreceding    = 0x00800
	frameEndOffsetPreceding      = 0x01000
	frameStartOffsetFollowing    = 0x02000
	frameEndOffsetFollowing      = 0x04000
	frameExcludeCurrent          = 0x08000
	frameExcludeGroup            = 0x10000
	frameExcludeTies             = 0x20000
)

func (a *analyzer) windowFrame(w *windowCall, def *pg_query.WindowDef, s *scope) error {
	opts := def.FrameOptions
	w.frame = windowFrame{start: frameBound{unbounded: true, preceding: true}}
	if opts&frameNonDefault == 0 {
		return nil
	}
	switch {
	case opts&frameExcludeCurrent != 0:
		w.frame.exclude = excludeCurrent
	case opts&frameExcludeGroup != 0:
		w.frame.exclude = excludeGroup
	case opts&frameExcludeTies != 0:
		w.frame.exclude = excludeTies
	}
	switch {
	case opts&frameRows != 0:
		w.frame.mode = rowsFrame
	case opts&frameGroups != 0:
		w.frame.mode = groupsFrame
		if len(w.order) == 0 {
			return datum.Errorf("42P20", "GROUPS mode requires an ORDER BY clause").At(def.Location)
		}
	}
	w.frame.start = frameBound{unbounded: opts&frameStartUnboundedPreceding != 0, preceding: opts&(frameStartOffsetPreceding|frameStartUnboundedPreceding) != 0}
	if opts&(frameStartOffsetPreceding|frameStartOffsetFollowing) != 0 {
		if err := a.frameOffset(w, &w.frame.start, def.StartOffset, def.Location, s); err != nil {
			return err
		}
	}
	w.frame.end = frameBound{unbounded: opts&frameEndUnboundedFollowing != 0, preceding: opts&frameEndOffsetPreceding != 0}
	if opts&(frameEndOffsetPreceding|frameEndOffsetFollowing) != 0 {
		return a.frameOffset(w, &w.frame.end, def.EndOffset, def.Location, s)
	}
	return nil
}

// frameOffset analyzes the offset of one end: a number of rows or groups, or a distance.
func (a *analyzer) frameOffset(w *windowCall, b *frameBound, n *pg_query.Node, at int32, s *scope) (err error) {
	if w.frame.mode == rangeFrame {
		b.offset, b.distance, err = a.rangeBound(w, n, b.preceding, s, at)
		return err
	}
	e, err := a.expr(n, s)
	if err != nil {
		return err
	}
	b.offset, err = a.coerce(e, datum.Int8OID, -1, assignmentCast, location(n))
	return err
}

func (w *windowCall) describe(name string) string {
	var b strings.Builder
	b.WriteString(name + "(" + joinStrings(w.args) + ") OVER (PARTITION BY " + joinStrings(w.partition) + " ORDER BY")
	for _, k := range w.order {
		b.WriteString(" " + k.String())
	}
	b.WriteString(")")
	return b.String()
}
