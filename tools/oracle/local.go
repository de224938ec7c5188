package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"walle/pgfront/query"
	"walle/pgfront/query/datum"
)

// limit is how long a statement may take on our side.
const limit = 10 * time.Second

// A stream is a relation of the campaign, with the same rows on both sides.
type stream struct {
	name string
	oid  datum.OID
	n    int64
}

var streams = []stream{{"s", 16500, 10}, {"t", 16501, 3}}

const firstEntry = "2024-03-01 10:00:00+00"

func (s stream) payload(id int64) string {
	return fmt.Sprintf(`{"n": %d, "word": "%s%d"}`, id, s.name, id%3)
}

// create makes the table of the same rows in PostgreSQL.
func (s stream) create() []string {
	list := []string{"create temp table " + s.name + " (entry_id int8 not null, term int8 not null, appended_at timestamptz not null, data bytea not null)"}
	for id := int64(1); id <= s.n; id++ {
		list = append(list, fmt.Sprintf("insert into %s values (%d, %d, timestamptz '%s' + %d * interval '1 second', convert_to('%s', 'UTF8'))",
			s.name, id, (id-1)/4+1, firstEntry, id, s.payload(id)))
	}
	return list
}

func (s stream) relation() query.Relation {
	desc := query.StreamRelation(s.name, s.oid)
	desc.EntryID, desc.AppendedAt = -1, -1 // a list of rows cannot be bounded
	return query.TableFunc(desc, func(context.Context) ([][]query.Value, error) {
		start, err := time.Parse("2006-01-02 15:04:05-07", firstEntry)
		if err != nil {
			return nil, err
		}
		var rows [][]query.Value
		for id := int64(1); id <= s.n; id++ {
			rows = append(rows, []query.Value{datum.Int(id), datum.Int((id-1)/4 + 1),
				datum.Time(start.Add(time.Duration(id) * time.Second)), datum.String(s.payload(id))})
		}
		return rows, nil
	})
}

// resolver finds the streams.
type resolver struct{}

func (resolver) Relation(schema, name string) (query.Relation, bool) {
	for _, s := range streams {
		if schema == "public" && s.name == name {
			return s.relation(), true
		}
	}
	return nil, false
}

func (resolver) Relations() []query.Relation {
	var list []query.Relation
	for _, s := range streams {
		list = append(list, s.relation())
	}
	return list
}

func (resolver) RelationByOID(oid query.OID) (query.Relation, bool) {
	for _, s := range streams {
		if rel := s.relation(); rel.Desc().OID == oid {
			return rel, true
		}
	}
	return nil, false
}

func (resolver) Databases() []string { return []string{"postgres"} }

// session has the settings of the campaign and nothing else.
type session struct{}

func (session) User() string        { return "app" }
func (session) SessionUser() string { return "app" }
func (session) Database() string    { return "postgres" }
func (session) BackendPID() int32   { return 1 }
func (session) Setting(name string) (string, bool) {
	for _, s := range settings {
		if s[0] == name {
			return s[1], true
		}
	}
	return "", false
}
func (session) Settings() []query.Setting                   { return nil }
func (session) Set(_, value string, _ bool) (string, error) { return value, nil }
func (session) TransactionTime() time.Time                  { return time.Now() }
func (session) StatementTime() time.Time                    { return time.Now() }
func (session) ServerStart() time.Time                      { return time.Now() }

// askLocal runs one statement in package query.
func askLocal(ctx context.Context, sql string) answer {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	env := query.Env{Resolver: resolver{}, Session: session{}}
	out, err := runLocal(ctx, env, sql)
	var failed *query.Error
	switch {
	case errors.As(err, &failed):
		return answer{code: failed.Code, text: failed.Message}
	case errors.Is(err, context.DeadlineExceeded):
		return answer{code: "57014", text: err.Error()}
	case err != nil:
		return answer{code: "XX000", text: err.Error()}
	}
	return out
}

func runLocal(ctx context.Context, env query.Env, sql string) (answer, error) {
	var out answer
	p, err := query.PlanText(sql, env)
	if err != nil {
		return out, err
	}
	for _, c := range p.Columns() {
		out.types = append(out.types, uint32(c.Type))
	}
	rows, err := p.Execute(ctx, nil)
	if err != nil {
		return out, err
	}
	codec := query.NewCodec(env)
	for rows.Next(ctx) {
		var row []*string
		for i, v := range rows.Row() {
			if v.IsNull() {
				row = append(row, nil)
				continue
			}
			s := string(codec.AppendText(nil, p.Columns()[i].Type, v))
			row = append(row, &s)
		}
		out.rows = append(out.rows, rowText(row))
	}
	return out, errors.Join(rows.Err(), rows.Close())
}
