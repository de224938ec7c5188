package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// An answer is what a client sees: the columns' types and the rows as text, or an error.
type answer struct {
	types []uint32
	rows  []string
	code  string // SQLSTATE, empty if there was no error
	text  string // of the error
}

func (a answer) String() string {
	if a.code != "" {
		return a.code + ": " + a.text
	}
	return fmt.Sprintf("%v %s", a.types, strings.Join(a.rows, "; "))
}

// rowText is a row as an answer holds it.
func rowText(values []*string) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = "NULL"
		if v != nil {
			list[i] = fmt.Sprintf("%q", *v)
		}
	}
	return strings.Join(list, ", ")
}

// A postgres answers over one connection.
type postgres struct{ conn *pgconn.PgConn }

// settings that both sides start with.
var settings = [][2]string{
	{"timezone", "America/New_York"}, {"datestyle", "ISO, MDY"}, {"intervalstyle", "postgres"}, {"bytea_output", "hex"},
	{"extra_float_digits", "1"},
}

func connect(ctx context.Context, dsn string) (*postgres, error) {
	conn, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	p := &postgres{conn}
	setup := []string{"set client_min_messages = error", "set statement_timeout = '2s'", "set jit = off", "set work_mem = '64MB'"}
	for _, s := range settings {
		setup = append(setup, fmt.Sprintf("set %s = '%s'", s[0], s[1]))
	}
	for _, table := range streams {
		setup = append(setup, table.create()...)
	}
	if _, err := conn.Exec(ctx, strings.Join(setup, ";")).ReadAll(); err != nil {
		return nil, fmt.Errorf("setup: %w", err)
	}
	return p, nil
}

// ask runs one statement in the extended protocol, with results in text.
func (p *postgres) ask(ctx context.Context, sql string) (answer, error) {
	res := p.conn.ExecParams(ctx, sql, nil, nil, nil, nil)
	var out answer
	for res.NextRow() {
		var row []*string
		for _, v := range res.Values() {
			if v == nil {
				row = append(row, nil)
				continue
			}
			s := string(v)
			row = append(row, &s)
		}
		out.rows = append(out.rows, rowText(row))
	}
	for _, f := range res.FieldDescriptions() {
		out.types = append(out.types, f.DataTypeOID)
	}
	_, err := res.Close()
	var failed *pgconn.PgError
	if errors.As(err, &failed) {
		return answer{code: failed.Code, text: failed.Message}, nil
	}
	return out, err
}
