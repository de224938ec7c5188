package pgfront

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgproto3/v2"

	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/sql"
)

// show is the value of a parameter as SHOW prints it.
func (s *session) show(d *settingDef) string {
	switch d.name {
	case "transaction_isolation":
		if s.tx.isolation != "" {
			return s.tx.isolation
		}
		return s.get("default_transaction_isolation")
	case "transaction_read_only":
		if s.tx.block {
			return onOff(s.tx.readOnly)
		}
		return s.get("default_transaction_read_only")
	}
	value, _ := s.values.get(d)
	return value
}

// get is the value of a parameter that there is.
func (s *session) get(name string) string { return s.show(s.server.settings.byName[name]) }

// timeouts are the settings that every statement looks at; 0 is none.
type timeouts struct {
	statement, lock, append, fetch, follower, heartbeat time.Duration
	idle, idleInBlock                                   time.Duration
}

// readTimeouts reads them from the settings.
func (s *session) readTimeouts() {
	of := func(name string) time.Duration {
		d, _ := parseDuration(s.get(name)) // it was checked when it was set
		return d
	}
	s.timeouts = timeouts{statement: of("statement_timeout"), lock: of("lock_timeout"), append: of("append_timeout"),
		fetch: of("fetch_timeout"), follower: of("follower_timeout"), heartbeat: of("heartbeat_interval"),
		idle: of("idle_session_timeout"), idleInBlock: of("idle_in_transaction_session_timeout")}
	s.workMem = s.number("work_mem") << 10
	s.tuneConnection()
}

// number is the value of a number, in its unit.
func (s *session) number(name string) int64 {
	n, _ := s.server.settings.byName[name].count(s.get(name)) // it was checked when it was set
	return n
}

// WorkMem is what query gives to an operator.
func (s *session) WorkMem() int64 { return s.workMem }

// lookup finds a parameter that has a value: one of the client's own has none
// before it is SET.
func (s *session) lookup(name string) (*settingDef, error) {
	d, err := s.server.settings.find(name)
	if err != nil {
		return nil, err
	}
	if _, source := s.values.get(d); d.hidden && source == "default" {
		return nil, errNoSetting(name)
	}
	return d, nil
}

// setAtStart takes a parameter of the StartupMessage.
func (s *session) setAtStart(given setting) error {
	d, err := s.server.settings.find(given.name)
	if err != nil {
		return err
	}
	if d.fixed {
		return errFixed(d)
	}
	value, err := d.parse(given.value)
	if err != nil {
		return err
	}
	s.values.start[strings.ToLower(d.name)] = value
	s.noteSetting(d, value)
	return nil
}

func errFixed(d *settingDef) error {
	return &query.Error{Code: "55P02", Message: fmt.Sprintf("parameter \"%s\" cannot be changed", d.name)}
}

// noteSetting keeps what others look at.
func (s *session) noteSetting(d *settingDef, value string) {
	if d.name == "application_name" {
		s.mu.Lock()
		s.activity.application = value
		s.mu.Unlock()
	}
}

// set changes a parameter, until the transaction ends if local is set.
func (s *session) set(name, text string, local bool) (string, error) {
	d, err := s.server.settings.find(name)
	if err != nil {
		return "", err
	}
	if d.fixed {
		return "", errFixed(d)
	}
	value, err := d.parse(text)
	if err != nil {
		return "", err
	}
	if d.name == "DateStyle" { // what is not said stays
		if value, err = d.parse(s.show(d) + ", " + text); err != nil {
			return "", err
		}
	}
	switch d.name {
	case "transaction_isolation":
		s.tx.isolation = value
		return value, nil
	case "transaction_read_only":
		only := value == "on"
		return value, s.setModes(sql.TransactionModes{ReadOnly: &only})
	}
	s.keepBefore()
	s.change(s.values.with(strings.ToLower(d.name), value, local))
	return value, nil
}

// keepBefore keeps the settings for a rollback.
func (s *session) keepBefore() {
	if s.tx.before == nil {
		before := s.values
		s.tx.before = &before
	}
}

// change goes to new values, or back to old ones, and tells the client of those
// that it wants to know.
func (s *session) change(v values) {
	old := s.values
	s.values, s.codec = v, nil
	s.readTimeouts()
	for _, d := range s.server.settings.reported() {
		before, _ := old.get(d)
		now, _ := v.get(d)
		if before != now {
			s.out.Send(&pgproto3.ParameterStatus{Name: d.name, Value: now})
			s.noteSetting(d, now)
		}
	}
}

func (s *session) setStatement(stmt *sql.Set) error {
	if stmt.Local && !s.tx.block {
		s.notice("WARNING", &query.Error{Code: "25P01", Message: "SET LOCAL can only be used in transaction blocks"})
		return nil
	}
	if stmt.Default {
		return s.reset(stmt.Name)
	}
	d, err := s.server.settings.find(stmt.Name)
	if err != nil {
		return err
	}
	if len(stmt.Values) > 1 && d.name != "search_path" && d.name != "DateStyle" {
		return &query.Error{Code: "22023", Message: fmt.Sprintf("SET %s takes only one argument", stmt.Name)}
	}
	_, err = s.set(stmt.Name, strings.Join(stmt.Values, ", "), stmt.Local)
	return err
}

