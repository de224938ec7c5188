package query

import (
	"strings"

	"walle/pgfront/query/datum"
)

// searchPath returns the schemas in which unqualified names are looked up, those of the
// system first.
func searchPath(env Env) []string {
	path := []string{"pg_catalog"}
	for _, schema := range explicitPath(env) {
		if schema != "pg_catalog" {
			path = append(path, schema)
		}
	}
	return path
}

// explicitPath is search_path with "$user" resolved; only schemas that exist count.
func explicitPath(env Env) []string {
	text := "public"
	if env.Session != nil {
		if v, ok := env.Session.Setting("search_path"); ok {
			text = v
		}
	}
	var path []string
	for _, item := range strings.Split(text, ",") {
		name := strings.TrimSpace(item)
		if unquoted, ok := strings.CutPrefix(name, `"`); ok {
			name = strings.TrimSuffix(unquoted, `"`)
		} else {
			name = strings.ToLower(name)
		}
		if schemaOID(name) != 0 {
			path = append(path, name)
		}
	}
	return path
}

// relation finds a relation, along the search path if schema is empty.
func (a *analyzer) relation(schema, name string, at int32) (Relation, error) {
	if rel := findRelation(a.env, schema, name); rel != nil {
		return rel, nil
	}
	if schema != "" {
		return nil, datum.Errorf("42P01", "relation \"%s.%s\" does not exist", schema, name).At(at)
	}
	return nil, datum.Errorf("42P01", "relation \"%s\" does not exist", name).At(at)
}

func findRelation(env Env, schema, name string) Relation {
	path := []string{schema}
	if schema == "" {
		path = searchPath(env)
	}
	for _, s := range path {
		if rel := relationIn(env, s, name); rel != nil {
			return rel
		}
	}
	return nil
}

func relationIn(env Env, schema, name string) Relation {
	switch schema {
	case "pg_catalog", "information_schema":
		return systemRelation(env, schema, name)
	}
	if env.Resolver == nil {
		return nil
	}
	rel, ok := env.Resolver.Relation(schema, name)
	if !ok {
		return nil
	}
	return rel
}

// splitName reads schema.name or name, each folded to lower case unless quoted.
func splitName(text string) (schema, name string, err error) {
	parts, ok := identifiers(text)
	if !ok || len(parts) == 0 {
		return "", "", datum.Errorf("42602", "invalid name syntax")
	}
	switch len(parts) {
	case 1:
		return "", parts[0], nil
	case 2:
		return parts[0], parts[1], nil
	case 3:
		return parts[1], parts[2], nil
	}
	return "", "", datum.Errorf("42601", "improper relation name (too many dotted names): %s", text)
}

// identifiers splits a dotted name.
func identifiers(text string) ([]string, bool) {
	var parts []string
	rest := strings.TrimSpace(text)
	for {
		name, after, ok := identifier(rest)
		if !ok {
			return nil, false
		}
		parts = append(parts, datum.TruncateName(name))
		if after == "" {
			return parts, true
		}
		if after[0] != '.' {
			return nil, false
		}
		rest = strings.TrimSpace(after[1:])
	}
}

func identifier(s string) (name, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		n := strings.IndexAny(s, ". \t\n\"")
		if n < 0 {
			n = len(s)
		}
		return strings.ToLower(s[:n]), strings.TrimSpace(s[n:]), n > 0
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			b.WriteByte('"')
			i++
			continue
		}
		return b.String(), strings.TrimSpace(s[i+1:]), b.Len() > 0
	}
	return "", "", false
}

// quoteIdent quotes a name where the parser would need it.
func quoteIdent(s string) string {
	plain := s != ""
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c == '_' || i > 0 && (c >= '0' && c <= '9' || c == '$')) {
			plain = false
		}
	}
	if plain && !reserved(s) {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
