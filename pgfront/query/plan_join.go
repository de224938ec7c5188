package query

import (
	"context"

	"walle/pgfront/query/datum"
)

type joinKind uint8

const (
	innerJoin joinKind = iota
	leftJoin
	rightJoin
	fullJoin
)

// joinNode joins two inputs. With equalities between them the right one is hashed, else it
// is kept in memory and looped over. A lateral right input is opened for each left row,
// which it sees as the row of its outer frame.
type joinNode struct {
	kind        joinKind
	left, right plan
	leftWidth   int
	rightWidth  int
	lateral     bool
	conds       []expr // over the joined row
	// keys and rest are conds split: equalities between the sides, and what remains.
	keys []joinKey
	rest []expr
}

// joinKey is an equality; right is over the right row alone.
type joinKey struct {
	left, right expr
}

func (n *joinNode) children() []plan { return []plan{n.left, n.right} }

// setConds fixes the conditions and finds the keys among them.
func (n *joinNode) setConds(conds []expr) {
	n.conds, n.keys, n.rest = conds, nil, nil
	for _, c := range conds {
		if k, ok := n.keyOf(c); ok && !n.lateral {
			n.keys = append(n.keys, k)
		} else {
			n.rest = append(n.rest, c)
		}
	}
}

func (n *joinNode) keyOf(e expr) (joinKey, bool) {
	c, ok := e.(*call2)
	if !ok || c.op == nil || c.name != "=" || !hashCompatible(c.left.typ(), c.right.typ()) || hasSubquery(e) {
		return joinKey{}, false
	}
	switch {
	case n.onLeft(c.left) && n.onRight(c.right):
		return joinKey{c.left, rebase(c.right, -n.leftWidth)}, true
	case n.onRight(c.left) && n.onLeft(c.right):
		return joinKey{c.right, rebase(c.left, -n.leftWidth)}, true
	}
	return joinKey{}, false
}

func (n *joinNode) onLeft(e expr) bool {
	_, high, ok := columnRange(e)
	return ok && high < n.leftWidth
}

func (n *joinNode) onRight(e expr) bool {
	low, _, ok := columnRange(e)
	return ok && low >= n.leftWidth
}

// hashCompatible says whether equal values of the types have equal keys.
func hashCompatible(l, r OID) bool {
	if l == r {
		return comparable(l)
	}
	if isInteger(l) && isInteger(r) {
		return true
	}
	text := func(t OID) bool { return t == datum.TextOID || t == datum.VarcharOID || t == datum.NameOID }
	return text(l) && text(r)
}

// restrict pushes conditions to the sides where an outer join allows it.
func (n *joinNode) restrict(conds []expr) plan {
	var left, right, both, above []expr
	for _, c := range conds {
		switch {
		case n.onLeft(c) && (n.kind == innerJoin || n.kind == leftJoin):
			left = append(left, c)
		case n.onRight(c) && !n.lateral && (n.kind == innerJoin || n.kind == rightJoin):
			right = append(right, rebase(c, -n.leftWidth))
		case n.kind == innerJoin:
			both = append(both, c)
		default:
			above = append(above, c)
		}
	}
	out := *n
	out.left, out.right = push(n.left, left), push(n.right, right)
	out.setConds(append(append([]expr(nil), n.conds...), both...))
	return filtered(&out, above)
}

func (n *joinNode) open(r *run, outer *frame) (Rows, error) {
	left, err := n.left.open(r, outer)
	if err != nil {
		return nil, err
	}
	it := &joinRows{node: n, left: left, cond: conjunction(n.rest), f: frame{outer: outer, run: r}}
	it.out = make([]Value, n.leftWidth+n.rightWidth)
	if n.lateral {
		return it, nil
	}
	if err := it.loadRight(); err != nil {
		left.Close()
		return nil, err
	}
	return it, nil
}

// joinRows is the state of a join: a left row and the right rows that may match it.
type joinRows struct {
	base
	node *joinNode
	left Rows
	cond expr
	f    frame
	out  []Value
	key  []byte

	rows    [][]Value        // the right input, unless lateral
	matched []bool           // of rows, for right and full joins
	table   map[string][]int // by key, if there are keys

	inLeft     bool
	candidates []int // indices into rows for the left row; nil with all: every row
	next       int
	hit        bool
	lateral    Rows
	unmatched  int  // next of rows to be looked at for right and full joins
	ended      bool // the left input has ended
}

