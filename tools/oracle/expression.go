package main

import (
	"math/rand/v2"
	"strings"

	"walle/pgfront/query/datum"
)

// A column is what an expression may refer to.
type column struct {
	name string
	t    datum.OID
}

// A generator makes one statement. It is deterministic in its random source.
type generator struct {
	rng     *rand.Rand
	catalog *catalog
	columns []column // in scope
}

func pick[T any](g *generator, list []T) T { return list[g.rng.IntN(len(list))] }

func (g *generator) chance(percent int) bool { return g.rng.IntN(100) < percent }

// expr makes an expression of type t, at most depth calls deep.
func (g *generator) expr(t datum.OID, depth int) *node {
	if depth <= 0 {
		return g.leaf(t)
	}
	switch roll := g.rng.IntN(100); {
	case roll < 12:
		return g.leaf(t)
	case roll < 40:
		return g.produced(g.catalog.operators[t], t, depth)
	case roll < 70:
		return g.produced(g.catalog.functions[t], t, depth)
	case roll < 82:
		return g.produced(g.catalog.casts[t], t, depth)
	}
	return g.form(t, depth)
}

// leaf is a literal or a column.
func (g *generator) leaf(t datum.OID) *node {
	if name, ok := g.columnOf(t); ok && g.chance(70) {
		n := expression(t, "column", name)
		n.open = true
		return n
	}
	literal := pick(g, literals[t])
	if bare, _, ok := strings.Cut(literal, "'::"); ok && strings.HasPrefix(literal, "'") && g.chance(12) {
		return expression(t, "unknown literal", bare+"'")
	}
	if g.chance(2) {
		return expression(t, "null", "null")
	}
	return expression(t, "literal", literal)
}

func (g *generator) columnOf(t datum.OID) (string, bool) {
	var names []string
	for _, c := range g.columns {
		if c.t == t {
			names = append(names, c.name)
		}
	}
	if len(names) == 0 {
		return "", false
	}
	return pick(g, names), true
}

// produced calls one of the producers.
func (g *generator) produced(list []producer, t datum.OID, depth int) *node {
	if len(list) == 0 {
		return g.form(t, depth)
	}
	p := g.producerOf(list)
	types := p.args
	if p.variadic {
		for range g.rng.IntN(3) {
			types = append(types[:len(types):len(types)], types[len(types)-1])
		}
	}
	args := make([]*node, len(types))
	for i, a := range types {
		if g.chance(3) {
			a = pick(g, allTypes)
		}
		args[i] = g.expr(a, depth-1-g.rng.IntN(2))
		g.meaningful(p, i, args)
	}
	return expression(t, p.label, p.write(args)...)
}

// producerOf chooses a name first, so that a name of many signatures is not all there is.
func (g *generator) producerOf(list []producer) producer {
	name := func(p producer) string {
		name, _, _ := strings.Cut(p.label, "(")
		return name
	}
	seen := map[string]bool{}
	var names []string
	for _, p := range list {
		if n := name(p); !seen[n] {
			seen[n] = true
			names = append(names, n)
		}
	}
	chosen := pick(g, names)
	var same []producer
	for _, p := range list {
		if name(p) == chosen {
			same = append(same, p)
		}
	}
	return pick(g, same)
}

// meaningful mostly puts a word that the function knows in the place of a random text.
func (g *generator) meaningful(p producer, i int, args []*node) {
	name, ok := strings.CutPrefix(p.label, "function ")
	if !ok || p.args[min(i, len(p.args)-1)] != datum.TextOID && p.args[min(i, len(p.args)-1)] != datum.NameOID || !g.chance(85) {
		return
	}
	name, signature, _ := strings.Cut(name, "(")
	var list []string
	switch {
	case name == "to_char" && (strings.HasPrefix(signature, "timestamp") || strings.HasPrefix(signature, "interval")):
		list = patterns["time"]
	case name == "to_char":
		list = patterns["number"]
	case name == "to_number" && i == 0:
		list = patterns["digits"]
	case name == "to_number":
		list = patterns["number"]
	case (name == "to_date" || name == "to_timestamp") && i == 0:
		list = patterns["dates"]
	case name == "to_date" || name == "to_timestamp":
		list = patterns["read"]
	case (name == "encode" || name == "decode" || strings.HasPrefix(name, "convert_")) && i == 0:
	case name == "format" && i > 0:
	default:
		list = words[name]
	}
	if len(list) > 0 {
		args[i] = expression(datum.TextOID, "word", pick(g, list))
	}
}