func (s *session) setTransaction(stmt *sql.SetTransaction) error {
	if !stmt.Session {
		if !s.tx.block {
			s.notice("WARNING", &query.Error{Code: "25P01", Message: "SET TRANSACTION can only be used in transaction blocks"})
			return nil
		}
		return s.setModes(stmt.Modes)
	}
	if stmt.Modes.Isolation != "" {
		if _, err := s.set("default_transaction_isolation", stmt.Modes.Isolation, false); err != nil {
			return err
		}
	}
	if stmt.Modes.ReadOnly != nil {
		if _, err := s.set("default_transaction_read_only", onOff(*stmt.Modes.ReadOnly), false); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) reset(name string) error {
	d, err := s.server.settings.find(name)
	if err != nil {
		return err
	}
	if d.fixed {
		return errFixed(d)
	}
	s.keepBefore()
	if d.hidden { // it is known from now on, though empty
		s.change(s.values.with(d.name, "", false))
		return nil
	}
	s.change(s.values.without(strings.ToLower(d.name)))
	return nil
}

func (s *session) resetStatement(stmt *sql.Reset) error {
	if !stmt.All {
		return s.reset(stmt.Name)
	}
	s.keepBefore()
	s.change(values{start: s.values.start})
	return nil
}

// planShow plans SHOW: a row of one parameter, or of all of them.
func (s *session) planShow(stmt *sql.Show) (plan, error) {
	if stmt.All {
		fields := []query.Field{field("name", datum.TextOID), field("setting", datum.TextOID), field("description", datum.TextOID)}
		return s.command(fields, func(context.Context) (*result, error) {
			var rows [][]query.Value
			for _, d := range s.server.settings.list {
				rows = append(rows, []query.Value{datum.String(d.name), datum.String(s.show(d)), datum.String(d.text)})
			}
			return &result{rows: &rowList{rows: rows}, tag: stmt.Tag()}, nil
		}), nil
	}
	d, err := s.lookup(stmt.Name)
	if err != nil {
		return nil, err
	}
	return s.command([]query.Field{field(d.name, datum.TextOID)}, func(context.Context) (*result, error) {
		return &result{rows: &rowList{rows: [][]query.Value{{datum.String(s.show(d))}}}, tag: stmt.Tag()}, nil
	}), nil
}

// discard runs DISCARD. ALL gives back what the session has claimed, as
// PostgreSQL gives back its locks.
func (s *session) discard(ctx context.Context, stmt *sql.Discard) (*result, error) {
	if stmt.Target != "ALL" {
		return &result{tag: stmt.Tag()}, nil
	}
	if err := s.alone(ctx, stmt); err != nil {
		return nil, err
	}
	for id, c := range s.claims {
		delete(s.claims, id)
		if c.claim.Err() != nil {
			continue
		}
		if err := c.claim.Release(ctx); err != nil {
			return nil, ended(ctx, err)
		}
	}
	s.unlistenAll()
	s.closeAll()
	clear(s.statements)
	s.change(values{start: s.values.start})
	return &result{tag: stmt.Tag()}, nil
}

// What follows is query.Session.

func (s *session) User() string               { return s.user }
func (s *session) SessionUser() string        { return s.user }
func (s *session) Database() string           { return s.database }
func (s *session) BackendPID() int32          { return s.pid }
func (s *session) TransactionTime() time.Time { return s.tx.began }
func (s *session) StatementTime() time.Time   { return s.tx.statementAt }
func (s *session) ServerStart() time.Time     { return s.server.started }

// Setting is query.Session's.
func (s *session) Setting(name string) (string, bool) {
	d, err := s.lookup(name)
	if err != nil {
		return "", false
	}
	return s.show(d), true
}

// Set is set_config's.
func (s *session) Set(name, value string, local bool) (string, error) {
	return s.set(name, value, local)
}

// Settings is query.Session's, for pg_settings.
func (s *session) Settings() []query.Setting {
	var list []query.Setting
	for _, d := range s.server.settings.list {
		_, source := s.values.get(d)
		start, ok := s.values.start[strings.ToLower(d.name)]
		if !ok {
			start = d.value
		}
		row := query.Setting{
			Name: d.name, Value: d.plain(s.show(d)), Unit: d.unit, Category: d.category(), Description: d.text, Context: "user",
			VarType: settingKindNames[d.kind], Source: source, BootValue: d.plain(d.value), ResetValue: d.plain(start), Enum: d.enum,
		}
		if d.fixed {
			row.Context = "internal"
		}
		if d.kind == settingNumber {
			row.Min, row.Max = fmt.Sprint(d.min), fmt.Sprint(d.max)
		}
		list = append(list, row)
	}
	return list
}

// category is where PostgreSQL files such a parameter.
func (d *settingDef) category() string {
	switch {
	case d.fixed:
		return "Preset Options"
	case strings.HasPrefix(d.name, "tcp_"):
		return "Connections and Authentication / TCP Settings"
	case d.name == "work_mem":
		return "Resource Usage / Memory"
	}
	return "Client Connection Defaults / Statement Behavior"
}