// loadRight reads the right input into memory, and hashes it.
func (it *joinRows) loadRight() error {
	n, r := it.node, it.f.run
	in, err := n.right.open(r, it.f.outer)
	if err != nil {
		return err
	}
	b := r.budget("join")
	for in.Next(r.ctx) {
		if err = b.add(in.Row()); err != nil {
			break
		}
		it.rows = append(it.rows, datum.CloneRow(in.Row()))
	}
	if err == nil {
		err = in.Err()
	}
	if cerr := in.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	it.matched = make([]bool, len(it.rows))
	if len(n.keys) == 0 {
		return nil
	}
	it.table = make(map[string][]int, len(it.rows))
	for i, row := range it.rows {
		it.f.row = row
		key, ok, err := it.keyOf(true)
		if err != nil {
			return err
		}
		if ok {
			it.table[string(key)] = append(it.table[string(key)], i)
		}
	}
	return b.addBytes(int64(len(it.table)) * 64)
}

// keyOf evaluates the keys of one side over the frame's row; ok is false if one is null,
// which equals nothing.
func (it *joinRows) keyOf(right bool) (key []byte, ok bool, err error) {
	key = it.key[:0]
	for _, k := range it.node.keys {
		e := k.left
		if right {
			e = k.right
		}
		v, err := e.eval(&it.f)
		if err != nil || v.IsNull() {
			return nil, false, err
		}
		key = datum.AppendKey(key, e.typ(), v)
	}
	it.key = key
	return key, true, nil
}

func (it *joinRows) Next(ctx context.Context) bool {
	for it.err == nil {
		if it.err = it.f.run.tick(); it.err != nil {
			return false
		}
		switch {
		case it.ended:
			return it.nextUnmatched()
		case !it.inLeft:
			if !it.nextLeft(ctx) {
				continue
			}
		default:
			if it.nextMatch(ctx) {
				return true
			}
		}
	}
	return false
}

// nextLeft takes a left row and looks up its candidates.
func (it *joinRows) nextLeft(ctx context.Context) bool {
	if !it.left.Next(ctx) {
		it.err, it.ended = it.left.Err(), true
		return false
	}
	copy(it.out, it.left.Row())
	it.inLeft, it.hit, it.next, it.candidates = true, false, 0, nil
	switch {
	case it.node.lateral:
		outer := &frame{row: it.out[:it.node.leftWidth], outer: it.f.outer, run: it.f.run}
		it.lateral, it.err = it.node.right.open(it.f.run, outer)
	case it.table != nil:
		it.f.row = it.out
		key, ok, err := it.keyOf(false)
		it.err = err
		if ok {
			it.candidates = it.table[string(key)]
		}
	}
	return it.err == nil
}

// nextMatch tries one candidate; without any left it may emit the left row alone.
func (it *joinRows) nextMatch(ctx context.Context) bool {
	right, index, ok := it.candidate(ctx)
	if it.err != nil {
		return false
	}
	if !ok {
		it.inLeft = false
		if it.hit || it.node.kind != leftJoin && it.node.kind != fullJoin {
			return false
		}
		clear(it.out[it.node.leftWidth:])
		it.row = it.out
		return true
	}
	copy(it.out[it.node.leftWidth:], right)
	if it.cond != nil {
		it.f.row = it.out
		v, err := it.cond.eval(&it.f)
		if err != nil || !v.IsTrue() {
			it.err = err
			return false
		}
	}
	it.hit = true
	if index >= 0 {
		it.matched[index] = true
	}
	it.row = it.out
	return true
}

func (it *joinRows) candidate(ctx context.Context) (row []Value, index int, ok bool) {
	switch {
	case it.node.lateral:
		if it.lateral.Next(ctx) {
			return it.lateral.Row(), -1, true
		}
		it.err = it.lateral.Err()
		if cerr := it.lateral.Close(); it.err == nil {
			it.err = cerr
		}
		it.lateral = nil
		return nil, 0, false
	case it.table != nil:
		if it.next == len(it.candidates) {
			return nil, 0, false
		}
		index = it.candidates[it.next]
	default:
		if index = it.next; index == len(it.rows) {
			return nil, 0, false
		}
	}
	it.next++
	return it.rows[index], index, true
}

// nextUnmatched emits the right rows that nothing matched, for right and full joins.
func (it *joinRows) nextUnmatched() bool {
	if it.node.kind != rightJoin && it.node.kind != fullJoin {
		return false
	}
	for it.unmatched < len(it.rows) {
		i := it.unmatched
		it.unmatched++
		if !it.matched[i] {
			clear(it.out[:it.node.leftWidth])
			copy(it.out[it.node.leftWidth:], it.rows[i])
			it.row = it.out
			return true
		}
	}
	return false
}

func (it *joinRows) Close() error {
	err := it.left.Close()
	if it.lateral != nil {
		if cerr := it.lateral.Close(); err == nil {
			err = cerr
		}
		it.lateral = nil
	}
	it.rows, it.table = nil, nil
	return err
}