// form is an expression with a syntax of its own.
func (g *generator) form(t datum.OID, depth int) *node {
	e := func(t datum.OID) *node { return g.expr(t, depth-1) }
	if own := g.typedForm(t, e); own != nil && g.chance(60) {
		return own
	}
	switch g.rng.IntN(8) {
	case 0:
		return expression(t, "CASE", "case when ", e(datum.BoolOID), " then ", e(t), " else ", e(t), " end")
	case 1:
		of := pick(g, scalarTypes)
		return expression(t, "CASE of a value", "case ", e(of), " when ", e(of), " then ", e(t), " when ", e(of), " then ", e(t), " end")
	case 2:
		return expression(t, "COALESCE", "coalesce(", e(t), ", ", e(t), ")")
	case 3:
		return expression(t, "NULLIF", "nullif(", e(t), ", ", e(t), ")")
	case 4:
		return expression(t, "GREATEST", pick(g, []string{"greatest(", "least("}), e(t), ", ", e(t), ", ", e(t), ")")
	case 5:
		return expression(t, "scalar subquery", "(select ", e(t), ")")
	case 6:
		if array := arrayOf(t); known(array) {
			return expression(t, "subscript", "(", e(array), ")[", e(datum.Int4OID), "]")
		}
	}
	return g.modified(t, e)
}

// modified is a cast with a type modifier.
func (g *generator) modified(t datum.OID, e func(datum.OID) *node) *node {
	mods := map[datum.OID][]string{
		datum.NumericOID: {"(5,2)", "(10)", "(3,5)", "(5,-2)"}, datum.VarcharOID: {"(1)", "(3)"}, datum.BPCharOID: {"(1)", "(6)"},
		datum.TimestampOID: {"(0)", "(3)"}, datum.TimestamptzOID: {"(0)", "(1)"}, datum.TimeOID: {"(0)", "(2)"}, datum.IntervalOID: {"(0)", "(2)"},
	}[t]
	if len(mods) == 0 {
		return g.leaf(t)
	}
	name := datum.TypeName(t)
	switch t {
	case datum.TimestampOID:
		name = "timestamp"
	case datum.TimestamptzOID:
		name = "timestamptz"
	case datum.TimeOID:
		name = "time"
	}
	mod := pick(g, mods)
	from := t
	if g.chance(40) {
		from = datum.TextOID
	}
	return expression(t, "cast to "+name+mod, "(", e(from), ")::"+name+mod)
}

// typedForm is a form that only some types have, nil if t has none.
func (g *generator) typedForm(t datum.OID, e func(datum.OID) *node) *node {
	switch t {
	case datum.BoolOID:
		return g.boolForm(e)
	case datum.TextOID:
		return g.textForm(e)
	case datum.NumericOID:
		return g.extract(e)
	case datum.Int4OID:
		return expression(t, "POSITION", "position(", e(datum.TextOID), " in ", e(datum.TextOID), ")")
	case datum.TimestampOID:
		return expression(t, "AT TIME ZONE", "(", e(datum.TimestamptzOID), " at time zone ", pick(g, words["timezone"]), ")")
	case datum.TimestamptzOID:
		return expression(t, "AT TIME ZONE", "(", e(datum.TimestampOID), " at time zone ", pick(g, words["timezone"]), ")")
	}
	for _, elem := range elementTypes {
		if arrayOf(elem) == t {
			return g.arrayForm(t, elem, e)
		}
	}
	return nil
}

func (g *generator) arrayForm(t, elem datum.OID, e func(datum.OID) *node) *node {
	switch g.rng.IntN(3) {
	case 0:
		return expression(t, "slice", "(", e(t), ")[", pick(g, []string{"1:2", "2:", ":1", "0:9", "2:1"}), "]")
	case 1:
		return expression(t, "ARRAY of a query", "array(select ", e(elem), ")")
	}
	return expression(t, "ARRAY", "array[", e(elem), ", ", e(elem), "]")
}

func (g *generator) extract(e func(datum.OID) *node) *node {
	of := pick(g, []datum.OID{datum.TimestampOID, datum.TimestamptzOID, datum.DateOID, datum.IntervalOID, datum.TimeOID})
	field := strings.Trim(pick(g, words["date_part"]), "'")
	return expression(datum.NumericOID, "EXTRACT "+field+" of "+datum.TypeName(of), "extract("+field+" from ", e(of), ")")
}

