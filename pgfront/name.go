package pgfront

import (
	"fmt"
	"strings"

	"walle/pgfront/query"
	"walle/pgfront/sql"
)

// quoteName writes a name as SQL reads it, in quotes where it needs them.
func quoteName(name string) string {
	plain := name != ""
	for i, c := range name {
		if c == '_' || c >= 'a' && c <= 'z' || i > 0 && c >= '0' && c <= '9' {
			continue
		}
		plain = false
	}
	if plain && !sql.IsReserved(name) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// Schemas that clients know.
const (
	schemaPublic = "public"
	schemaWalle  = "walle"
)

// streamName checks that n, which a stream verb or INSERT names, can be a
// stream, and returns its name.
func (s *session) streamName(stmt sql.Statement, n sql.Name) (string, error) {
	if n.Database != "" && n.Database != s.server.cfg.Database {
		return "", &query.Error{Code: "0A000", Position: stmt.Position(n.Location),
			Message: fmt.Sprintf("cross-database references are not implemented: \"%s.%s.%s\"", n.Database, n.Schema, n.Name)}
	}
	switch n.Schema {
	case "", schemaPublic:
		return n.Name, nil
	case schemaWalle, "pg_catalog", "information_schema":
		return "", &query.Error{Code: "42809", Position: stmt.Position(n.Location),
			Message: fmt.Sprintf("\"%s.%s\" is not a stream", n.Schema, n.Name), Hint: "Streams are in schema public."}
	}
	return "", &query.Error{Code: "3F000", Position: stmt.Position(n.Location), Message: fmt.Sprintf("schema \"%s\" does not exist", n.Schema)}
}

// errNoRelation is PostgreSQL's error about a name that nothing has.
func errNoRelation(stmt sql.Statement, n sql.Name) *query.Error {
	full := n.Name
	if n.Schema != "" {
		full = n.Schema + "." + n.Name
	}
	return &query.Error{Code: "42P01", Message: fmt.Sprintf("relation \"%s\" does not exist", full), Position: stmt.Position(n.Location)}
}
