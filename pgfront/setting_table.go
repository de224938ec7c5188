package pgfront

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// settingTable is every parameter there is, by name in lower case.
type settingTable struct {
	list   []*settingDef // in the order of names
	byName map[string]*settingDef
}

// serverVersion is the version of PostgreSQL whose behaviour clients can expect.
const serverVersion = "15.0"

const timeoutMost = 1<<31 - 1

// Bounds of work_mem in kB. What a statement may be given is bounded too: the
// node has other sessions, and streams.
const (
	workMemLeast = 64
	workMemMost  = 1 << 20
)

func newSettingTable(c Config) settingTable {
	t := settingTable{byName: make(map[string]*settingDef)}
	t.add(sessionSettings())
	t.add(outputSettings())
	t.add(connectionSettings())
	t.add(fixedSettings(c))
	slices.SortFunc(t.list, func(a, b *settingDef) int {
		return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name))
	})
	return t
}

func (t *settingTable) add(list []*settingDef) {
	for _, d := range list {
		t.list = append(t.list, d)
		t.byName[strings.ToLower(d.name)] = d
	}
}

// sessionSettings say how statements run.
func sessionSettings() []*settingDef {
	return []*settingDef{
		{name: "append_timeout", value: "10s", kind: settingNumber, unit: "ms", min: 1, max: timeoutMost,
			text: "After how long the outcome of an append is not waited for any more."},
		isolation("default_transaction_isolation", "The isolation level of new transactions."),
		told(flag("default_transaction_read_only", "off", "Whether new transactions may append.")),
		flag("default_transaction_deferrable", "off", "Accepted, and without effect: no transaction waits for a snapshot."),
		timeout("fetch_timeout", "0", "How long FETCH waits for rows of a tail; 0 is for ever."),
		timeout("lock_timeout", "0", "How long CLAIM waits for another writer; 0 is for ever."),
		choice("read_consistency", "default", "Whether a SELECT sees all that was acknowledged anywhere before it.", "default", "linearizable"),
		{name: "search_path", value: `"$user", public`, text: "Schemas in which names without one are looked up."},
		timeout("statement_timeout", "0", "How long a statement may take; 0 is for ever."),
		isolation("transaction_isolation", "The isolation level of the transaction."),
		flag("transaction_read_only", "off", "Whether the transaction may append."),
		{name: "work_mem", value: "64MB", kind: settingNumber, unit: "kB", min: workMemLeast, max: workMemMost,
			text: "How much memory a sort, hash table or aggregate may use."},
		// What drivers switch on or off when they connect.
		flag("escape_string_warning", "on", "Accepted, and without effect."),
		flag("jit", "off", "Accepted, and without effect."),
		flag("row_security", "on", "Accepted, and without effect."),
		choice("synchronous_commit", "on", "Accepted; appends are always durable at a majority when they are acknowledged.",
			"local", "remote_write", "remote_apply", "on", "off"),
	}
}

// outputSettings say how values are written and read.
func outputSettings() []*settingDef {
	return []*settingDef{
		choice("bytea_output", "hex", "The text form of bytea.", "escape", "hex"),
		told(&settingDef{name: "client_encoding", value: "UTF8", check: checkEncoding, text: "The client's encoding, always UTF8."}),
		choice("client_min_messages", "notice", "Which messages a client is sent beside errors.",
			"debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error"),
		told(&settingDef{name: "DateStyle", value: "ISO, MDY", check: checkDateStyle, text: "The text form of dates, and the order in which they are read."}),
		{name: "extra_float_digits", value: "1", kind: settingNumber, min: -15, max: 3, text: "How many digits floats are printed with."},
		told(choice("IntervalStyle", "postgres", "The text form of intervals.", "postgres", "postgres_verbose", "sql_standard", "iso_8601")),
		told(&settingDef{name: "standard_conforming_strings", value: "on", kind: settingBool,
			check: checkOnlyOn("standard_conforming_strings"), text: "Whether backslashes are ordinary characters in strings."}),
		told(&settingDef{name: "TimeZone", value: "UTC", check: checkTimeZone, text: "The time zone of timestamps as text."}),
	}
}

