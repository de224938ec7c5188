package query

import (
	"errors"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"walle/pgfront/query/datum"
)

// pathRun evaluates one path over one document.
type pathRun struct {
	call    *call
	budget  budget // of the items that are kept
	root    *datum.JSON
	current *datum.JSON
	vars    *datum.JSON
	lax     bool
	// lenient lets structural errors pass: in lax mode, and within **.
	lenient bool
	probing bool // only whether there is an item is asked
	size    int  // of the array whose subscript is evaluated, -1 outside
	regexes map[*datum.PathNode]*pattern
}

// errEnough ends an evaluation that has found what it wanted.
var errEnough = errors.New("enough")

// pathItemSize is what a kept item counts for.
const pathItemSize = 32

type emit = func(*datum.JSON) error

// pathError marks the errors that belong to the data, which a predicate takes as unknown.
func pathError(code, format string, args ...any) error { return datum.Errorf(code, format, args...) }

func (p *pathRun) next(n *datum.PathNode, v *datum.JSON, out emit) error {
	if n.Next == nil {
		return out(v)
	}
	return p.item(n.Next, v, p.lax, out)
}

// item evaluates a step over v. unwrap says that an array stands for its elements.
func (p *pathRun) item(n *datum.PathNode, v *datum.JSON, unwrap bool, out emit) error {
	if err := p.call.run.tick(); err != nil {
		return err
	}
	switch n.Kind {
	case datum.PathRoot:
		return p.next(n, p.root, out)
	case datum.PathCurrent:
		return p.next(n, p.current, out)
	case datum.PathLiteral:
		return p.next(n, n.Literal, out)
	case datum.PathVariable:
		found, err := p.variable(n.Text)
		if err != nil {
			return err
		}
		return p.next(n, found, out)
	case datum.PathLast:
		return p.next(n, datum.JSONInt(int64(p.size-1)), out)
	case datum.PathKey:
		return p.key(n, v, unwrap, out)
	case datum.PathAnyKey:
		switch {
		case v.Kind == datum.JSONObject:
			return p.each(n, v.Elems, p.lax, out)
		case unwrap && v.Kind == datum.JSONArray:
			return p.unwrapped(n, v, out)
		case !p.lenient:
			return pathError("2203C", "jsonpath wildcard member accessor can only be applied to an object")
		}
		return nil
	case datum.PathAnyElem:
		switch {
		case v.Kind == datum.JSONArray:
			return p.each(n, v.Elems, p.lax, out)
		case p.lax:
			return p.next(n, v, out)
		case !p.lenient:
			return pathError("22039", "jsonpath wildcard array accessor can only be applied to an array")
		}
		return nil
	case datum.PathSubscript:
		return p.subscript(n, v, out)
	case datum.PathAny:
		return p.any(n, v, out)
	case datum.PathFilter:
		if unwrap && v.Kind == datum.JSONArray {
			return p.unwrapped(n, v, out)
		}
		holds, err := p.nested(n.Args[0], v)
		if err != nil || holds != isTrue {
			return err
		}
		return p.next(n, v, out)
	case datum.PathMethod:
		return p.method(n, v, unwrap, out)
	case datum.PathBinary:
		return p.binary(n, v, out)
	case datum.PathUnary:
		return p.unary(n, v, out)
	}
	holds, err := p.holds(n, v)
	if err != nil {
		return err
	}
	if holds == isUnknown {
		return p.next(n, &datum.JSON{}, out)
	}
	return p.next(n, &datum.JSON{Kind: datum.JSONBool, Bool: holds == isTrue}, out)
}

