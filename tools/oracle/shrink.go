package main

import "context"

// shrink looks for a smaller statement with the same kind of difference: a part of it that
// stands alone, then plain values in the place of its operands.
func (w *worker) shrink(ctx context.Context, statement *node, d difference) (*node, error) {
	tries := 0
	still := func(candidate *node) (bool, error) {
		tries++
		if tries > 400 {
			return false, nil
		}
		found, err := w.compare(ctx, candidate.String())
		return found.kind == d.kind, err
	}
	for {
		smaller, err := w.part(statement, still)
		if err != nil {
			return nil, err
		}
		if smaller == nil {
			break
		}
		statement = smaller
	}
	return w.simplify(statement, still)
}

// part returns a closed part of the statement that still differs, nil if there is none.
func (w *worker) part(statement *node, still func(*node) (bool, error)) (*node, error) {
	parts := closedParts(statement)
	for i := len(parts) - 1; i >= 0; i-- { // the innermost first
		ok, err := still(parts[i])
		if err != nil || ok {
			return parts[i], err
		}
	}
	return nil, nil
}

// simplify exchanges nodes for simpler ones as long as the difference stays.
func (w *worker) simplify(statement *node, still func(*node) (bool, error)) (*node, error) {
	for {
		var nodes []*node
		statement.walk(func(n *node) { nodes = append(nodes, n) })
		changed := false
		for _, n := range nodes {
			for _, s := range n.simpler {
				if s == n.String() || len(n.parts) == 1 && n.parts[0] == s || len(s) > len(n.String()) {
					continue
				}
				candidate := statement.replaced(n, &node{parts: []any{s}, t: n.t, label: "literal"})
				ok, err := still(candidate)
				if err != nil {
					return nil, err
				}
				if ok {
					statement, changed = candidate, true
					break
				}
			}
			if changed {
				break
			}
		}
		if !changed {
			return statement, nil
		}
	}
}

// closedParts are the parts of a statement that stand alone, as statements that are shorter.
func closedParts(statement *node) []*node {
	var parts []*node
	size := len(statement.String())
	statement.walk(func(n *node) {
		switch {
		case n == statement || n.open:
		case n.query && len(n.String()) < size:
			parts = append(parts, n)
		case n.t != 0 && len(n.String())+len("select ") < size:
			parts = append(parts, selectOf(n))
		}
	})
	return parts
}