// connectionSettings are about the client and the way to it.
func connectionSettings() []*settingDef {
	seconds := func(name, value, text string) *settingDef {
		return &settingDef{name: name, value: value, kind: settingNumber, unit: "s", max: timeoutMost, text: text}
	}
	return []*settingDef{
		told(&settingDef{name: "application_name", text: "What the client calls itself."}),
		timeout("follower_timeout", "1min", "After how long a client that follows a stream and does not read is cut off; 0 is never."),
		timeout("heartbeat_interval", "0", "How often a client that follows a stream is sent a sign of life while there are no entries; 0 is never."),
		timeout("idle_in_transaction_session_timeout", "0", "After how long a session that is idle within a transaction is ended; 0 is never."),
		timeout("idle_session_timeout", "0", "After how long an idle session is ended; 0 is never."),
		{name: "tcp_keepalives_count", value: "9", kind: settingNumber, max: 127, text: "How many keepalives may be lost before the connection counts as dead."},
		seconds("tcp_keepalives_idle", "15s", "After how long without traffic a keepalive is sent; 0 is never."),
		seconds("tcp_keepalives_interval", "15s", "How long after a lost keepalive the next one is sent."),
		timeout("tcp_user_timeout", "0", "How long what was sent may stay unacknowledged before the connection counts as dead; 0 is as the system says."),
	}
}

// fixedSettings tell what cannot be changed.
func fixedSettings(c Config) []*settingDef {
	return []*settingDef{
		fixed("array_nulls", "on", "Whether NULL in the text of an array is null."),
		fixedNumber("block_size", "8192", "A constant of PostgreSQL's, for tools that ask."),
		told(fixed("in_hot_standby", "off", "Whether the node is a standby, which it never is.")),
		told(fixed("integer_datetimes", "on", "Whether timestamps are integers.")),
		told(fixed("is_superuser", "off", "Whether the session's user is PostgreSQL's superuser, which nobody is.")),
		fixed("lc_collate", "C", "The order of text: that of its bytes."),
		fixed("lc_ctype", "C.UTF-8", "The classes of characters."),
		fixed("lc_messages", "C", "The language of messages."),
		fixed("lc_monetary", "C", "The form of amounts of money."),
		fixed("lc_numeric", "C", "The form of numbers of to_char."),
		fixed("lc_time", "C", "The language of dates of to_char."),
		fixedNumber("max_connections", strconv.Itoa(c.MaxConnections), "How many sessions this node has at most."),
		fixedNumber("max_identifier_length", "63", "How many bytes a name may have."),
		fixedNumber("max_index_keys", "32", "A constant of PostgreSQL's, for tools that ask."),
		told(fixed("server_encoding", "UTF8", "The encoding of text.")),
		told(fixed("server_version", serverVersion+" (WALLE "+c.Version+")", "The version of PostgreSQL that this is like, and WALLE's.")),
		fixedNumber("server_version_num", "150000", "The same as a number."),
		told(&settingDef{name: "session_authorization", fixed: true, text: "The session's user."}),
		fixed("ssl", "off", "Whether connections may be encrypted."),
		fixed("transaction_deferrable", "off", "Whether the transaction waits for a snapshot, which none does."),
		fixed("walle.node", c.Node, "The node that answers."),
	}
}

func fixed(name, value, text string) *settingDef {
	return &settingDef{name: name, value: value, fixed: true, text: text}
}

func fixedNumber(name, value, text string) *settingDef {
	n, _ := strconv.ParseInt(value, 10, 64) // it is one of those above
	return &settingDef{name: name, value: value, kind: settingNumber, min: n, max: n, fixed: true, text: text}
}

// told has clients told of every change.
func told(d *settingDef) *settingDef { d.reported = true; return d }

func timeout(name, value, text string) *settingDef {
	return &settingDef{name: name, value: value, kind: settingNumber, unit: "ms", max: timeoutMost, text: text}
}

func choice(name, value, text string, enum ...string) *settingDef {
	return &settingDef{name: name, value: value, kind: settingEnum, enum: enum, text: text}
}

func flag(name, value, text string) *settingDef {
	return &settingDef{name: name, value: value, kind: settingBool, text: text}
}

func isolation(name, text string) *settingDef {
	return &settingDef{name: name, value: "read committed", kind: settingEnum, text: text,
		enum: []string{"serializable", "repeatable read", "read committed", "read uncommitted"}}
}
