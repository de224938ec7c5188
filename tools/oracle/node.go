package main

import (
	"strings"

	"walle/pgfront/query/datum"
)

// A node is a part of a statement: text with further nodes in between.
type node struct {
	parts []any     // string or *node
	t     datum.OID // of an expression, 0 for what is none
	label string    // how a difference is named after it
	query bool      // a whole SELECT
	open  bool      // reads columns of what is around it
	// simpler are texts that may stand in its place.
	simpler []string
}

func (n *node) String() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (n *node) write(b *strings.Builder) {
	for _, p := range n.parts {
		switch p := p.(type) {
		case string:
			b.WriteString(p)
		case *node:
			p.write(b)
		}
	}
}

// children are the nodes directly below.
func (n *node) children() []*node {
	var list []*node
	for _, p := range n.parts {
		if c, ok := p.(*node); ok {
			list = append(list, c)
		}
	}
	return list
}

// walk visits n and all below it, parents first.
func (n *node) walk(visit func(*node)) {
	visit(n)
	for _, c := range n.children() {
		c.walk(visit)
	}
}

// replaced returns a copy of the tree with one node exchanged.
func (n *node) replaced(old, with *node) *node {
	if n == old {
		return with
	}
	out := *n
	out.parts = make([]any, len(n.parts))
	for i, p := range n.parts {
		if c, ok := p.(*node); ok {
			p = c.replaced(old, with)
		}
		out.parts[i] = p
	}
	return &out
}

// closed returns the tree with a plain value in the place of every column.
func (n *node) closed() *node {
	if n.label == "column" {
		return expression(n.t, "literal", plainest(n.t))
	}
	out := *n
	out.open = false
	out.parts = make([]any, len(n.parts))
	for i, p := range n.parts {
		if c, ok := p.(*node); ok {
			p = c.closed()
		}
		out.parts[i] = p
	}
	return &out
}

func text(s string) *node { return &node{parts: []any{s}} }

// expression makes the node of an expression.
func expression(t datum.OID, label string, parts ...any) *node {
	n := &node{parts: parts, t: t, label: label, simpler: simplerLiterals(t)}
	for _, c := range n.children() {
		n.open = n.open || c.open
	}
	return n
}

// clause makes a part of a query that may be left out.
func clause(parts ...any) *node { return &node{parts: parts, simpler: []string{""}} }

// selectOf makes a statement of one expression.
func selectOf(e *node) *node {
	return &node{parts: []any{"select ", e}, query: true, label: e.label}
}
