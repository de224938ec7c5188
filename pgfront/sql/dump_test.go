package sql

import (
	"fmt"
	"reflect"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
)

// dump prints a statement with every field that is not zero. Expressions are
// printed as SQL again.
func dump(s Statement) string {
	return fmt.Sprintf("%s %q @%d $%d%s", reflect.TypeOf(s).Elem().Name(), s.Tag(), s.Offset(), s.Params(), dumpFields(s, s))
}

func dumpFields(s Statement, v any) string {
	var b strings.Builder
	value := reflect.Indirect(reflect.ValueOf(v))
	for i := 0; i < value.NumField(); i++ {
		field := value.Type().Field(i)
		if field.Name == "Source" || !field.IsExported() || value.Field(i).IsZero() {
			continue
		}
		fmt.Fprintf(&b, "\n  %s: %s", field.Name, dumpValue(s, value.Field(i)))
	}
	return b.String()
}

func dumpValue(s Statement, v reflect.Value) string {
	switch x := v.Interface().(type) {
	case Name:
		return fmt.Sprintf("%s at %d", strings.TrimLeft(x.Database+"."+x.Schema+"."+x.Name, "."), s.Position(x.Location))
	case Column:
		return fmt.Sprintf("%s at %d", x.Name, s.Position(x.Location))
	case Option:
		if x.Kind == OptionList {
			return fmt.Sprintf("%s=%q", x.Name, x.List)
		}
		return fmt.Sprintf("%s=%s %q at %d", x.Name, [...]string{"bool", "number", "string", "word", "list", "star"}[x.Kind], x.Value, s.Position(x.Location))
	case Value:
		return dumpRowValue(s, x)
	case *Value:
		return dumpRowValue(s, *x)
	case *pg_query.Node:
		return dumpNode(x)
	case *pg_query.SelectStmt:
		return deparse(&pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: x}})
	case *pg_query.TypeName:
		name, _ := simpleType(x)
		return name
	case Statement:
		return strings.ReplaceAll(dump(x), "\n", "\n  ")
	case string:
		return fmt.Sprintf("%q", x)
	case *bool:
		return fmt.Sprint(*x)
	}
	switch v.Kind() {
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = dumpValue(s, v.Index(i))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Interface:
		return v.Elem().Type().Name() + strings.ReplaceAll(dumpFields(s, v.Interface()), "\n", "\n  ")
	case reflect.Struct, reflect.Pointer:
		return strings.ReplaceAll(dumpFields(s, v.Interface()), "\n", "\n  ")
	}
	return fmt.Sprint(v.Interface())
}

func dumpRowValue(s Statement, v Value) string {
	kind := [...]string{"expr", "default", "param", "null", "bool", "int", "numeric", "string", "bits"}[v.Kind]
	text := fmt.Sprintf("%q", v.Text)
	switch v.Kind {
	case ValueExpr:
		return fmt.Sprintf("%s %s at %d", kind, dumpNode(v.Node), s.Position(v.Location))
	case ValueDefault, ValueNull:
		text = ""
	case ValueParam:
		text = fmt.Sprint("$", v.Param)
	}
	if v.Cast != "" {
		text += "::" + v.Cast
	}
	return fmt.Sprintf("%s %s at %d", kind, text, s.Position(v.Location))
}

func dumpNode(n *pg_query.Node) string {
	if n.GetResTarget() == nil {
		n = &pg_query.Node{Node: &pg_query.Node_ResTarget{ResTarget: &pg_query.ResTarget{Val: n}}}
	}
	query := &pg_query.SelectStmt{
		TargetList:  []*pg_query.Node{n},
		LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT,
		Op:          pg_query.SetOperation_SETOP_NONE,
	}
	text := deparse(&pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: query}})
	return strings.TrimPrefix(text, "SELECT ")
}

func deparse(n *pg_query.Node) string {
	text, err := pg_query.Deparse(&pg_query.ParseResult{Stmts: []*pg_query.RawStmt{{Stmt: proto.Clone(n).(*pg_query.Node)}}})
	if err != nil {
		return err.Error()
	}
	return text
}