// each goes on with every value of a list.
func (p *pathRun) each(n *datum.PathNode, list []*datum.JSON, unwrap bool, out emit) error {
	for _, e := range list {
		var err error
		if n.Next == nil {
			err = out(e)
		} else {
			err = p.item(n.Next, e, unwrap, out)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unwrapped evaluates the step itself over every element.
func (p *pathRun) unwrapped(n *datum.PathNode, v *datum.JSON, out emit) error {
	for _, e := range v.Elems {
		if err := p.item(n, e, false, out); err != nil {
			return err
		}
	}
	return nil
}

func (p *pathRun) variable(name string) (*datum.JSON, error) {
	if found := member(p.vars, name); found != nil {
		return found, nil
	}
	return nil, datum.Errorf("42704", "could not find jsonpath variable \"%s\"", name)
}

func (p *pathRun) key(n *datum.PathNode, v *datum.JSON, unwrap bool, out emit) error {
	switch {
	case v.Kind == datum.JSONObject:
		if found := v.Get(n.Text); found != nil {
			return p.next(n, found, out)
		}
		if !p.lenient {
			return pathError("2203A", "JSON object does not contain key \"%s\"", n.Text)
		}
	case unwrap && v.Kind == datum.JSONArray:
		return p.unwrapped(n, v, out)
	case !p.lenient:
		return pathError("2203A", "jsonpath member accessor can only be applied to an object")
	}
	return nil
}

func (p *pathRun) subscript(n *datum.PathNode, v *datum.JSON, out emit) error {
	elems := v.Elems
	if v.Kind != datum.JSONArray {
		if !p.lax {
			if p.lenient {
				return nil
			}
			return pathError("22039", "jsonpath array accessor can only be applied to an array")
		}
		elems = []*datum.JSON{v}
	}
	outer := p.size
	defer func() { p.size = outer }()
	for i := 0; i < len(n.Args); i += 2 {
		p.size = len(elems)
		from, err := p.index(n.Args[i], v)
		if err != nil {
			return err
		}
		to := from
		if n.Args[i+1] != nil {
			if to, err = p.index(n.Args[i+1], v); err != nil {
				return err
			}
		}
		if !p.lenient && (from < 0 || from > to || to >= len(elems)) {
			return pathError("22033", "jsonpath array subscript is out of bounds")
		}
		for k := max(from, 0); k <= min(to, len(elems)-1); k++ {
			if err := p.next(n, elems[k], out); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *pathRun) index(n *datum.PathNode, v *datum.JSON) (int, error) {
	list, err := p.list(n, v, false)
	if err != nil {
		return 0, err
	}
	if len(list) != 1 || list[0].Kind != datum.JSONNumber {
		return 0, pathError("22033", "jsonpath array subscript is not a single numeric value")
	}
	i, ok := datum.IntFromNumeric(datum.TruncNumeric(list[0].Number, 0))
	if !ok || i != int64(int32(i)) {
		return 0, pathError("22033", "jsonpath array subscript is out of integer range")
	}
	return int(i), nil
}

// any is **: the value itself and all below it, between two levels.
func (p *pathRun) any(n *datum.PathNode, v *datum.JSON, out emit) error {
	lenient := p.lenient
	defer func() { p.lenient = lenient }()
	if n.First == 0 {
		p.lenient = true
		if err := p.next(n, v, out); err != nil {
			return err
		}
		p.lenient = lenient
	}
	return p.below(n, v, 1, out)
}

func (p *pathRun) below(n *datum.PathNode, v *datum.JSON, level int, out emit) error {
	if n.Last >= 0 && level > n.Last {
		return nil
	}
	for _, e := range v.Elems {
		container := e.Kind == datum.JSONArray || e.Kind == datum.JSONObject
		if n.First >= 0 && level >= n.First || n.First < 0 && n.Last < 0 && !container {
			lenient := p.lenient
			p.lenient = true
			err := p.next(n, e, out)
			p.lenient = lenient
			if err != nil {
				return err
			}
		}
		if container {
			if err := p.below(n, e, level+1, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// list evaluates n and, if unwrap, takes arrays for their elements.
func (p *pathRun) list(n *datum.PathNode, v *datum.JSON, unwrap bool) ([]*datum.JSON, error) {
	probing := p.probing
	p.probing = false
	defer func() { p.probing = probing }()
	var found []*datum.JSON
	err := p.item(n, v, p.lax, func(j *datum.JSON) error {
		if err := p.budget.addBytes(pathItemSize); err != nil {
			return err
		}
		if unwrap && p.lax && j.Kind == datum.JSONArray {
			found = append(found, j.Elems...)
		} else {
			found = append(found, j)
		}
		return nil
	})
	return found, err
}

func (p *pathRun) binary(n *datum.PathNode, v *datum.JSON, out emit) error {
	var operands [2]*apd.Decimal
	for i, side := range []string{"left", "right"} {
		list, err := p.list(n.Args[i], v, true)
		if err != nil {
			return err
		}
		if len(list) != 1 || list[0].Kind != datum.JSONNumber {
			return pathError("22038", "%s operand of jsonpath operator %s is not a single numeric value", side, n.Text)
		}
		operands[i] = list[0].Number
	}
	a, b := operands[0], operands[1]
	var d *apd.Decimal
	var err error
	switch n.Text {
	case "+":
		d = datum.AddNumeric(a, b)
	case "-":
		d = datum.SubNumeric(a, b)
	case "*":
		d = datum.MulNumeric(a, b)
	case "/":
		d, err = datum.DivNumeric(a, b)
	default:
		d, err = datum.ModNumeric(a, b)
	}
	if err != nil {
		return err
	}
	return p.next(n, &datum.JSON{Kind: datum.JSONNumber, Number: d}, out)
}

func (p *pathRun) unary(n *datum.PathNode, v *datum.JSON, out emit) error {
	list, err := p.list(n.Args[0], v, true)
	if err != nil {
		return err
	}
	for _, j := range list {
		if j.Kind != datum.JSONNumber && p.probing && n.Next == nil {
			continue
		}
		if j.Kind != datum.JSONNumber {
			return pathError("2203B", "operand of unary jsonpath operator %s is not a numeric value", n.Text)
		}
		d := j.Number
		if n.Text == "-" {
			d = datum.NegNumeric(d)
		}
		if err := p.next(n, &datum.JSON{Kind: datum.JSONNumber, Number: d}, out); err != nil {
			return err
		}
	}
	return nil
}

func (p *pathRun) method(n *datum.PathNode, v *datum.JSON, unwrap bool, out emit) error {
	switch n.Text {
	case "type":
		name := []string{"null", "boolean", "number", "string", "array", "object"}[v.Kind]
		return p.next(n, &datum.JSON{Kind: datum.JSONString, Text: name}, out)
	case "size":
		size := 1
		if v.Kind == datum.JSONArray {
			size = len(v.Elems)
		} else if !p.lax && !p.lenient {
			return pathError("22039", "jsonpath item method .size() can only be applied to an array")
		}
		return p.next(n, datum.JSONInt(int64(size)), out)
	}
	if unwrap && v.Kind == datum.JSONArray {
		return p.unwrapped(n, v, out)
	}
	switch n.Text {
	case "keyvalue":
		return p.keyvalue(n, v, out)
	case "double":
		return p.double(n, v, out)
	}
	if v.Kind != datum.JSONNumber {
		return pathError("22036", "jsonpath item method .%s() can only be applied to a numeric value", n.Text)
	}
	f := map[string]func(*apd.Decimal) *apd.Decimal{"abs": numericAbs, "floor": numericFloor, "ceiling": numericCeil}[n.Text]
	return p.next(n, &datum.JSON{Kind: datum.JSONNumber, Number: f(v.Number)}, out)
}

func (p *pathRun) double(n *datum.PathNode, v *datum.JSON, out emit) error {
	text := v.Text
	switch v.Kind {
	case datum.JSONNumber:
		text = datum.FormatNumeric(v.Number)
	case datum.JSONString:
	default:
		return pathError("22036", "jsonpath item method .double() can only be applied to a string or numeric value")
	}
	f, err := datum.ParseFloat(datum.Float8OID, text)
	if err != nil || f.Float()-f.Float() != 0 {
		if v.Kind == datum.JSONNumber {
			return pathError("22036", "numeric argument of jsonpath item method .double() is out of range for type double precision")
		}
		return pathError("22036", "string argument of jsonpath item method .double() is not a valid representation of a double precision number")
	}
	if v.Kind == datum.JSONString {
		v = &datum.JSON{Kind: datum.JSONNumber, Number: datum.NumericFromFloat(f.Float(), 15)}
	}
	return p.next(n, v, out)
}

// keyvalue lists the members of an object. PostgreSQL's id of an object is where its bytes
// are stored; that is known of the document itself only.
func (p *pathRun) keyvalue(n *datum.PathNode, v *datum.JSON, out emit) error {
	if v.Kind != datum.JSONObject {
		return pathError("2203C", "jsonpath item method .keyvalue() can only be applied to an object")
	}
	if v != p.root {
		return datum.Unsupported("jsonpath item method .keyvalue() of an inner object")
	}
	for i, key := range v.Keys {
		pair := datum.NewJSONObject([]string{"id", "key", "value"},
			[]*datum.JSON{datum.JSONInt(0), {Kind: datum.JSONString, Text: key}, v.Elems[i]})
		if err := p.next(n, pair, out); err != nil {
			return err
		}
	}
	return nil
}

// truth is three-valued.
type truth uint8

const (
	isFalse truth = iota
	isTrue
	isUnknown
)

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

// nested evaluates a filter over v as @.
func (p *pathRun) nested(n *datum.PathNode, v *datum.JSON) (truth, error) {
	outer := p.current
	p.current = v
	defer func() { p.current = outer }()
	return p.holds(n, v)
}

func (p *pathRun) holds(n *datum.PathNode, v *datum.JSON) (truth, error) {
	switch n.Kind {
	case datum.PathAnd, datum.PathOr:
		decides := truthOf(n.Kind == datum.PathOr)
		left, err := p.holds(n.Args[0], v)
		if err != nil || left == decides {
			return left, err
		}
		right, err := p.holds(n.Args[1], v)
		if err != nil || right == decides || left != isUnknown {
			return right, err
		}
		return left, nil
	case datum.PathNot:
		t, err := p.holds(n.Args[0], v)
		if err != nil || t == isUnknown {
			return t, err
		}
		return truthOf(t == isFalse), nil
	case datum.PathUnknown:
		t, err := p.holds(n.Args[0], v)
		return truthOf(t == isUnknown), err
	case datum.PathExists:
		return p.exists(n.Args[0], v)
	case datum.PathCompare:
		return p.predicate(n, v, true, func(a, b *datum.JSON) (truth, error) { return compareItems(n.Text, a, b), nil })
	case datum.PathStarts:
		return p.predicate(n, v, false, func(a, b *datum.JSON) (truth, error) {
			if a.Kind != datum.JSONString || b.Kind != datum.JSONString {
				return isUnknown, nil
			}
			return truthOf(strings.HasPrefix(a.Text, b.Text)), nil
		})
	}
	return p.predicate(n, v, false, func(a, _ *datum.JSON) (truth, error) { return p.likeRegex(n, a) })
}

// ofData says whether an error comes from the document, so that a predicate is unknown.
func ofData(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code != "0A000" && e.Code != "53200" && e.Code != "42704" && e.Code != "2201B"
}

func (p *pathRun) exists(n *datum.PathNode, v *datum.JSON) (truth, error) {
	probing := p.probing
	p.probing = p.lax
	defer func() { p.probing = probing }()
	found := isFalse
	err := p.item(n, v, p.lax, func(*datum.JSON) error {
		found = isTrue
		if p.lax {
			return errEnough
		}
		return nil
	})
	switch {
	case err == nil || err == errEnough:
		return found, nil
	case ofData(err):
		return isUnknown, nil
	}
	return isUnknown, err
}

// predicate tests all pairs of the operands. Lax mode is content with the first that holds;
// strict mode looks for errors in all.
func (p *pathRun) predicate(n *datum.PathNode, v *datum.JSON, unwrapRight bool, test func(a, b *datum.JSON) (truth, error)) (truth, error) {
	left, err := p.list(n.Args[0], v, true)
	right := []*datum.JSON{nil}
	if err == nil && len(n.Args) > 1 {
		right, err = p.list(n.Args[1], v, unwrapRight)
	}
	if err != nil {
		if ofData(err) {
			err = nil
		}
		return isUnknown, err
	}
	result := isFalse
	for _, a := range left {
		for _, b := range right {
			t, err := test(a, b)
			switch {
			case err != nil:
				return isUnknown, err
			case t == isUnknown && !p.lax:
				return isUnknown, nil
			case t == isTrue && p.lax:
				return isTrue, nil
			case t == isTrue, t == isUnknown && result == isFalse:
				result = t
			}
		}
	}
	return result, nil
}

func compareItems(op string, a, b *datum.JSON) truth {
	if a.Kind != b.Kind {
		if a.Kind == datum.JSONNull || b.Kind == datum.JSONNull {
			return truthOf(op == "!=")
		}
		return isUnknown
	}
	if a.Kind == datum.JSONArray || a.Kind == datum.JSONObject {
		return isUnknown
	}
	c := datum.CompareJSON(a, b)
	if a.Kind == datum.JSONString {
		c = strings.Compare(a.Text, b.Text)
	}
	switch op {
	case "==":
		return truthOf(c == 0)
	case "!=":
		return truthOf(c != 0)
	case "<":
		return truthOf(c < 0)
	case "<=":
		return truthOf(c <= 0)
	case ">":
		return truthOf(c > 0)
	}
	return truthOf(c >= 0)
}

func (p *pathRun) likeRegex(n *datum.PathNode, v *datum.JSON) (truth, error) {
	if v.Kind != datum.JSONString {
		return isUnknown, nil
	}
	re := p.regexes[n]
	if re == nil {
		flags := strings.Map(func(f rune) rune {
			if f == 's' || f == 'm' {
				return -1
			}
			return f
		}, n.Flags)
		switch dot, lines := strings.Contains(n.Flags, "s"), strings.Contains(n.Flags, "m"); {
		case !dot && lines:
			flags += "n"
		case !dot:
			flags += "p"
		case lines:
			flags += "w"
		}
		var err error
		if re, err = compilePattern(&call{run: p.call.run}, n.Text, flags); err != nil {
			return isUnknown, err
		}
		p.regexes[n] = re
	}
	return truthOf(re.MatchString(v.Text)), nil
}
