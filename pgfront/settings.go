package pgfront

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"walle/pgfront/query"
	"walle/pgfront/query/datum"
)

// settingDef is a parameter that SET, SHOW and current_setting know.
type settingDef struct {
	name     string // as SHOW ALL and ParameterStatus print it
	value    string // the default
	kind     settingKind
	unit     string // of a number: "ms" or none
	min, max int64  // of a number
	enum     []string
	fixed    bool // it cannot be SET
	reported bool // the client is told of every change
	check    func(string) (string, error)
	text     string // what it is
}

type settingKind uint8

const (
	settingString settingKind = iota
	settingBool
	settingNumber
	settingEnum
)

var settingKindNames = [...]string{"string", "bool", "integer", "enum"}

// settingTable is every parameter there is, by name in lower case.
type settingTable struct {
	list   []*settingDef // in the order of names
	byName map[string]*settingDef
}

// serverVersion is the version of PostgreSQL whose behaviour clients can expect.
const serverVersion = "15.0"

const timeoutMost = 1<<31 - 1

func newSettingTable(c Config) settingTable {
	t := settingTable{byName: make(map[string]*settingDef)}
	fixed := func(name, value, text string) *settingDef {
		return &settingDef{name: name, value: value, fixed: true, text: text}
	}
	told := func(d *settingDef) *settingDef { d.reported = true; return d }
	timeout := func(name, value, text string) *settingDef {
		return &settingDef{name: name, value: value, kind: settingNumber, unit: "ms", max: timeoutMost, text: text}
	}
	choice := func(name, value, text string, enum ...string) *settingDef {
		return &settingDef{name: name, value: value, kind: settingEnum, enum: enum, text: text}
	}
	flag := func(name, value, text string) *settingDef {
		return &settingDef{name: name, value: value, kind: settingBool, text: text}
	}
	for _, d := range []*settingDef{
		&settingDef{name: "append_timeout", value: "10s", kind: settingNumber, unit: "ms", min: 1, max: timeoutMost,
			text: "After how long the outcome of an append is not waited for any more."},
		told(&settingDef{name: "application_name", text: "What the client calls itself."}),
		choice("bytea_output", "hex", "The text form of bytea.", "hex", "escape"),
		told(&settingDef{name: "client_encoding", value: "UTF8", check: checkEncoding, text: "The client's encoding, always UTF8."}),
		choice("client_min_messages", "notice", "Which messages a client is sent beside errors.",
			"debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error"),
		told(&settingDef{name: "DateStyle", value: "ISO, MDY", check: checkDateStyle, text: "The text form of dates, and the order in which they are read."}),
		isolation("default_transaction_isolation", "The isolation level of new transactions."),
		told(flag("default_transaction_read_only", "off", "Whether new transactions may append.")),
		&settingDef{name: "extra_float_digits", value: "1", kind: settingNumber, min: -15, max: 3, text: "How many digits floats are printed with."},
		timeout("fetch_timeout", "0", "How long FETCH waits for rows of a tail; 0 is for ever."),
		timeout("follower_timeout", "1min", "After how long a client that follows a stream and does not read is cut off; 0 is never."),
		timeout("heartbeat_interval", "0", "How often a client that follows a stream is sent a sign of life while there are no entries; 0 is never."),
		told(fixed("in_hot_standby", "off", "Whether the node is a standby, which it never is.")),
		told(fixed("integer_datetimes", "on", "Whether timestamps are integers.")),
		told(choice("IntervalStyle", "postgres", "The text form of intervals.", "postgres", "postgres_verbose", "sql_standard", "iso_8601")),
		timeout("lock_timeout", "0", "How long CLAIM waits for another writer; 0 is for ever."),
		fixed("max_connections", strconv.Itoa(c.MaxConnections), "How many sessions this node has at most."),
		fixed("max_identifier_length", "63", "How many bytes a name may have."),
		choice("read_consistency", "default", "Whether a SELECT sees all that was acknowledged anywhere before it.", "default", "linearizable"),
		&settingDef{name: "search_path", value: `"$user", public`, text: "Schemas in which names without one are looked up."},
		told(fixed("server_encoding", "UTF8", "The encoding of text.")),
		told(fixed("server_version", serverVersion+" (WALLE "+c.Version+")", "The version of PostgreSQL that this is like, and WALLE's.")),
		fixed("server_version_num", "150000", "The same as a number."),
		told(&settingDef{name: "session_authorization", fixed: true, text: "The session's user."}),
		told(fixed("is_superuser", "off", "Whether the session's user is PostgreSQL's superuser, which nobody is.")),
		&settingDef{name: "standard_conforming_strings", value: "on", kind: settingBool, reported: true,
			check: checkOnlyOn("standard_conforming_strings"), text: "Whether backslashes are ordinary characters in strings."},
		timeout("statement_timeout", "0", "How long a statement may take; 0 is for ever."),
		told(&settingDef{name: "TimeZone", value: "UTC", check: checkTimeZone, text: "The time zone of timestamps as text."}),
		isolation("transaction_isolation", "The isolation level of the transaction."),
		flag("transaction_read_only", "off", "Whether the transaction may append."),
		fixed("walle.node", c.Node, "The node that answers."),
	} {
		t.list = append(t.list, d)
		t.byName[strings.ToLower(d.name)] = d
	}
	slices.SortFunc(t.list, func(a, b *settingDef) int {
		return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name))
	})
	return t
}

