package query

import (
	"strings"

	"walle/pgfront/query/datum"
)

// candidate is an overload that could be meant, with its argument types spelled out for
// the number of arguments at hand.
type candidate[T any] struct {
	args []OID
	what T
}

// match keeps the candidates to which the arguments can be converted implicitly.
func match[T any](list []candidate[T], args []OID) []candidate[T] {
	var out []candidate[T]
	for _, c := range list {
		if canCoerce(args, c.args, implicitCast) {
			out = append(out, c)
		}
	}
	return out
}

// choose is PostgreSQL's func_select_candidate: it narrows several matching candidates down
// to one, or fails.
func choose[T any](list []candidate[T], args []OID) (candidate[T], bool) {
	list = best(list, func(c candidate[T]) int { return exactMatches(c.args, args) })
	if len(list) == 1 {
		return list[0], true
	}
	list = best(list, func(c candidate[T]) int { return preferredMatches(c.args, args) })
	if len(list) == 1 {
		return list[0], true
	}
	if narrowed := byUnknowns(list, args); len(narrowed) > 0 {
		list = narrowed
	}
	if len(list) == 1 {
		return list[0], true
	}
	return byKnownType(list, args)
}

// best keeps the candidates with the highest score.
func best[T any](list []candidate[T], score func(candidate[T]) int) []candidate[T] {
	var out []candidate[T]
	top := -1
	for _, c := range list {
		s := score(c)
		if s > top {
			top, out = s, nil
		}
		if s == top {
			out = append(out, c)
		}
	}
	return out
}

func exactMatches(declared, args []OID) int {
	n := 0
	for i, t := range args {
		if t != datum.UnknownOID && declared[i] == t {
			n++
		}
	}
	return n
}

// preferredMatches counts exact matches and preferred types of the argument's category.
func preferredMatches(declared, args []OID) int {
	n := 0
	for i, t := range args {
		if t == datum.UnknownOID {
			continue
		}
		if declared[i] == t || preferred(declared[i]) && category(declared[i]) == category(t) {
			n++
		}
	}
	return n
}

// byUnknowns settles a category for each argument of unknown type: string if any candidate
// takes one, else the one that all have; and within it the preferred type. It returns nil
// if that cannot be settled.
func byUnknowns[T any](list []candidate[T], args []OID) []candidate[T] {
	categories, wantPreferred := make([]byte, len(args)), make([]bool, len(args))
	for i, t := range args {
		if t != datum.UnknownOID {
			continue
		}
		cat, pref, ok := settleCategory(list, i)
		if !ok {
			return nil
		}
		categories[i], wantPreferred[i] = cat, pref
	}
	var out []candidate[T]
	for _, c := range list {
		keep := true
		for i, cat := range categories {
			if cat != 0 && (category(c.args[i]) != cat || wantPreferred[i] && !preferred(c.args[i])) {
				keep = false
			}
		}
		if keep {
			out = append(out, c)
		}
	}
	return out
}

func settleCategory[T any](list []candidate[T], i int) (cat byte, pref, ok bool) {
	conflict := false
	for _, c := range list {
		have, isPref := category(c.args[i]), preferred(c.args[i])
		switch {
		case cat == 0:
			cat, pref = have, isPref
		case have == cat:
			pref = pref || isPref
		case have == 'S':
			cat, pref, conflict = have, isPref, false
		case cat != 'S':
			conflict = true
		}
	}
	return cat, pref, !conflict
}

// byKnownType is the last resort: if all known arguments have one type, the unknown ones
// are taken to have it too.
func byKnownType[T any](list []candidate[T], args []OID) (candidate[T], bool) {
	known, unknowns := OID(0), 0
	for _, t := range args {
		switch {
		case t == datum.UnknownOID:
			unknowns++
		case known == 0:
			known = t
		case known != t:
			return candidate[T]{}, false
		}
	}
	if known == 0 || unknowns == 0 {
		return candidate[T]{}, false
	}
	all := make([]OID, len(args))
	for i := range all {
		all[i] = known
	}
	var found []candidate[T]
	for _, c := range list {
		if canCoerce(all, c.args, implicitCast) {
			found = append(found, c)
		}
	}
	if len(found) == 1 {
		return found[0], true
	}
	return candidate[T]{}, false
}

