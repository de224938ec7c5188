package sqltests

import (
	"context"
	"fmt"
	"strings"
)

// stream gives the current session a fresh stream that it may append to. In PostgreSQL it is a table
// of the same relation, so that both answer alike to whatever a client may ask of either.
func (r *runner) stream(ctx context.Context, s Stream) error {
	if r.target.System == "postgresql" {
		return r.all(ctx, oracleFunction, "DROP TABLE IF EXISTS "+s.Name, replaceName(oracleTable, s.Name), replaceName(oracleTrigger, s.Name))
	}
	create := "CREATE STREAM " + s.Name
	if s.Options != "" {
		create += " WITH (" + s.Options + ")"
	}
	return r.all(ctx, "DROP STREAM IF EXISTS "+s.Name, create, "CLAIM STREAM "+s.Name)
}

// all runs statements that must succeed.
func (r *runner) all(ctx context.Context, statements ...string) error {
	s, err := r.session(ctx, r.current, 0)
	if err != nil {
		return err
	}
	for _, sql := range statements {
		out := ask(ctx, s, r.expand(Run{SQL: sql, Expect: OK{}}))
		if out.err != nil {
			return fmt.Errorf("%s: %w", sql, out.err)
		}
		if out.res.Failed {
			return fmt.Errorf("%s: %s", sql, out.res.Error)
		}
	}
	return nil
}

func replaceName(sql, name string) string { return strings.ReplaceAll(sql, "STREAM", name) }

// The table that stands for a stream. A volatile function in a row trigger sees the rows that its own
// statement has inserted before, so ids are dense within a statement and after a rollback.
const (
	oracleTable = `CREATE TABLE STREAM (
	entry_id bigint PRIMARY KEY,
	term bigint NOT NULL DEFAULT 1,
	appended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	data bytea NOT NULL)`

	oracleFunction = `CREATE OR REPLACE FUNCTION stream_append() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
DECLARE tail bigint;
BEGIN
	EXECUTE format('SELECT coalesce(max(entry_id), 0) FROM %I', TG_TABLE_NAME) INTO tail;
	NEW.entry_id := coalesce(NEW.entry_id, tail + 1);
	IF NEW.entry_id > tail + 1 THEN
		RAISE EXCEPTION 'entry % would leave a hole', NEW.entry_id USING ERRCODE = '22023';
	END IF;
	RETURN NEW;
END $$`

	oracleTrigger = `CREATE TRIGGER number BEFORE INSERT ON STREAM FOR EACH ROW EXECUTE FUNCTION stream_append()`
)
