package pgfront

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"walle/engine"
)

var sqlstate = regexp.MustCompile(`^[0-9A-Z]{5}$`)

// TestConditions says that every kind of engine's errors has a row, in the
// manner of PostgreSQL: a message without a full stop, details and hints that
// are sentences.
func TestConditions(t *testing.T) {
	if len(conditions) != len(engine.Kinds()) {
		t.Errorf("%d rows for %d kinds", len(conditions), len(engine.Kinds()))
	}
	for _, kind := range engine.Kinds() {
		c, ok := conditions[kind]
		if !ok {
			t.Errorf("no row for %v", kind)
			continue
		}
		e := described{stream: `"s"`, node: "n2", Error: &engine.Error{
			Op: "append", Stream: 7, Name: "s", Kind: kind, Term: 5, Holder: "other", Remaining: time.Second, Entry: 4, Tail: 9, First: 2,
			Detail: "This is so.",
		}}
		if !sqlstate.MatchString(c.code) {
			t.Errorf("%v: SQLSTATE %q", kind, c.code)
		}
		message := c.message(e)
		if message == "" || strings.HasSuffix(message, ".") || strings.Contains(message, "%!") {
			t.Errorf("%v: message %q", kind, message)
		}
		for _, sentence := range []func(described) string{c.detail, c.hint} {
			if sentence == nil {
				continue
			}
			text := sentence(e)
			if text != "" && (!strings.HasSuffix(text, ".") || !unicode.IsUpper(rune(text[0]))) {
				t.Errorf("%v: %q is no sentence", kind, text)
			}
		}
	}
}