// polymorphic types resolved for one call.
type resolved struct {
	args   []OID
	result OID
}

// resolvePolymorphic is PostgreSQL's enforce_generic_type_consistency: it puts concrete
// types in the place of anyelement, anyarray, anycompatible … ; ok is false if the
// arguments contradict each other or tell nothing.
func resolvePolymorphic(declared, actual []OID, result OID) (resolved, bool) {
	exact, ok := unifyExact(declared, actual)
	if !ok {
		return resolved{}, false
	}
	compat, ok := unifyCompatible(declared, actual)
	if !ok {
		return resolved{}, false
	}
	pick := func(t, given OID) OID {
		switch t {
		case datum.AnyElementOID, datum.AnyNonArrayOID:
			return exact
		case datum.AnyArrayOID:
			return arrayType(exact)
		case datum.AnyCompatibleOID, datum.AnyCompatibleNonArrayOID:
			return compat
		case datum.AnyCompatibleArrayOID:
			return arrayType(compat)
		}
		return t
	}
	out := resolved{args: make([]OID, len(actual)), result: pick(result, 0)}
	for i, t := range declared[:len(actual)] {
		out.args[i] = pick(t, actual[i])
		if isPolymorphic(t) && out.args[i] == 0 {
			return resolved{}, false
		}
	}
	return out, true
}

// unifyExact finds the one type behind anyelement and anyarray. Of unknown arguments only,
// nothing is known: that counts as text for a match, as PostgreSQL's anycompatible does.
func unifyExact(declared, actual []OID) (OID, bool) {
	elem := OID(0)
	agree := func(t OID) bool {
		if elem == 0 {
			elem = t
		}
		return elem == t
	}
	for i, t := range actual {
		if t == datum.UnknownOID {
			continue
		}
		ok := true
		switch declared[i] {
		case datum.AnyElementOID:
			ok = agree(t)
		case datum.AnyNonArrayOID:
			ok = elemType(t) == 0 && agree(t)
		case datum.AnyArrayOID:
			e := elemOf(t)
			ok = e != 0 && agree(e)
		case datum.AnyRangeOID, datum.AnyMultirangeOID, datum.AnyEnumOID:
			ok = false // there are no values of such types
		}
		if !ok {
			return 0, false
		}
	}
	return elem, true
}

// elemOf is elemType for arrays and for the vectors, which are arrays to anyarray.
func elemOf(t OID) OID {
	switch t {
	case datum.OIDVectorOID:
		return datum.OIDOID
	case datum.Int2VectorOID:
		return datum.Int2OID
	}
	return elemType(t)
}

func unifyCompatible(declared, actual []OID) (OID, bool) {
	var list []expr
	any := false
	for i, t := range actual {
		switch declared[i] {
		case datum.AnyCompatibleOID, datum.AnyCompatibleNonArrayOID:
			any = true
			list = append(list, &slot{t: t})
		case datum.AnyCompatibleArrayOID:
			any = true
			if t == datum.UnknownOID {
				continue
			}
			e := elemOf(t)
			if e == 0 {
				return 0, false
			}
			list = append(list, &slot{t: e})
		case datum.AnyCompatibleRangeOID, datum.AnyCompatibleMultirangeOID:
			return 0, false
		}
	}
	switch {
	case !any:
		return 0, true
	case len(list) == 0:
		return datum.TextOID, true
	}
	t, err := commonType(list, "", 0)
	if err != nil {
		return 0, false
	}
	for _, e := range list {
		if !canCoerce([]OID{e.typ()}, []OID{t}, implicitCast) {
			return 0, false
		}
	}
	return t, true
}

// signature prints name(type, type) for messages.
func signature(name string, args []OID) string {
	list := make([]string, len(args))
	for i, t := range args {
		list[i] = datum.TypeName(t)
	}
	return name + "(" + strings.Join(list, ", ") + ")"
}
