package sql

import (
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
)

// transaction reads BEGIN, COMMIT, ROLLBACK and the savepoints.
func (p piece) transaction(src Source, n *pg_query.TransactionStmt) Statement {
	switch n.GetKind() {
	case pg_query.TransactionStmtKind_TRANS_STMT_BEGIN:
		return &Begin{Source: src, Modes: modes(n.GetOptions())}
	case pg_query.TransactionStmtKind_TRANS_STMT_START:
		return &Begin{Source: src, Modes: modes(n.GetOptions()), start: true}
	case pg_query.TransactionStmtKind_TRANS_STMT_COMMIT:
		return &Commit{Source: src, Chain: n.GetChain()}
	case pg_query.TransactionStmtKind_TRANS_STMT_ROLLBACK:
		return &Rollback{Source: src, Chain: n.GetChain()}
	case pg_query.TransactionStmtKind_TRANS_STMT_SAVEPOINT:
		return &Savepoint{Source: src, Name: n.GetSavepointName()}
	case pg_query.TransactionStmtKind_TRANS_STMT_RELEASE:
		return &ReleaseSavepoint{Source: src, Name: n.GetSavepointName()}
	case pg_query.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO:
		return &RollbackTo{Source: src, Name: n.GetSavepointName()}
	}
	return p.unsupported(src) // two-phase commit
}

func modes(nodes []*pg_query.Node) TransactionModes {
	var m TransactionModes
	for _, o := range options(nodes) {
		switch o.Name {
		case "transaction_isolation":
			m.Isolation = o.Value
		case "transaction_read_only":
			readOnly := o.Value != "0"
			m.ReadOnly = &readOnly
		case "transaction_deferrable":
			deferrable := o.Value != "0"
			m.Deferrable = &deferrable
		}
	}
	return m
}

// setting reads SET, SHOW and RESET; it is nil for anything else.
func (p piece) setting(src Source, node *pg_query.Node) Statement {
	switch n := node.GetNode().(type) {
	case *pg_query.Node_VariableShowStmt:
		name, all := nameOrAll(strings.ToLower(n.VariableShowStmt.GetName()), "all")
		return &Show{Source: src, Name: name, All: all}
	case *pg_query.Node_VariableSetStmt:
		return p.set(src, n.VariableSetStmt)
	}
	return nil
}

func (p piece) set(src Source, n *pg_query.VariableSetStmt) Statement {
	name := strings.ToLower(n.GetName())
	switch n.GetKind() {
	case pg_query.VariableSetKind_VAR_SET_VALUE:
		return &Set{Source: src, Name: name, Values: values(n.GetArgs()), Local: n.GetIsLocal()}
	case pg_query.VariableSetKind_VAR_SET_DEFAULT:
		return &Set{Source: src, Name: name, Default: true, Local: n.GetIsLocal()}
	case pg_query.VariableSetKind_VAR_RESET:
		return &Reset{Source: src, Name: name}
	case pg_query.VariableSetKind_VAR_RESET_ALL:
		return &Reset{Source: src, All: true}
	case pg_query.VariableSetKind_VAR_SET_MULTI:
		switch n.GetName() {
		case "TRANSACTION":
			return &SetTransaction{Source: src, Modes: modes(n.GetArgs())}
		case "SESSION CHARACTERISTICS":
			return &SetTransaction{Source: src, Modes: modes(n.GetArgs()), Session: true}
		}
		return &Unsupported{Source: src, What: "SET " + n.GetName()}
	}
	return &Unsupported{Source: src, What: "SET FROM CURRENT"}
}

// values are the arguments of SET as text. The type in
// SET TIME ZONE INTERVAL '-08:00' is left out: the setting knows its own.
func values(nodes []*pg_query.Node) []string {
	list := make([]string, len(nodes))
	for i, node := range nodes {
		if cast := node.GetTypeCast(); cast != nil {
			node = cast.GetArg()
		}
		_, list[i] = literal(node.GetAConst())
	}
	return list
}

