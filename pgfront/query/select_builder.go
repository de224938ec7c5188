package query

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// selectBuilder turns the clauses of one SELECT, whose FROM, WHERE and list are analyzed,
// into a plan:
//
//	from+where -> group -> having -> windows -> set-returning functions -> project
//	  -> distinct -> sort -> limit
//
// Each step up to the projection appends columns to the row and leaves those before in
// their places, so that expressions need not be rewritten between them.
type selectBuilder struct {
	a       *analyzer
	s       *scope
	stmt    *pg_query.SelectStmt
	plan    plan
	targets []target
	having  expr
	groupBy []expr
	sets    [][]int
	order   []sortKey
	on      []expr // DISTINCT ON
	keySlot []int  // where each group key is
	// groupings are the keys that each GROUPING is about; from groupingSlot on are their values.
	groupings    [][]int
	groupingSlot int
	limit        expr
	offset       expr
}

func (b *selectBuilder) build() (*query, error) {
	for _, step := range []func() error{b.group, b.analyzeHaving, b.settleTargets, b.orderBy, b.distinctOn, b.analyzeLimits,
		b.aggregate, b.windows, b.expand} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return b.finish()
}

// listReference analyzes an expression of GROUP BY, ORDER BY or DISTINCT ON that may name a
// column of the select list. inputFirst says that a column of FROM wins (GROUP BY).
func (b *selectBuilder) listReference(n *pg_query.Node, clause string, inputFirst bool) (expr, error) {
	i, ok, err := position(n, len(b.targets), clause)
	if err != nil {
		return nil, err
	}
	if ok {
		return b.target(i, clause, inputFirst, location(n))
	}
	if ref := n.GetColumnRef(); ref != nil && len(ref.Fields) == 1 && ref.Fields[0].GetString_() != nil {
		name := ref.Fields[0].GetString_().Sval
		if inputFirst {
			if e, err := findColumn(b.s.names.columns, name, 0); err == nil && e != nil {
				return e, nil
			}
		}
		found := -1
		for i, t := range b.targets {
			if t.name != name {
				continue
			}
			if found >= 0 && b.targets[found].e.String() != t.e.String() {
				return nil, datum.Errorf("42702", "%s \"%s\" is ambiguous", clause, name).At(ref.Location)
			}
			if found < 0 {
				found = i
			}
		}
		if found >= 0 {
			return b.target(found, clause, inputFirst, ref.Location)
		}
	}
	return b.a.expr(n, b.s)
}

func (b *selectBuilder) target(i int, clause string, grouping bool, at int32) (expr, error) {
	e := b.targets[i].e
	if grouping {
		for _, agg := range b.s.level.aggs {
			if contains(e, func(e expr) bool { c, ok := e.(*computed); return ok && c.slot == &agg.slot }) {
				return nil, datum.Errorf("42803", "aggregate functions are not allowed in %s", clause).At(at)
			}
		}
	}
	settled, err := b.a.settle(e)
	if err == nil {
		b.targets[i].e = settled
		if grouping { // what its subqueries refer to is read before the grouping
			clear(b.s.level.outerUses[b.targets[i].firstUse:b.targets[i].lastUse])
		}
	}
	return settled, err
}

func (b *selectBuilder) analyzeHaving() error {
	if b.stmt.HavingClause == nil {
		return nil
	}
	b.s.clause = clauseHaving
	e, err := b.a.expr(b.stmt.HavingClause, b.s)
	if err != nil {
		return err
	}
	b.having, err = b.a.coerceToBool(e, "HAVING", location(b.stmt.HavingClause))
	return err
}

// settleTargets leaves literals of unknown type to what uses the query, but gives them a
// type for the plan.
func (b *selectBuilder) settleTargets() error {
	for i := range b.targets {
		if _, isLiteral := b.targets[i].e.(*constant); isLiteral {
			continue
		}
		e, err := b.a.settle(b.targets[i].e)
		if err != nil {
			return err
		}
		b.targets[i].e = e
	}
	return nil
}

func (b *selectBuilder) orderBy() error {
	b.s.clause = clauseOrder
	for _, n := range b.stmt.SortClause {
		by := n.GetSortBy()
		e, err := b.listReference(by.Node, "ORDER BY", false)
		if err != nil {
			return err
		}
		if e, err = b.a.settle(e); err != nil {
			return err
		}
		key, err := newSortKey(e, by)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(b.order, func(k sortKey) bool { return k.e.String() == e.String() }) {
			b.order = append(b.order, key)
		}
	}
	return nil
}

