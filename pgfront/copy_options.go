package pgfront

import (
	"fmt"
	"strings"

	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/sql"
)

// copyOptions are those of COPY … WITH.
type copyOptions struct {
	format        copyFormat
	delimiter     byte
	null          string
	header        bool
	match         bool // the header has to name the columns
	quote, escape byte
	forceQuote    map[string]bool // columns
	forceAll      bool
}

// readCopyOptions reads WITH (…), whose defaults depend on the format.
func readCopyOptions(stmt *sql.Copy) (copyOptions, error) {
	var o copyOptions
	given := make(map[string]bool)
	for _, opt := range stmt.Options {
		if given[opt.Name] {
			return o, &query.Error{Code: "42601", Message: "conflicting or redundant options", Position: stmt.Position(opt.Location)}
		}
		given[opt.Name] = true
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
	return o, o.check()
}

// read takes one option.
func (o *copyOptions) read(stmt *sql.Copy, opt sql.Option) (err error) {
	switch opt.Name {
	case "format", "freeze":
	case "encoding":
		_, err = checkEncoding(opt.Value)
	case "delimiter":
		if o.format == copyBinary {
			return &query.Error{Code: "42601", Message: "cannot specify DELIMITER in BINARY mode"}
		}
		o.delimiter, err = oneByte(opt)
	case "null":
		if o.format == copyBinary {
			return &query.Error{Code: "42601", Message: "cannot specify NULL in BINARY mode"}
		}
		o.null = opt.Value
	case "header":
		on, ok := parseBool(opt.Value)
		o.match = strings.EqualFold(opt.Value, "match")
		switch {
		case o.match && !stmt.From:
			return &query.Error{Code: "0A000", Message: "cannot use \"match\" with HEADER in COPY TO"}
		case o.match:
			on = true
		case !ok:
			return &query.Error{Code: "42601", Message: "header requires a Boolean value or \"match\""}
		}
		if on && o.format == copyBinary {
			return &query.Error{Code: "0A000", Message: "cannot specify HEADER in BINARY mode"}
		}
		o.header = on
	case "quote":
		o.quote, err = o.csvByte(opt)
	case "escape":
		o.escape, err = o.csvByte(opt)
	case "force_quote":
		return o.readForceQuote(stmt, opt)
	case "force_not_null", "force_null":
		return datum.Unsupported("COPY option %s", opt.Name)
	default:
		return &query.Error{Code: "42601", Message: fmt.Sprintf("option \"%s\" not recognized", opt.Name), Position: stmt.Position(opt.Location)}
	}
	return err
}

func (o *copyOptions) readForceQuote(stmt *sql.Copy, opt sql.Option) error {
	switch {
	case o.format != copyCSV:
		return &query.Error{Code: "0A000", Message: "COPY force quote available only in CSV mode"}
	case stmt.From:
		return &query.Error{Code: "0A000", Message: "COPY force quote only available using COPY TO"}
	}
	o.forceAll = opt.Kind == sql.OptionStar
	o.forceQuote = make(map[string]bool)
	for _, name := range opt.List {
		o.forceQuote[name] = true
	}
	return nil
}

// csvByte reads an option that is one byte, and only of CSV.
func (o *copyOptions) csvByte(opt sql.Option) (byte, error) {
	if o.format != copyCSV {
		return 0, &query.Error{Code: "0A000", Message: fmt.Sprintf("COPY %s available only in CSV mode", opt.Name)}
	}
	return oneByte(opt)
}

func oneByte(opt sql.Option) (byte, error) {
	if len(opt.Value) != 1 {
		return 0, &query.Error{Code: "0A000", Message: fmt.Sprintf("COPY %s must be a single one-byte character", opt.Name)}
	}
	return opt.Value[0], nil
}

// check looks whether the options can be told apart in what they are for.
func (o *copyOptions) check() error {
	delimiter := string(o.delimiter)
	switch {
	case o.format == copyBinary:
	case strings.ContainsAny(delimiter, "\r\n"):
		return &query.Error{Code: "22023", Message: "COPY delimiter cannot be newline or carriage return"}
	case strings.ContainsAny(o.null, "\r\n"):
		return &query.Error{Code: "22023", Message: "COPY null representation cannot use newline or carriage return"}
	case o.format == copyText && strings.ContainsAny(delimiter, `\.abcdefghijklmnopqrstuvwxyz0123456789`):
		return &query.Error{Code: "22023", Message: fmt.Sprintf("COPY delimiter cannot be \"%s\"", delimiter)}
	case o.format == copyCSV && o.delimiter == o.quote:
		return &query.Error{Code: "22023", Message: "COPY delimiter and quote must be different"}
	case strings.Contains(o.null, delimiter):
		return &query.Error{Code: "0A000", Message: "COPY delimiter must not appear in the NULL specification"}
	case o.format == copyCSV && strings.IndexByte(o.null, o.quote) >= 0:
		return &query.Error{Code: "0A000", Message: "CSV quote character must not appear in the NULL specification"}
	}
	return nil
}
