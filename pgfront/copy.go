package pgfront

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/catalog"
	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/sql"
)

// copyPlan is COPY. It talks to the client itself, so run is not used.
type copyPlan struct {
	stmt    *sql.Copy
	options copyOptions

	desc     catalog.Desc // FROM
	id, data int          // where these columns are in a row of the input; -1: nowhere
	width    int

	source *selectPlan // TO
}

func (p *copyPlan) params() []query.OID    { return nil }
func (p *copyPlan) columns() []query.Field { return nil }

func (p *copyPlan) run(context.Context, []query.Value) (*result, error) {
	return nil, datum.Unsupported("COPY within another statement")
}

// copyFormat is how rows are written.
type copyFormat uint8

const (
	copyText copyFormat = iota
	copyCSV
	copyBinary
)

// wire is the format code of CopyInResponse and CopyOutResponse.
func (f copyFormat) wire() byte {
	if f == copyBinary {
		return byte(datum.BinaryFormat)
	}
	return byte(datum.TextFormat)
}

// copyOptions are those of COPY … WITH.
type copyOptions struct {
	format        copyFormat
	delimiter     byte
	null          string
	header        bool
	quote, escape byte
	forceQuote    map[string]bool // columns
	forceAll      bool
}

func (s *session) planCopy(stmt *sql.Copy, r *resolver) (plan, error) {
	options, err := readCopyOptions(stmt)
	if err != nil {
		return nil, err
	}
	p := &copyPlan{stmt: stmt, options: options}
	if stmt.From {
		return p, s.planCopyFrom(p, r)
	}
	return p, s.planCopyTo(p, r)
}

// planCopyFrom checks the columns: data, with or without entry_id.
func (s *session) planCopyFrom(p *copyPlan, r *resolver) (err error) {
	if p.stmt.Where != nil {
		return datum.Unsupported("COPY … WHERE")
	}
	if p.desc, err = r.streamFor(p.stmt, p.stmt.Stream); err != nil {
		return err
	}
	in := insertPlan{desc: p.desc, stmt: &sql.Insert{Source: p.stmt.Source, Columns: p.stmt.Columns}}
	if _, err := in.targets(); err != nil {
		return err
	}
	p.id, p.data, p.width = in.id, in.data, in.width
	if p.data < 0 {
		return in.nullIn("data")
	}
	return nil
}

// planCopyTo plans what is copied out: a query, or columns of a stream.
func (s *session) planCopyTo(p *copyPlan, r *resolver) error {
	var made plan
	var err error
	switch q := p.stmt.Query.(type) {
	case *sql.Select:
		made, err = s.planSelect(q, q.Stmt, nil, r)
	case *sql.TailStream:
		made, err = s.planTail(q, nil, r)
	default:
		made, err = s.planSelect(p.stmt, tableTree(p.stmt), nil, r)
	}
	if err != nil {
		return err
	}
	p.source = made.(*selectPlan)
	return nil
}

// tableTree is SELECT columns FROM s.
func tableTree(stmt *sql.Copy) *pg_query.SelectStmt {
	var targets []*pg_query.Node
	for _, c := range stmt.Columns {
		targets = append(targets, pg_query.MakeResTargetNodeWithVal(
			pg_query.MakeColumnRefNode([]*pg_query.Node{pg_query.MakeStrNode(c.Name)}, c.Location), c.Location))
	}
	if targets == nil {
		targets = []*pg_query.Node{pg_query.MakeResTargetNodeWithVal(
			pg_query.MakeColumnRefNode([]*pg_query.Node{pg_query.MakeAStarNode()}, -1), -1)}
	}
	from := pg_query.MakeFullRangeVarNode(stmt.Stream.Schema, stmt.Stream.Name, "", stmt.Stream.Location)
	from.GetRangeVar().Inh = true
	return &pg_query.SelectStmt{TargetList: targets, FromClause: []*pg_query.Node{from},
		LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg_query.SetOperation_SETOP_NONE}
}

func (s *session) copy(ctx context.Context, p *copyPlan) error {
	if p.stmt.From {
		return s.copyFrom(ctx, p)
	}
	return s.copyTo(ctx, p)
}

// readCopyOptions reads WITH (…), whose defaults depend on the format.
func readCopyOptions(stmt *sql.Copy) (copyOptions, error) {
	var o copyOptions
	for _, opt := range stmt.Options {
		if opt.Name != "format" {
			continue
		}
		switch strings.ToLower(opt.Value) {
		case "text":
		case "csv":
			o.format = copyCSV
		case "binary":
			o.format = copyBinary
		default:
			return o, badOption(stmt, opt, fmt.Sprintf("COPY format \"%s\" not recognized", opt.Value))
		}
	}
	o.delimiter, o.null = '\t', `\N`
	if o.format == copyCSV {
		o.delimiter, o.null, o.quote = ',', "", '"'
	}
	for _, opt := range stmt.Options {
		if err := o.read(stmt, opt); err != nil {
			return o, err
		}
	}
	if o.escape == 0 {
		o.escape = o.quote
	}
	return o, nil
}

// read takes one option.
func (o *copyOptions) read(stmt *sql.Copy, opt sql.Option) (err error) {
	switch opt.Name {
	case "format":
		return nil
	case "freeze", "encoding":
		if opt.Name == "encoding" {
			_, err = checkEncoding(opt.Value)
		}
		return err
	case "delimiter":
		o.delimiter, err = o.char(stmt, opt, o.format != copyBinary)
	case "null":
		if o.format == copyBinary {
			return o.refuse("specify NULL in BINARY mode")
		}
		o.null = opt.Value
	case "header":
		on, ok := parseBool(opt.Value)
		if !ok || o.format == copyBinary {
			return badOption(stmt, opt, "header requires a Boolean value, and text or csv format")
		}
		o.header = on
	case "quote":
		o.quote, err = o.char(stmt, opt, o.format == copyCSV)
	case "escape":
		o.escape, err = o.char(stmt, opt, o.format == copyCSV)
	case "force_quote":
		if o.format != copyCSV || stmt.From {
			return o.refuse("use FORCE_QUOTE but in CSV mode and COPY TO")
		}
		o.forceAll = opt.Kind == sql.OptionStar
		o.forceQuote = make(map[string]bool)
		for _, name := range opt.List {
			o.forceQuote[name] = true
		}
	default:
		return &query.Error{Code: "42601", Message: fmt.Sprintf("option \"%s\" not recognized", opt.Name), Position: stmt.Position(opt.Location)}
	}
	return err
}

func (o *copyOptions) refuse(what string) error {
	return &query.Error{Code: "42601", Message: "cannot " + what}
}

// char reads an option that is one byte.
func (o *copyOptions) char(stmt *sql.Copy, opt sql.Option, allowed bool) (byte, error) {
	switch {
	case !allowed:
		return 0, &query.Error{Code: "0A000", Message: fmt.Sprintf("COPY %s is not available in this format", opt.Name), Position: stmt.Position(opt.Location)}
	case len(opt.Value) != 1:
		return 0, &query.Error{Code: "0A000", Message: fmt.Sprintf("COPY %s must be a single one-byte character", opt.Name), Position: stmt.Position(opt.Location)}
	case strings.ContainsAny(opt.Value, "\r\n"), o.format == copyText && strings.ContainsAny(opt.Value, `\.abcdefghijklmnopqrstuvwxyz0123456789`):
		return 0, &query.Error{Code: "22023", Message: fmt.Sprintf("COPY %s cannot be %s", opt.Name, strconv.Quote(opt.Value))}
	}
	return opt.Value[0], nil
}