// distinctOn analyzes DISTINCT ON, whose expressions must lead ORDER BY.
func (b *selectBuilder) distinctOn() error {
	if !b.hasDistinctOn() {
		return nil
	}
	for _, n := range b.stmt.DistinctClause {
		e, err := b.listReference(n, "DISTINCT ON", false)
		if err != nil {
			return err
		}
		if e, err = b.a.settle(e); err != nil {
			return err
		}
		b.on = append(b.on, e)
	}
	for i, k := range b.order {
		if i < len(b.on) && !containsExpr(b.on, k.e) {
			return datum.Errorf("42P10", "SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
		}
	}
	return nil
}

func (b *selectBuilder) hasDistinctOn() bool {
	return len(b.stmt.DistinctClause) > 0 && b.stmt.DistinctClause[0].GetNode() != nil
}

func (b *selectBuilder) analyzeLimits() (err error) {
	b.limit, b.offset, err = b.a.limits(b.stmt, b.s)
	return err
}

// windows puts the window functions into the plan.
func (b *selectBuilder) windows() error {
	calls := b.s.level.windows
	if len(calls) == 0 {
		return nil
	}
	for i, c := range calls {
		c.slot = b.s.width + i
	}
	b.plan = newWindowNode(b.plan, b.s.width, calls)
	b.s.width += len(calls)
	return nil
}

// expand puts the set-returning functions of the list into the plan.
func (b *selectBuilder) expand() error {
	calls := b.s.level.sets
	if len(calls) == 0 {
		return nil
	}
	for i, c := range calls {
		c.slot = b.s.width + i
	}
	b.plan = &expandNode{input: b.plan, width: b.s.width, calls: calls}
	b.s.width += len(calls)
	return nil
}

// finish projects, removes duplicates, sorts and limits.
func (b *selectBuilder) finish() (*query, error) {
	q := &query{}
	exprs := make([]expr, 0, len(b.targets)+len(b.order))
	for _, t := range b.targets {
		e, err := b.a.settle(t.e)
		if err != nil {
			return nil, err
		}
		c := columnOf(t.name, e, b.s)
		if lit, ok := t.e.(*constant); ok && lit.t == datum.UnknownOID {
			c.literal = lit
		}
		q.columns, exprs = append(q.columns, c), append(exprs, e)
	}
	distinct := len(b.stmt.DistinctClause) > 0
	if distinct {
		if err := b.checkDistinct(q); err != nil {
			return nil, err
		}
	}
	b.useScanOrder(distinct)
	exprs, keys, err := b.placeKeys(exprs, distinct)
	if err != nil {
		return nil, err
	}
	on, exprs := b.placeOn(exprs)
	q.plan = &projectNode{input: b.plan, exprs: exprs}
	if distinct && on == nil {
		q.plan = &distinctNode{input: q.plan, types: columnTypes(q.columns)}
	}
	if len(keys) > 0 {
		limit := sortLimit(b.stmt, b.limit, b.offset)
		if on != nil {
			limit = nil
		}
		q.plan = &sortNode{input: q.plan, keys: keys, limit: limit}
	}
	if on != nil {
		q.plan = &distinctNode{input: q.plan, on: on}
	}
	q.plan = limited(q.plan, b.stmt, b.limit, b.offset, keys)
	if len(exprs) > len(q.columns) {
		q.plan = &cutNode{input: q.plan, width: len(q.columns)}
	}
	return q, nil
}

func columnTypes(columns []outColumn) []OID {
	types := make([]OID, len(columns))
	for i, c := range columns {
		types[i] = c.t
	}
	return types
}

func (b *selectBuilder) checkDistinct(q *query) error {
	if b.on != nil {
		return nil
	}
	for _, c := range q.columns {
		if !comparable(c.t) {
			return noEquality(c.t, 0)
		}
	}
	for _, k := range b.order {
		if !slices.ContainsFunc(b.targets, func(t target) bool { return t.e.String() == k.e.String() }) {
			return datum.Errorf("42P10", "for SELECT DISTINCT, ORDER BY expressions must appear in select list")
		}
	}
	return nil
}

// useScanOrder drops ORDER BY where the scan delivers the order anyway: entry_id is unique,
// so whatever follows it does not matter. A limit may then stop the scan itself.
func (b *selectBuilder) useScanOrder(distinct bool) {
	scan := scanOf(b.plan)
	if scan == nil {
		return
	}
	if len(b.order) > 0 {
		c, ok := b.order[0].e.(*column)
		if !ok || c.index != scan.rel.Desc().EntryID || b.on != nil || distinct {
			return
		}
		if b.order[0].desc {
			if scan.follow {
				return
			}
			scan.desc = true
		}
		if b.stmt.LimitOption != pg_query.LimitOption_LIMIT_OPTION_WITH_TIES {
			b.order = nil
		}
	}
	if b.plan == plan(scan) && !distinct && len(b.order) == 0 {
		scan.limit = sortLimit(b.stmt, b.limit, b.offset)
	}
}

// placeKeys finds each sort key among the projected columns, or appends it to them.
func (b *selectBuilder) placeKeys(exprs []expr, distinct bool) ([]expr, []sortKey, error) {
	keys := make([]sortKey, len(b.order))
	for i, k := range b.order {
		exprs, keys[i].e = placed(exprs, k.e)
		keys[i].desc, keys[i].nullsFirst = k.desc, k.nullsFirst
	}
	return exprs, keys, nil
}

func (b *selectBuilder) placeOn(exprs []expr) (on, all []expr) {
	for _, e := range b.on {
		var c expr
		exprs, c = placed(exprs, e)
		on = append(on, c)
	}
	return on, exprs
}

// placed returns the column of e in a projection of exprs, which may grow by it.
func placed(exprs []expr, e expr) ([]expr, expr) {
	i := slices.IndexFunc(exprs, func(x expr) bool { return x.String() == e.String() })
	if i < 0 || isVolatile(e) {
		i = len(exprs)
		exprs = append(exprs, e)
	}
	return exprs, &column{index: i, t: e.typ(), typmod: typmodOf(e), name: strings.TrimSpace(e.String())}
}
