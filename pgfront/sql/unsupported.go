package sql

import "strings"

// unsupported names the statement by its own first words.
func (p piece) unsupported(src Source) *Unsupported {
	what := p.command()
	return &Unsupported{Source: src, What: what, Hint: hintFor(what)}
}

// command is the words of a statement that name what it does: UPDATE, CREATE
// TABLE, DROP MATERIALIZED VIEW.
func (p piece) command() string {
	first := strings.ToUpper(p.text(p.tokens[0]))
	switch first {
	case "WITH":
		return p.commandOfWith()
	case "TRUNCATE":
		return "TRUNCATE"
	case "CREATE", "DROP", "ALTER", "COMMIT", "ROLLBACK", "PREPARE":
	default:
		return first
	}
	words := []string{first}
	for _, t := range p.tokens[1:] {
		word := strings.ToUpper(p.text(t))
		if isNoise(word) {
			continue
		}
		words = append(words, word)
		if !isAdjective(word) {
			break
		}
	}
	return strings.Join(words, " ")
}

// commandOfWith is what stands behind WITH's queries, none of which has a word
// outside of brackets that could be mistaken for it.
func (p piece) commandOfWith() string {
	for _, word := range []string{"update", "delete", "merge"} {
		if p.find(word) > 0 {
			return strings.ToUpper(word)
		}
	}
	return "WITH"
}

// isNoise tells of words before the kind of a thing that do not change it.
func isNoise(word string) bool {
	switch word {
	case "OR", "REPLACE", "UNIQUE", "TEMP", "TEMPORARY", "GLOBAL", "LOCAL", "UNLOGGED",
		"RECURSIVE", "TRUSTED", "PROCEDURAL", "CONSTRAINT":
		return true
	}
	return false
}

// isAdjective tells of words that belong to the next one.
func isAdjective(word string) bool {
	switch word {
	case "MATERIALIZED", "FOREIGN", "EVENT", "TEXT", "SEARCH", "ACCESS", "DEFAULT":
		return true
	}
	return false
}

// hintFor says what to use instead.
func hintFor(what string) string {
	switch what {
	case "UPDATE", "MERGE":
		return "Entries never change. Append a new one with INSERT."
	case "DELETE", "TRUNCATE":
		return "Use TRIM STREAM name TO entry_id to drop the entries below it, or DROP STREAM."
	case "CREATE TABLE", "CREATE FOREIGN TABLE":
		return "Use CREATE STREAM name."
	case "DROP TABLE", "DROP FOREIGN TABLE":
		return "Use DROP STREAM name."
	case "ALTER TABLE", "ALTER FOREIGN TABLE":
		return "Use ALTER STREAM name."
	case "CREATE INDEX":
		return "Entries are found by entry_id and appended_at without an index."
	case "CREATE VIEW", "CREATE MATERIALIZED VIEW":
		return "Use WITH in the query."
	case "CREATE DATABASE", "DROP DATABASE":
		return "A database is a cluster of nodes. Start its nodes with walle start."
	case "CREATE SCHEMA", "DROP SCHEMA":
		return "Streams live in schema public."
	case "LOCK":
		return "Use CLAIM STREAM name to be its only writer."
	case "NOTIFY":
		return "Append with INSERT; LISTEN and TAIL STREAM tell of it."
	case "VACUUM", "ANALYZE", "ANALYSE", "REINDEX", "CLUSTER":
		return "Streams need no maintenance."
	case "PREPARE TRANSACTION", "COMMIT PREPARED", "ROLLBACK PREPARED":
		return "Use COMMIT."
	}
	return ""
}