func isolation(name, text string) *settingDef {
	return &settingDef{name: name, value: "read committed", kind: settingEnum, text: text,
		enum: []string{"serializable", "repeatable read", "read committed", "read uncommitted"}}
}

// find looks a parameter up; names do not care for case.
func (t *settingTable) find(name string) (*settingDef, error) {
	d, ok := t.byName[strings.ToLower(name)]
	if !ok {
		return nil, &query.Error{Code: "42704", Message: fmt.Sprintf("unrecognized configuration parameter \"%s\"", name)}
	}
	return d, nil
}

// reported lists what a client is told at the start and at every change.
func (t *settingTable) reported() []*settingDef {
	var list []*settingDef
	for _, d := range t.list {
		if d.reported {
			list = append(list, d)
		}
	}
	return list
}

// parse returns what text sets d to, in the form that SHOW prints.
func (d *settingDef) parse(text string) (string, error) {
	if d.check != nil {
		return d.check(text)
	}
	switch d.kind {
	case settingBool:
		on, ok := parseBool(text)
		if !ok {
			return "", &query.Error{Code: "22023", Message: fmt.Sprintf("parameter \"%s\" requires a Boolean value", d.name)}
		}
		return onOff(on), nil
	case settingNumber:
		return d.parseNumber(text)
	case settingEnum:
		for _, e := range d.enum {
			if strings.EqualFold(e, text) {
				return e, nil
			}
		}
		return "", d.invalid(text, "Available values: "+strings.Join(d.enum, ", ")+".")
	}
	return text, nil
}

func (d *settingDef) invalid(text, hint string) error {
	return &query.Error{Code: "22023", Message: fmt.Sprintf("invalid value for parameter \"%s\": \"%s\"", d.name, text), Hint: hint}
}

func (d *settingDef) parseNumber(text string) (string, error) {
	var n int64
	if d.unit == "" {
		v, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil {
			return "", d.invalid(text, "")
		}
		n = v
	} else {
		length, ok := parseDuration(text)
		if !ok {
			return "", d.invalid(text, `Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".`)
		}
		n = length.Milliseconds()
	}
	if n < d.min || n > d.max {
		return "", &query.Error{Code: "22023", Message: fmt.Sprintf("%d%s is outside the valid range for parameter \"%s\" (%d .. %d)",
			n, strings.TrimSuffix(" "+d.unit, " "), d.name, d.min, d.max)}
	}
	if d.unit == "" {
		return strconv.FormatInt(n, 10), nil
	}
	return formatDuration(time.Duration(n) * time.Millisecond), nil
}

// Units of time in the order of size.
var durationUnits = []struct {
	name string
	size time.Duration
}{
	{"us", time.Microsecond}, {"ms", time.Millisecond}, {"s", time.Second},
	{"min", time.Minute}, {"h", time.Hour}, {"d", 24 * time.Hour},
}

// parseDuration reads PostgreSQL's durations, in ms without a unit, and Go's.
func parseDuration(text string) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz ")
	unit := strings.TrimSpace(text[len(digits):])
	if n, err := strconv.ParseFloat(digits, 64); err == nil {
		size := time.Millisecond
		known := unit == ""
		for _, u := range durationUnits {
			if u.name == unit {
				size, known = u.size, true
			}
		}
		if product := n * float64(size); known {
			return time.Duration(product), product > -1<<62 && product < 1<<62
		}
	}
	d, err := time.ParseDuration(text)
	return d, err == nil
}

