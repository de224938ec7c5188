package query

import (
	"context"
	"fmt"
	"strings"
	"time"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// memStream is a stream in memory: entries 1 to n, one a second, payloads by payload.
type memStream struct {
	desc    *RelationDesc
	n       int64
	scans   []ScanSpec // what was asked, for tests of push-down
	scanned int64
}

const memStart = "2024-03-01 10:00:00+00"

func newMemStream(name string, oid OID, n int64) *memStream {
	return &memStream{desc: StreamRelation(name, oid), n: n}
}

func (m *memStream) Desc() *RelationDesc { return m.desc }

func (m *memStream) row(id int64) []Value {
	start, err := time.Parse("2006-01-02 15:04:05-07", memStart)
	if err != nil {
		panic(err)
	}
	return []Value{datum.Int(id), datum.Int((id-1)/4 + 1), datum.Time(start.Add(time.Duration(id) * time.Second)), datum.String(payload(id))}
}

func payload(id int64) string {
	return fmt.Sprintf(`{"n": %d, "word": "%s"}`, id, strings.Repeat("ab", int(id%3)+1))
}

func (m *memStream) Scan(_ context.Context, spec ScanSpec) (Rows, error) {
	m.scans = append(m.scans, spec)
	span := spec.Entries.Intersect(Span{From: 1, To: m.n})
	it := &memRows{stream: m, span: span, desc: spec.Descending, spec: spec}
	return it, nil
}

func (m *memStream) CountRange(_ context.Context, entries Span) (RangeCount, error) {
	s := entries.Intersect(Span{From: 1, To: m.n})
	if s.Empty() {
		return RangeCount{}, nil
	}
	return RangeCount{Count: s.To - s.From + 1, Min: s.From, Max: s.To}, nil
}

// memRows overwrites the data of a row when the next one is asked for, as a scan's page does: what
// has kept a value without a copy of it gives wrong answers.
type memRows struct {
	stream *memStream
	span   Span
	desc   bool
	spec   ScanSpec
	row    []Value
	data   []byte
	err    error
}

func (r *memRows) Next(ctx context.Context) bool {
	if r.err = ctx.Err(); r.err != nil {
		return false
	}
	r.spoil()
	if r.span.Empty() {
		if r.spec.Follow {
			<-ctx.Done()
			r.err = ctx.Err()
		}
		return false
	}
	id := r.span.From
	if r.desc {
		id = r.span.To
		r.span.To--
	} else {
		r.span.From++
	}
	r.row = r.stream.row(id)
	r.data = append(r.data, r.row[3].Str()...)
	r.row[3] = datum.Bytes(r.data)
	r.stream.scanned++
	for i, used := range r.spec.Columns {
		if !used {
			r.row[i] = Value{}
		}
	}
	return true
}

func (r *memRows) spoil() {
	for i := range r.data {
		r.data[i] = '#'
	}
	r.data = r.data[:0]
}

func (r *memRows) Row() []Value { return r.row }
func (r *memRows) Err() error   { return r.err }
func (r *memRows) Close() error { r.spoil(); return nil }

type memResolver struct{ streams []*memStream }

func (m memResolver) Relation(schema, name string) (Relation, bool) {
	for _, s := range m.Relations() {
		if s.Desc().Schema == schema && s.Desc().Name == name {
			return s, true
		}
	}
	return nil, false
}

func (m memResolver) Relations() []Relation {
	var list []Relation
	for _, s := range m.streams {
		list = append(list, s)
	}
	nodes := SystemRelation("nodes", 16400, Column{Name: "name", Type: datum.TextOID}, Column{Name: "alive", Type: datum.BoolOID})
	return append(list, TableFunc(nodes, func(context.Context) ([][]Value, error) {
		return [][]Value{{datum.String("n1"), datum.Bool(true)}, {datum.String("n2"), datum.Bool(false)}}, nil
	}))
}

func (m memResolver) RelationByOID(oid OID) (Relation, bool) {
	for _, r := range m.Relations() {
		if r.Desc().OID == oid {
			return r, true
		}
	}
	return nil, false
}

func (m memResolver) Databases() []string { return []string{"walle"} }

type memSession struct{ settings map[string]string }

func newMemSession() *memSession {
	return &memSession{settings: map[string]string{
		"timezone": "UTC", "datestyle": "ISO, MDY", "intervalstyle": "postgres", "bytea_output": "hex",
		"extra_float_digits": "1", "search_path": `"$user", public`, "server_version_num": "150000",
		"standard_conforming_strings": "on",
	}}
}

func (s *memSession) User() string        { return "postgres" }
func (s *memSession) SessionUser() string { return "postgres" }
func (s *memSession) Database() string    { return "walle" }
func (s *memSession) BackendPID() int32   { return 4711 }
func (s *memSession) Setting(name string) (string, bool) {
	v, ok := s.settings[name]
	return v, ok
}
func (s *memSession) Settings() []Setting {
	return []Setting{{Name: "TimeZone", Value: s.settings["timezone"], Context: "user", VarType: "string"}}
}
func (s *memSession) Set(name, value string, _ bool) (string, error) {
	s.settings[name] = value
	return value, nil
}
func (s *memSession) TransactionTime() time.Time {
	return time.Date(2024, 3, 5, 12, 30, 0, 0, time.UTC)
}
func (s *memSession) StatementTime() time.Time { return s.TransactionTime() }
func (s *memSession) ServerStart() time.Time   { return s.TransactionTime().Add(-time.Hour) }

func memEnv() Env {
	return Env{
		Resolver: memResolver{streams: []*memStream{newMemStream("s", 16500, 10), newMemStream("t", 16501, 3)}},
		Session:  newMemSession(),
	}
}

// answer is the result of a statement: its columns and rows as text, or an error.
type answer struct {
	fields []Field
	rows   [][]string
	err    error
}

// ask runs one SELECT with parameters in text form.
func ask(env Env, sql string, args ...string) answer {
	tree, err := pg_query.Parse(sql)
	if err != nil {
		return answer{err: err}
	}
	if len(tree.Stmts) != 1 || tree.Stmts[0].Stmt.GetSelectStmt() == nil {
		return answer{err: fmt.Errorf("not one SELECT: %s", sql)}
	}
	p, err := Plan(tree.Stmts[0].Stmt.GetSelectStmt(), env)
	if err != nil {
		return answer{err: err}
	}
	codec := NewCodec(env)
	var values []Value
	for i, a := range args {
		v, err := codec.Parse(p.ParamTypes()[i], datum.TextFormat, []byte(a))
		if err != nil {
			return answer{err: err}
		}
		values = append(values, v)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	rows, err := p.Execute(ctx, values)
	if err != nil {
		return answer{fields: p.Columns(), err: err}
	}
	defer rows.Close()
	out := answer{fields: p.Columns()}
	for rows.Next(ctx) {
		row := rows.Row()
		text := make([]string, len(row))
		for i, v := range row {
			text[i] = "NULL"
			if !v.IsNull() {
				text[i] = string(codec.AppendText(nil, out.fields[i].Type, v))
			}
		}
		out.rows = append(out.rows, text)
	}
	out.err = rows.Err()
	return out
}

func (a answer) String() string {
	if a.err != nil {
		return errorText(a.err)
	}
	var b strings.Builder
	for i, f := range a.fields {
		if i > 0 {
			b.WriteString(" | ")
		}
		b.WriteString(f.Name + " " + formatType(f.Type, f.Typmod))
	}
	b.WriteByte('\n')
	for _, row := range a.rows {
		b.WriteString(strings.Join(row, " | ") + "\n")
	}
	return b.String()
}

func errorText(err error) string {
	e, ok := err.(*Error)
	if !ok {
		return "error " + err.Error() + "\n"
	}
	s := "error " + e.Code + ": " + e.Message + "\n"
	if e.Detail != "" {
		s += "detail: " + e.Detail + "\n"
	}
	if e.Hint != "" {
		s += "hint: " + e.Hint + "\n"
	}
	return s
}
