package sql

import pg_query "github.com/pganalyze/pg_query_go/v5"

// convert turns a statement of PostgreSQL's parser into ours.
func (p piece) convert(node *pg_query.Node) (Statement, *Error) {
	src, err := p.source()
	if err != nil {
		return nil, err
	}
	switch n := node.GetNode().(type) {
	case *pg_query.Node_InsertStmt:
		return p.insert(src, n.InsertStmt)
	case *pg_query.Node_SelectStmt:
		return p.selection(src, n.SelectStmt), nil
	case *pg_query.Node_ExplainStmt:
		return p.explain(src, n.ExplainStmt)
	case *pg_query.Node_CopyStmt:
		return p.copy(src, n.CopyStmt)
	case *pg_query.Node_PrepareStmt:
		return p.prepare(src, n.PrepareStmt)
	case *pg_query.Node_DeclareCursorStmt:
		return p.declare(src, n.DeclareCursorStmt)
	case *pg_query.Node_TransactionStmt:
		return p.transaction(src, n.TransactionStmt), nil
	}
	if s := p.setting(src, node); s != nil {
		return s, nil
	}
	if s := p.session(src, node); s != nil {
		return s, nil
	}
	return p.unsupported(src), nil
}

// sub converts the statement within this one. A stream verb is only a blank in
// the tree; its own text says what it is.
func (p piece) sub(node *pg_query.Node) (Statement, *Error) {
	inner, ok := p.inner()
	if !ok {
		return nil, p.errSyntax(p.after)
	}
	if inner.isStream() {
		return inner.parseStream()
	}
	return inner.convert(node)
}

func (p piece) selection(src Source, n *pg_query.SelectStmt) Statement {
	switch {
	case intoClause(n):
		return &Unsupported{Source: src, What: "SELECT INTO", Hint: hintFor("CREATE TABLE")}
	case writesData(n.GetWithClause()):
		return &Unsupported{Source: src, What: "WITH of a statement that writes", Hint: "Only SELECT may stand in WITH."}
	}
	return &Select{Source: src, Stmt: n}
}

// intoClause finds INTO, which may stand in the first arm of a UNION.
func intoClause(n *pg_query.SelectStmt) bool {
	for ; n != nil; n = n.GetLarg() {
		if n.GetIntoClause() != nil {
			return true
		}
	}
	return false
}

// isQuery tells whether a statement returns rows without writing any.
func isQuery(s Statement) bool {
	switch s.(type) {
	case *Select, *TailStream:
		return true
	}
	return false
}

func isUnsupported(s Statement) bool {
	_, is := s.(*Unsupported)
	return is
}

func (p piece) explain(src Source, n *pg_query.ExplainStmt) (Statement, *Error) {
	s := &Explain{Source: src, Options: options(n.GetOptions())}
	for _, o := range s.Options {
		if err := p.explainOption(s, o); err != nil {
			return nil, err
		}
	}
	inner, err := p.sub(n.GetQuery())
	if err != nil || isUnsupported(inner) {
		return inner, err
	}
	s.Statement = inner
	return s, nil
}

func (p piece) explainOption(s *Explain, o Option) *Error {
	switch o.Name {
	case "analyze":
		return p.boolean(&s.Analyze, o)
	case "verbose":
		return p.boolean(&s.Verbose, o)
	case "costs", "settings", "generic_plan", "buffers", "wal", "timing", "summary":
		var ignored bool
		return p.boolean(&ignored, o)
	case "format":
		return p.explainFormat(&s.Format, o)
	}
	return p.errOption(codeSyntax, `unrecognized EXPLAIN option "`+clip(o.Name)+`"`, o)
}

func (p piece) boolean(value *bool, o Option) *Error {
	switch lower(o.Value) {
	case "true", "on", "1":
		*value = true
	case "false", "off", "0":
		*value = false
	default:
		return &Error{Code: codeSyntax, Message: o.Name + " requires a Boolean value"}
	}
	return nil
}

func (p piece) explainFormat(format *ExplainFormat, o Option) *Error {
	switch o.Value {
	case "text":
		*format = ExplainText
	case "json":
		*format = ExplainJSON
	case "xml", "yaml":
		return p.errOption(codeNotSupported, `EXPLAIN format "`+o.Value+`" is not supported`, o)
	default:
		return p.errOption(codeBadValue, `unrecognized value for EXPLAIN option "format": "`+clip(o.Value)+`"`, o)
	}
	return nil
}

func (p piece) errOption(code, message string, o Option) *Error {
	return &Error{Code: code, Message: message, Position: position(p.query, int(p.base+o.Location))}
}

func (p piece) copy(src Source, n *pg_query.CopyStmt) (Statement, *Error) {
	if n.GetIsProgram() || n.GetFilename() != "" {
		return &Unsupported{Source: src, What: "COPY to or from a file or program", Hint: "Use COPY … FROM STDIN or COPY … TO STDOUT, or psql's \\copy."}, nil
	}
	s := &Copy{Source: src, From: n.GetIsFrom(), Options: options(n.GetOptions()), Where: n.GetWhereClause()}
	for _, name := range n.GetAttlist() {
		s.Columns = append(s.Columns, Column{Name: name.GetString_().GetSval(), Location: -1})
	}
	var err *Error
	if n.GetQuery() == nil {
		s.Stream, err = p.relation(n.GetRelation())
		return s, err
	}
	if s.Query, err = p.sub(n.GetQuery()); err != nil || isUnsupported(s.Query) {
		return s.Query, err
	}
	if !isQuery(s.Query) {
		return &Unsupported{Source: src, What: "COPY of " + s.Query.Tag(), Hint: "Use COPY (SELECT …) TO STDOUT."}, nil
	}
	return s, nil
}

func (p piece) prepare(src Source, n *pg_query.PrepareStmt) (Statement, *Error) {
	src.params = 0 // $1 is for EXECUTE to fill
	s := &Prepare{Source: src, Name: n.GetName()}
	for _, t := range n.GetArgtypes() {
		s.Types = append(s.Types, t.GetTypeName())
	}
	inner, err := p.sub(n.GetQuery())
	if err != nil || isUnsupported(inner) {
		return inner, err
	}
	s.Statement = inner
	return s, nil
}

// Bits of DeclareCursorStmt.options: CURSOR_OPT_… of PostgreSQL's parsenodes.h.
const (
	cursorBinary   = 0x0001
	cursorScroll   = 0x0002
	cursorNoScroll = 0x0004
	cursorHold     = 0x0020
)

func (p piece) declare(src Source, n *pg_query.DeclareCursorStmt) (Statement, *Error) {
	const scrolls = cursorScroll | cursorNoScroll
	if n.GetOptions()&scrolls == scrolls {
		return nil, &Error{Code: codeBadCursor, Message: "cannot specify both SCROLL and NO SCROLL"}
	}
	query, err := p.sub(n.GetQuery())
	if err != nil || isUnsupported(query) {
		return query, err
	}
	if !isQuery(query) {
		return &Unsupported{Source: src, What: "a cursor for " + query.Tag()}, nil
	}
	return &DeclareCursor{
		Source:   src,
		Name:     n.GetPortalname(),
		Binary:   n.GetOptions()&cursorBinary != 0,
		Scroll:   n.GetOptions()&cursorScroll != 0,
		NoScroll: n.GetOptions()&cursorNoScroll != 0,
		Hold:     n.GetOptions()&cursorHold != 0,
		Query:    query,
	}, nil
}