// formatDuration prints ms in the largest unit of which they are a multiple.
func formatDuration(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	for _, u := range slices.Backward(durationUnits) {
		if d%u.size == 0 {
			return strconv.FormatInt(int64(d/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
}

// parseBool reads a boolean as PostgreSQL's settings do: also a prefix of a word.
func parseBool(text string) (value, ok bool) {
	word := strings.ToLower(strings.TrimSpace(text))
	switch word {
	case "1", "on":
		return true, true
	case "0", "of", "off":
		return false, true
	case "", "o":
		return false, false
	}
	for _, w := range []string{"true", "yes"} {
		if strings.HasPrefix(w, word) {
			return true, true
		}
	}
	return false, strings.HasPrefix("false", word) || strings.HasPrefix("no", word)
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func checkEncoding(text string) (string, error) {
	switch strings.ToUpper(strings.NewReplacer("-", "", "_", "").Replace(text)) {
	case "UTF8", "UNICODE":
		return "UTF8", nil
	}
	return "", &query.Error{Code: "22023", Message: fmt.Sprintf("invalid value for parameter \"client_encoding\": \"%s\"", text),
		Hint: "Clients speak UTF8."}
}

func checkTimeZone(text string) (string, error) {
	switch strings.ToLower(text) {
	case "utc", "local", "default":
		return "UTC", nil
	}
	if _, err := datum.SettingZone(text); err != nil {
		return "", &query.Error{Code: "22023", Message: fmt.Sprintf("invalid value for parameter \"TimeZone\": \"%s\"", text)}
	}
	return text, nil
}

// checkDateStyle reads a format and an order, in any order; what is left out is
// the default.
func checkDateStyle(text string) (string, error) {
	format, order := "ISO", "MDY"
	for word := range strings.SplitSeq(text, ",") {
		switch w := strings.ToLower(strings.TrimSpace(word)); w {
		case "iso":
			format = "ISO"
		case "sql":
			format = "SQL"
		case "postgres":
			format = "Postgres"
		case "german":
			format = "German"
			order = "DMY"
		case "mdy", "us", "noneuro", "noneuropean":
			order = "MDY"
		case "dmy", "euro", "european":
			order = "DMY"
		case "ymd":
			order = "YMD"
		default:
			return "", &query.Error{Code: "22023", Message: fmt.Sprintf("invalid value for parameter \"DateStyle\": \"%s\"", text),
				Detail: fmt.Sprintf("Unrecognized key word: \"%s\".", w)}
		}
	}
	return format + ", " + order, nil
}

func checkOnlyOn(name string) func(string) (string, error) {
	return func(text string) (string, error) {
		if on, ok := parseBool(text); ok && on {
			return "on", nil
		}
		return "", &query.Error{Code: "0A000", Message: fmt.Sprintf("%s can only be on", name)}
	}
}

// values are what a session has SET. They are never changed in place, so that a
// transaction or savepoint keeps what to go back to by keeping them.
type values struct {
	session map[string]string // by name in lower case
	local   map[string]string // of SET LOCAL: until the transaction ends
	start   map[string]string // what RESET goes back to, where it is not the default
}

func (v values) with(name, value string, local bool) values {
	if local {
		v.local = cloned(v.local)
		v.local[name] = value
		return v
	}
	v.session = cloned(v.session)
	v.session[name] = value
	v.local = cloned(v.local)
	delete(v.local, name)
	return v
}

func (v values) without(name string) values {
	v.session, v.local = cloned(v.session), cloned(v.local)
	delete(v.session, name)
	delete(v.local, name)
	return v
}

func cloned(m map[string]string) map[string]string {
	if m == nil {
		return make(map[string]string)
	}
	return maps.Clone(m)
}

// get returns the value of d, and where it comes from.
func (v values) get(d *settingDef) (value, source string) {
	name := strings.ToLower(d.name)
	if value, ok := v.local[name]; ok {
		return value, "session"
	}
	if value, ok := v.session[name]; ok {
		return value, "session"
	}
	if value, ok := v.start[name]; ok {
		return value, "client"
	}
	return d.value, "default"
}
