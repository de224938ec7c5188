package query

import (
	"context"
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

const benchPayload = `{"n": 123456, "customer": "c123", "state": "paid", "note": "` + "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" + `"}`

// benchStream serves the same payload again and again, so that the executor is measured.
type benchStream struct{ *memStream }

func (b benchStream) Scan(_ context.Context, spec ScanSpec) (Rows, error) {
	s := spec.Entries.Intersect(Span{From: 1, To: b.n})
	row := b.row(1)
	row[3] = datum.String(benchPayload)
	return &benchRows{row: row, span: s}, nil
}

type benchRows struct {
	row  []Value
	span Span
}

func (r *benchRows) Next(context.Context) bool {
	if r.span.Empty() {
		return false
	}
	r.row[0] = datum.Int(r.span.From)
	r.span.From++
	return true
}

func (r *benchRows) Row() []Value { return r.row }
func (r *benchRows) Err() error   { return nil }
func (r *benchRows) Close() error { return nil }

type benchResolver struct{ stream benchStream }

func (b benchResolver) Relation(schema, name string) (Relation, bool) {
	return b.stream, schema == "public" && name == "s"
}
func (b benchResolver) Relations() []Relation { return []Relation{b.stream} }
func (b benchResolver) RelationByOID(oid OID) (Relation, bool) {
	return b.stream, oid == b.stream.Desc().OID
}
func (b benchResolver) Databases() []string { return []string{"walle"} }

func BenchmarkScan(b *testing.B) {
	for _, bench := range []struct{ name, sql string }{
		{"all", "select * from s"},
		{"filter", "select count(*) from s where entry_id % 2 = 0"},
		{"like", "select count(*) from s where convert_from(data, 'UTF8') like '%paid%'"},
		{"group", "select term, count(*) from s group by term"},
		{"json", "select convert_from(data, 'UTF8')::json ->> 'state', count(*) from s group by 1"},
		{"jsonb", "select convert_from(data, 'UTF8')::jsonb ->> 'state', count(*) from s group by 1"},
		{"top", "select * from s order by data desc limit 10"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			env := Env{Resolver: benchResolver{benchStream{newMemStream("s", 1, int64(b.N))}}, Session: newMemSession()}
			tree, err := pg_query.Parse(bench.sql)
			if err != nil {
				b.Fatal(err)
			}
			p, err := Plan(tree.Stmts[0].Stmt.GetSelectStmt(), env)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			ctx := context.Background()
			rows, err := p.Execute(ctx, nil)
			if err != nil {
				b.Fatal(err)
			}
			codec, buf := NewCodec(env), []byte(nil)
			for rows.Next(ctx) {
				buf = buf[:0]
				for i, v := range rows.Row() {
					buf = codec.AppendText(buf, p.Columns()[i].Type, v)
				}
			}
			if err := rows.Err(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func BenchmarkTrivial(b *testing.B) {
	env := memEnv()
	tree, err := pg_query.Parse("select * from s where entry_id = $1")
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	b.ReportAllocs()
	for range b.N {
		p, err := Plan(tree.Stmts[0].Stmt.GetSelectStmt(), env)
		if err != nil {
			b.Fatal(err)
		}
		rows, err := p.Execute(ctx, []Value{datum.Int(3)})
		if err != nil {
			b.Fatal(err)
		}
		for rows.Next(ctx) {
		}
	}
}