func (g *generator) textForm(e func(datum.OID) *node) *node {
	s := func() *node { return e(datum.TextOID) }
	n := func() *node { return e(datum.Int4OID) }
	switch g.rng.IntN(5) {
	case 0:
		return expression(datum.TextOID, "SUBSTRING", "substring(", s(), " from ", n(), " for ", n(), ")")
	case 1:
		return expression(datum.TextOID, "SUBSTRING SIMILAR", "substring(", s(), " similar ", s(), " escape '#')")
	case 2:
		return expression(datum.TextOID, "TRIM", "trim("+pick(g, []string{"both", "leading", "trailing"})+" ", s(), " from ", s(), ")")
	case 3:
		return expression(datum.TextOID, "OVERLAY", "overlay(", s(), " placing ", s(), " from ", n(), " for ", n(), ")")
	}
	return expression(datum.TextOID, "COLLATE", "(", s(), ` collate "C")`)
}

var likePatterns = []string{"'a%'", "'%b_'", "'%'", "''", `'a\%%'`, `'\'`, "'_'", "'%a%'"}
var regexPatterns = []string{"'^a'", "'b+$'", "'(a|b)*c'", "'[[:digit:]]+'", `'\d\s*\w'`, "'a{2,3}'", "''", "'.*?x'", `'(.)\1'`, "'(?i)HELLO'", "'[^a-z]'", "'a('", `'\mHello\M'`, "'(?=a)a'", "'***=a.b'"}
var similarPatterns = []string{"'a%'", "'(a|b)+_*'", "'[a-z]{2,3}%'", "'a#%'", "'%(x|World)'", "''"}

func (g *generator) boolForm(e func(datum.OID) *node) *node {
	of := pick(g, scalarTypes)
	b := func(label string, parts ...any) *node { return expression(datum.BoolOID, label, parts...) }
	not := pick(g, []string{"", "not "})
	compare := pick(g, []string{"=", "<>", "<", "<=", ">", ">="})
	switch g.rng.IntN(16) {
	case 0:
		return b("IS NULL", "(", e(of), " is "+not+"null)")
	case 1:
		return b("IS DISTINCT FROM", "(", e(of), " is "+not+"distinct from ", e(of), ")")
	case 2:
		return b("BETWEEN", "(", e(of), " "+not+"between ", pick(g, []string{"", "symmetric "}), e(of), " and ", e(of), ")")
	case 3:
		return b("IN", "(", e(of), " "+not+"in (", e(of), ", ", e(of), ", ", e(of), "))")
	case 4:
		elem := pick(g, elementTypes)
		return b("ANY", "(", e(elem), " "+compare+pick(g, []string{" any(", " all("}), e(arrayOf(elem)), "))")
	case 5:
		return b("AND", "(", e(datum.BoolOID), " and ", e(datum.BoolOID), ")")
	case 6:
		return b("OR", "(", e(datum.BoolOID), " or ", e(datum.BoolOID), ")")
	case 7:
		return b("NOT", "(not ", e(datum.BoolOID), ")")
	case 8:
		return b("IS TRUE", "(", e(datum.BoolOID), " is "+not+pick(g, []string{"true", "false", "unknown"})+")")
	case 9:
		return b("LIKE", "(", e(datum.TextOID), " "+not+pick(g, []string{"like ", "ilike "})+pick(g, likePatterns)+")")
	case 10:
		return b("SIMILAR TO", "(", e(datum.TextOID), " "+not+"similar to "+pick(g, similarPatterns)+")")
	case 11:
		return b("regular expression", "(", e(datum.TextOID), pick(g, []string{" ~ ", " ~* ", " !~ ", " !~* "})+pick(g, regexPatterns)+")")
	case 12:
		also := pick(g, scalarTypes)
		return b("row comparison", "((", e(of), ", ", e(also), ") "+compare+" (", e(of), ", ", e(also), "))")
	case 13:
		return b("EXISTS", "("+not+"exists (select ", e(of), " where ", e(datum.BoolOID), "))")
	case 14:
		return b("IN subquery", "(", e(of), " "+not+"in (select ", e(of), " union all select ", e(of), "))")
	}
	m := pick(g, []datum.OID{datum.TimestampOID, datum.TimestamptzOID, datum.DateOID, datum.TimeOID})
	return b("OVERLAPS", "((", e(m), ", ", e(m), ") overlaps (", e(m), ", ", e(m), "))")
}
