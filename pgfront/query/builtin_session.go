package query

import (
	"slices"
	"strings"
	"time"

	"walle/pgfront/query/datum"
	"walle/pgfront/query/pgdata"
)

// ServerVersion is the PostgreSQL whose behaviour is followed.
const ServerVersion = "15.0"

func versionText(*call) (Value, error) {
	return datum.String("PostgreSQL " + ServerVersion + " (WALLE), a replicated write-ahead log"), nil
}

// ofSession makes a function of the session; without one it is refused.
func ofSession(f func(Session) Value) fn0 {
	return func(c *call) (Value, error) {
		if c.run.env.Session == nil {
			return Value{}, datum.Unsupported("a function of the session here")
		}
		return f(c.run.env.Session), nil
	}
}

func currentSchemas(c *call, implicit Value) (Value, error) {
	path := explicitPath(c.run.env)
	if implicit.Bool() {
		path = searchPath(c.run.env)
	}
	elems := make([]Value, len(path))
	for i, s := range path {
		elems[i] = datum.String(s)
	}
	return datum.ArrayValue(datum.NewArray(datum.NameOID, elems)), nil
}

func currentSchema(c *call) (Value, error) {
	path := explicitPath(c.run.env)
	if len(path) == 0 {
		return Value{}, nil
	}
	return datum.String(path[0]), nil
}

// currentSetting is current_setting(name [, missing_ok]).
func currentSetting(c *call, v []Value) (Value, error) {
	if c.run.env.Session != nil {
		if s, ok := c.run.env.Session.Setting(strings.ToLower(v[0].Str())); ok {
			return datum.String(s), nil
		}
	}
	if len(v) > 1 && v[1].Bool() {
		return Value{}, nil
	}
	return Value{}, datum.Errorf("42704", "unrecognized configuration parameter \"%s\"", v[0].Str())
}

func setConfig(c *call, name, value, local Value) (Value, error) {
	if name.IsNull() {
		return Value{}, datum.Errorf("22004", "SET requires parameter name")
	}
	if c.run.env.Session == nil {
		return Value{}, datum.Unsupported("set_config here")
	}
	text, err := c.run.env.Session.Set(strings.ToLower(name.Str()), value.Str(), local.IsTrue())
	if err != nil {
		return Value{}, err
	}
	c.run.codec = codecOf(c.run.env)
	return datum.String(text), nil
}

// pgSleep waits, but no longer than the statement may run.
func pgSleep(c *call, seconds Value) (Value, error) {
	timer := time.NewTimer(time.Duration(min(max(seconds.Float(), 0), 1e9) * float64(time.Second)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return datum.String(""), nil
	case <-c.run.ctx.Done():
		return Value{}, c.run.ctx.Err()
	}
}

func constantValue(v Value) fn0 { return func(*call) (Value, error) { return v, nil } }

func sessionBuiltins() map[string]any {
	now := ofSession(func(s Session) Value { return datum.Time(s.TransactionTime()) })
	return map[string]any{
		"pgsql_version":    fn0(versionText),
		"current_user":     ofSession(func(s Session) Value { return datum.String(s.User()) }),
		"session_user":     ofSession(func(s Session) Value { return datum.String(s.SessionUser()) }),
		"current_database": ofSession(func(s Session) Value { return datum.String(s.Database()) }),
		"current_schema":   fn0(currentSchema), "current_schemas": fn1(currentSchemas),
		"pg_backend_pid":           ofSession(func(s Session) Value { return datum.Int(int64(s.BackendPID())) }),
		"pg_postmaster_start_time": ofSession(func(s Session) Value { return datum.Time(s.ServerStart()) }),
		"pg_conf_load_time":        ofSession(func(s Session) Value { return datum.Time(s.ServerStart()) }),
		"now":                      now,
		"statement_timestamp":      ofSession(func(s Session) Value { return datum.Time(s.StatementTime()) }),
		"clock_timestamp":          fn0(func(*call) (Value, error) { return datum.Time(time.Now()), nil }),
		"show_config_by_name":      fnN(currentSetting), "show_config_by_name_missing_ok": fnN(currentSetting),
		"set_config_by_name": fn3(setConfig),
		"pg_sleep":           fn1(pgSleep),
		"pg_cancel_backend":  fn1(cancelBackend),
		"pg_is_in_recovery":  constantValue(datum.Bool(false)),
		"pg_is_in_backup":    constantValue(datum.Bool(false)),
		"inet_client_addr":   constantValue(Value{}), "inet_client_port": constantValue(Value{}),
		"inet_server_addr": constantValue(Value{}), "inet_server_port": constantValue(Value{}),
		"getdatabaseencoding": constantValue(datum.String("UTF8")), "pg_client_encoding": constantValue(datum.String("UTF8")),
		"pg_encoding_max_length_sql": fn1(func(*call, Value) (Value, error) { return datum.Int(4), nil }),
		"PG_encoding_to_char": fn1(func(_ *call, v Value) (Value, error) {
			return datum.String(map[int64]string{0: "SQL_ASCII", 6: "UTF8", 8: "LATIN1"}[v.Int()]), nil
		}),
		"PG_char_to_encoding": fn1(func(_ *call, v Value) (Value, error) {
			switch {
			case isUTF8(v.Str()):
				return datum.Int(6), nil
			case isLatin1(v.Str()):
				return datum.Int(8), nil
			}
			return datum.Int(-1), nil
		}),
	}
}

// reserved says whether a word must be quoted to be an identifier: the keywords of
// PostgreSQL that are not unreserved.
func reserved(word string) bool {
	list := pgdata.Keywords()
	i, found := slices.BinarySearchFunc(list, word, func(k pgdata.Keyword, word string) int { return strings.Compare(k.Word, word) })
	return found && list[i].Class != 'U'
}