// session reads what concerns prepared statements, cursors, channels and the
// session as a whole; it is nil for anything else.
func (p piece) session(src Source, node *pg_query.Node) Statement {
	switch n := node.GetNode().(type) {
	case *pg_query.Node_ExecuteStmt:
		s := &Execute{Source: src, Name: n.ExecuteStmt.GetName()}
		for _, arg := range n.ExecuteStmt.GetParams() {
			s.Args = append(s.Args, p.valueOf(arg))
		}
		return s
	case *pg_query.Node_DeallocateStmt:
		name, all := nameOrAll(n.DeallocateStmt.GetName(), "")
		return &Deallocate{Source: src, Name: name, All: all}
	case *pg_query.Node_ClosePortalStmt:
		name, all := nameOrAll(n.ClosePortalStmt.GetPortalname(), "")
		return &CloseCursor{Source: src, Name: name, All: all}
	case *pg_query.Node_ListenStmt:
		return &Listen{Source: src, Channel: n.ListenStmt.GetConditionname()}
	case *pg_query.Node_UnlistenStmt:
		name, all := nameOrAll(n.UnlistenStmt.GetConditionname(), "")
		return &Unlisten{Source: src, Channel: name, All: all}
	case *pg_query.Node_FetchStmt:
		return fetch(src, n.FetchStmt)
	case *pg_query.Node_DiscardStmt:
		return &Discard{Source: src, Target: discarded(n.DiscardStmt.GetTarget())}
	}
	return nil
}

// nameOrAll tells a name from what the tree has in the place of ALL.
func nameOrAll(name, all string) (string, bool) {
	if name == all {
		return "", true
	}
	return name, false
}

func fetch(src Source, n *pg_query.FetchStmt) *Fetch {
	f := &Fetch{Source: src, Cursor: n.GetPortalname(), Count: n.GetHowMany(), Move: n.GetIsmove()}
	switch n.GetDirection() {
	case pg_query.FetchDirection_FETCH_BACKWARD:
		f.Direction = FetchBackward
	case pg_query.FetchDirection_FETCH_ABSOLUTE:
		f.Direction = FetchAbsolute
	case pg_query.FetchDirection_FETCH_RELATIVE:
		f.Direction = FetchRelative
	}
	return f
}

func discarded(mode pg_query.DiscardMode) string {
	switch mode {
	case pg_query.DiscardMode_DISCARD_PLANS:
		return "PLANS"
	case pg_query.DiscardMode_DISCARD_SEQUENCES:
		return "SEQUENCES"
	case pg_query.DiscardMode_DISCARD_TEMP:
		return "TEMP"
	}
	return "ALL"
}

// options reads the options of EXPLAIN, COPY and BEGIN.
func options(nodes []*pg_query.Node) []Option {
	var list []Option
	for _, node := range nodes {
		def := node.GetDefElem()
		o := Option{Name: lower(def.GetDefname()), Location: def.GetLocation()}
		switch arg := def.GetArg().GetNode().(type) {
		case nil:
			o.Kind, o.Value = OptionBool, "true"
		case *pg_query.Node_String_:
			o.Kind, o.Value = OptionString, arg.String_.GetSval()
		case *pg_query.Node_Integer:
			o.Kind, o.Value = OptionNumber, strconv.Itoa(int(arg.Integer.GetIval()))
		case *pg_query.Node_Float:
			o.Kind, o.Value = OptionNumber, arg.Float.GetFval()
		case *pg_query.Node_Boolean:
			o.Kind, o.Value = OptionBool, strconv.FormatBool(arg.Boolean.GetBoolval())
		case *pg_query.Node_AConst:
			_, o.Value = literal(arg.AConst)
			o.Kind = OptionString
		case *pg_query.Node_List:
			o.Kind = OptionList
			for _, item := range arg.List.GetItems() {
				o.List = append(o.List, item.GetString_().GetSval())
			}
		case *pg_query.Node_AStar:
			o.Kind = OptionStar
		}
		list = append(list, o)
	}
	return list
}
