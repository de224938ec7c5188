package pgfront

import (
	"testing"
	"time"
)

// TestSettings says what SET makes of a text, as SHOW prints it. "!" is an error.
func TestSettings(t *testing.T) {
	table := newSettingTable(Config{Node: "n1", Version: "1"})
	for _, c := range []struct{ name, text, want string }{
		{"statement_timeout", "0", "0"},
		{"statement_timeout", "1500", "1500ms"},
		{"statement_timeout", "2000", "2s"},
		{"statement_timeout", " 90 s ", "90s"},
		{"statement_timeout", "120s", "2min"},
		{"statement_timeout", "1.5h", "90min"},
		{"statement_timeout", "1d", "1d"},
		{"statement_timeout", "1m30s", "90s"},
		{"statement_timeout", "-1", "!"},
		{"statement_timeout", "soon", "!"},
		{"statement_timeout", "1e30", "!"},
		{"statement_timeout", "5 weeks", "!"},
		{"statement_timeout", "", "!"},
		{"extra_float_digits", "3", "3"},
		{"extra_float_digits", "4", "!"},
		{"default_transaction_read_only", "yes", "on"},
		{"default_transaction_read_only", "F", "off"},
		{"default_transaction_read_only", "o", "!"},
		{"standard_conforming_strings", "on", "on"},
		{"standard_conforming_strings", "off", "!"},
		{"bytea_output", "ESCAPE", "escape"},
		{"bytea_output", "base64", "!"},
		{"client_encoding", "utf-8", "UTF8"},
		{"client_encoding", "unicode", "UTF8"},
		{"client_encoding", "LATIN1", "!"},
		{"datestyle", "german", "German, DMY"},
		{"datestyle", "SQL, DMY", "SQL, DMY"},
		{"datestyle", "roman", "!"},
		{"timezone", "Europe/Berlin", "Europe/Berlin"},
		{"timezone", "Nowhere/Else", "!"},
		{"timezone", "local", "UTC"},
	} {
		d, err := table.find(c.name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.parse(c.text)
		if err != nil {
			got = "!"
		}
		if got != c.want {
			t.Errorf("SET %s = '%s': %q (%v), want %q", c.name, c.text, got, err, c.want)
		}
	}
}

// TestValues says what SET, SET LOCAL and RESET leave behind one another.
func TestValues(t *testing.T) {
	d := &settingDef{name: "Name", value: "default"}
	empty := values{start: map[string]string{"name": "start"}}
	set := empty.with("name", "set", false)
	local := set.with("name", "local", true)
	for _, c := range []struct {
		what string
		v    values
		want string
	}{
		{"nothing set", values{}, "default"},
		{"set by the client at the start", empty, "start"},
		{"SET", set, "set"},
		{"SET LOCAL", local, "local"},
		{"SET after SET LOCAL", local.with("name", "again", false), "again"},
		{"RESET", local.without("name"), "start"},
		{"SET again, after RESET of a copy", set, "set"},
	} {
		if got, _ := c.v.get(d); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// TestParseDuration says that units are PostgreSQL's and Go's.
func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"250": 250 * time.Millisecond, "10s": 10 * time.Second, "1min": time.Minute, "500us": 500 * time.Microsecond,
		"1m": time.Minute, "1h30m": 90 * time.Minute, "0.5s": 500 * time.Millisecond, "-3s": -3 * time.Second,
	} {
		if got, ok := parseDuration(text); !ok || got != want {
			t.Errorf("%q: %v %v, want %v", text, got, ok, want)
		}
	}
}
