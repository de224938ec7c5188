package query

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// group analyzes GROUP BY.
func (b *selectBuilder) group() error {
	if len(b.stmt.GroupClause) == 0 {
		return nil
	}
	b.s.clause = clauseGroup
	b.sets = [][]int{nil}
	for _, n := range b.stmt.GroupClause {
		sets, err := b.groupItem(n)
		if err != nil {
			return err
		}
		var crossed [][]int
		for _, have := range b.sets {
			for _, more := range sets {
				crossed = append(crossed, append(slices.Clone(have), more...))
			}
		}
		if len(crossed) > 4096 {
			return datum.Errorf("54001", "too many grouping sets present (maximum 4096)")
		}
		b.sets = crossed
	}
	return nil
}

// groupItem returns the grouping sets that one item stands for.
func (b *selectBuilder) groupItem(n *pg_query.Node) ([][]int, error) {
	g := n.GetGroupingSet()
	if g == nil {
		key, err := b.groupKey(n)
		return [][]int{key}, err
	}
	var parts [][]int
	var nested [][]int
	for _, item := range g.Content {
		sets, err := b.groupItem(item)
		if err != nil {
			return nil, err
		}
		parts, nested = append(parts, sets[0]), append(nested, sets...)
	}
	switch g.Kind {
	case pg_query.GroupingSetKind_GROUPING_SET_EMPTY:
		return [][]int{nil}, nil
	case pg_query.GroupingSetKind_GROUPING_SET_ROLLUP:
		var out [][]int
		for i := len(parts); i >= 0; i-- {
			out = append(out, slices.Concat(parts[:i]...))
		}
		return out, nil
	case pg_query.GroupingSetKind_GROUPING_SET_CUBE:
		if len(parts) > 12 {
			return nil, datum.Errorf("54011", "CUBE is limited to 12 elements")
		}
		var out [][]int
		for mask := 1<<len(parts) - 1; mask >= 0; mask-- {
			var set []int
			for i, p := range parts {
				if mask&(1<<(len(parts)-1-i)) != 0 {
					set = append(set, p...)
				}
			}
			out = append(out, set)
		}
		return out, nil
	}
	return nested, nil
}

// groupKey analyzes one expression of GROUP BY: an output column by number, a column of
// FROM, an output column by name, or an expression.
func (b *selectBuilder) groupKey(n *pg_query.Node) ([]int, error) {
	if row := n.GetRowExpr(); row != nil && row.RowFormat == pg_query.CoercionForm_COERCE_IMPLICIT_CAST {
		var keys []int
		for _, arg := range row.Args {
			k, err := b.groupKey(arg)
			if err != nil {
				return nil, err
			}
			keys = append(keys, k...)
		}
		return keys, nil
	}
	e, err := b.listReference(n, "GROUP BY", true)
	if err != nil {
		return nil, err
	}
	if e, err = b.a.settle(e); err != nil {
		return nil, err
	}
	if !comparable(e.typ()) {
		return nil, noEquality(e.typ(), location(n))
	}
	for i, have := range b.groupBy {
		if have.String() == e.String() {
			return []int{i}, nil
		}
	}
	b.groupBy = append(b.groupBy, e)
	return []int{len(b.groupBy) - 1}, nil
}

// aggregate puts the grouping into the plan, and makes what comes after it refer to keys.
func (b *selectBuilder) aggregate() error {
	level := b.s.level
	if len(level.aggs) == 0 && b.sets == nil && b.having == nil && !level.grouping {
		return nil
	}
	n := &aggNode{input: b.plan, width: b.s.width, calls: level.aggs, keys: b.groupBy, sets: b.sets, grouped: b.sets != nil}
	if n.sets == nil {
		n.sets = [][]int{nil}
	}
	for i, c := range level.aggs {
		c.slot = n.width + i
	}
	b.keySlot = make([]int, len(b.groupBy))
	for i := range b.groupBy {
		b.keySlot[i] = n.width + len(level.aggs) + i
	}
	n.keep = make([]bool, n.width)
	for _, k := range b.groupBy {
		walk(k, func(e expr) bool {
			if c, ok := e.(*column); ok {
				n.keep[c.index] = true
			}
			return true
		})
	}
	for _, use := range level.outerUses {
		if use == nil {
			continue
		}
		if _, err := b.overGroups(use); err != nil {
			c, ok := use.(*column)
			if !ok {
				return err
			}
			return datum.Errorf("42803", "subquery uses ungrouped column \"%s\" from outer query", c.name)
		}
	}
	b.plan = n
	if r := rangeOf(n); r != nil {
		b.plan = r
	}
	b.groupingSlot = n.width + len(level.aggs) + len(b.groupBy)
	if err := b.regroup(); err != nil {
		return err
	}
	n.groupings = b.groupings
	if b.having != nil {
		b.plan = &filterNode{input: b.plan, cond: b.having}
	}
	b.s.width += len(level.aggs) + len(b.groupBy) + len(b.groupings)
	return nil
}

// regroup rewrites everything that is evaluated after grouping.
func (b *selectBuilder) regroup() (err error) {
	over := func(e *expr) {
		if err == nil && *e != nil {
			*e, err = b.overGroups(*e)
		}
	}
	listed := func(e *expr) {
		if i := b.keyIndex(*e); i >= 0 && err == nil {
			*e = b.key(i)
			return
		}
		over(e)
	}
	over(&b.having)
	for _, agg := range b.s.level.aggs {
		for i := range agg.direct {
			over(&agg.direct[i])
		}
	}
	for i := range b.targets {
		listed(&b.targets[i].e)
	}
	for i := range b.order {
		listed(&b.order[i].e)
	}
	for i := range b.on {
		listed(&b.on[i])
	}
	for _, w := range b.s.level.windows {
		w.eachExpr(over)
	}
	for _, set := range b.s.level.sets {
		for i := range set.args {
			over(&set.args[i])
		}
	}
	return err
}

// overGroups replaces group keys by their slots; a column that is left over is an error. Keys
// that read no column are left: HAVING count(*) > 1 does not mean a key 1, which a grouping
// set without it makes null.
func (b *selectBuilder) overGroups(e expr) (expr, error) {
	var err error
	out := rewrite(e, func(e expr) expr {
		if i := b.keyIndex(e); i >= 0 && !isFixed(e) {
			return b.key(i)
		}
		if g, ok := e.(*groupingExpr); ok && err == nil {
			e, err = b.groupingOf(g)
			return e
		}
		if c, ok := e.(*column); ok && err == nil {
			err = datum.Errorf("42803", "column \"%s\" must appear in the GROUP BY clause or be used in an aggregate function", c.name)
		}
		return nil
	})
	return out, err
}

// keyIndex finds e among the group keys, -1 if it is none.
func (b *selectBuilder) keyIndex(e expr) int {
	return slices.IndexFunc(b.groupBy, func(k expr) bool { return k.String() == e.String() })
}

func (b *selectBuilder) key(i int) expr {
	return &computed{slot: &b.keySlot[i], t: b.groupBy[i].typ(), text: b.groupBy[i].String()}
}
