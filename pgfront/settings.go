package pgfront

import (
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
	unit     string // of a number, as in pg_settings: "ms", "s", "kB" or none
	min, max int64  // of a number, in its unit
	enum     []string
	fixed    bool // it cannot be SET
	reported bool // the client is told of every change
	hidden   bool // SHOW ALL leaves it out: a name of the client's own
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

// find looks a parameter up; names do not care for case. A name with a dot that
// is none of WALLE's is one of the client's own.
func (t *settingTable) find(name string) (*settingDef, error) {
	d, ok := t.byName[strings.ToLower(name)]
	switch {
	case ok:
		return d, nil
	case isOwnName(name):
		return &settingDef{name: strings.ToLower(name), hidden: true}, nil
	}
	return nil, errNoSetting(name)
}

func errNoSetting(name string) error {
	return &query.Error{Code: "42704", Message: fmt.Sprintf("unrecognized configuration parameter \"%s\"", name)}
}

// isOwnName tells of names with a class, as PostgreSQL demands them of who makes
// up parameters.
func isOwnName(name string) bool {
	parts := strings.Split(strings.ToLower(name), ".")
	if len(parts) < 2 || parts[0] == schemaWalle {
		return false
	}
	for _, part := range parts {
		for i, c := range part {
			if c != '_' && (c < 'a' || c > 'z') && (i == 0 || c != '$' && (c < '0' || c > '9')) {
				return false
			}
		}
		if part == "" {
			return false
		}
	}
	return true
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
	n, ok := d.count(text)
	if !ok {
		return "", d.invalid(text, d.unitHint())
	}
	if n < d.min || n > d.max {
		unit := strings.TrimSuffix(" "+d.unit, " ")
		return "", &query.Error{Code: "22023", Message: fmt.Sprintf("%d%s is outside the valid range for parameter \"%s\" (%d .. %d)",
			n, unit, d.name, d.min, d.max)}
	}
	return d.format(n), nil
}

// count reads a number in the unit of d.
func (d *settingDef) count(text string) (int64, bool) {
	switch d.unit {
	case "":
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		return n, err == nil
	case "kB":
		return parseSize(text)
	case "s":
		if n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
			return n, true
		}
		length, ok := parseDuration(text)
		return int64(length / time.Second), ok
	}
	length, ok := parseDuration(text)
	return length.Milliseconds(), ok
}

// format prints a number as SHOW does: in the largest unit that leaves it whole.
func (d *settingDef) format(n int64) string {
	switch d.unit {
	case "":
		return strconv.FormatInt(n, 10)
	case "kB":
		return formatSize(n)
	case "s":
		return formatDuration(time.Duration(n) * time.Second)
	}
	return formatDuration(time.Duration(n) * time.Millisecond)
}

// plain is a value as pg_settings has it: without a unit.
func (d *settingDef) plain(value string) string {
	if n, ok := d.count(value); ok && d.kind == settingNumber {
		return strconv.FormatInt(n, 10)
	}
	return value
}

func (d *settingDef) unitHint() string {
	switch d.unit {
	case "":
		return ""
	case "kB":
		return `Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".`
	}
	return `Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".`
}

// Units of size in the order of size, in kB.
var sizeUnits = []struct {
	name string
	size int64
}{{"kB", 1}, {"MB", 1 << 10}, {"GB", 1 << 20}, {"TB", 1 << 30}}

// parseSize reads a size, in kB without a unit.
func parseSize(text string) (kB int64, ok bool) {
	text = strings.TrimSpace(text)
	digits := strings.TrimRight(text, "BkMGT ")
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || n > 1<<40 || n < -1<<40 {
		return 0, false
	}
	unit := strings.TrimSpace(text[len(digits):])
	switch unit {
	case "":
		return int64(n), true
	case "B":
		return int64(n / 1024), true
	}
	for _, u := range sizeUnits {
		if u.name == unit {
			return int64(n * float64(u.size)), true
		}
	}
	return 0, false
}

func formatSize(kB int64) string {
	for _, u := range slices.Backward(sizeUnits) {
		if kB%u.size == 0 && kB != 0 {
			return strconv.FormatInt(kB/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(kB, 10)
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
