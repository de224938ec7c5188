package pgfront

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgproto3/v2"

	"walle/engine"
	"walle/pgfront/query"
	"walle/pgfront/sql"
	"walle/pgfront/wire"
	"walle/replication"
)

// Errors that are the same for everybody.
var (
	errCancelled        = &query.Error{Code: "57014", Message: "canceling statement due to user request"}
	errStatementTimeout = &query.Error{Code: "57014", Message: "canceling statement due to statement timeout"}
	errLockTimeout      = &query.Error{Code: "55P03", Message: "canceling statement due to lock timeout"}
	errShutdown         = &query.Error{Code: "57P01", Message: "terminating connection due to administrator command", Hint: "Connect to another node."}
	errIdle             = &query.Error{Code: "57P05", Message: "terminating connection due to idle-session timeout"}
	errIdleInBlock      = &query.Error{Code: "25P03", Message: "terminating connection due to idle-in-transaction timeout"}
	errTooMany          = &query.Error{Code: "53300", Message: "sorry, too many clients already"}
	errClientGone       = &query.Error{Code: "08006", Message: "connection to client lost"}
	errInFailed         = &query.Error{Code: "25P02", Message: "current transaction is aborted, commands ignored until end of transaction block"}
)

func protocolError(format string, args ...any) *query.Error {
	return &query.Error{Code: "08P01", Message: fmt.Sprintf(format, args...)}
}

// errDoubt is the error about a name that this node does not know, when it could
// not find out whether the cluster does. A client must not take that for an
// answer: it may go on to make what is there.
func errDoubt(name string, why error) *query.Error {
	if told, ok := errors.AsType[*query.Error](why); ok {
		return told // the statement has been cancelled
	}
	return &query.Error{Code: "57P03", Message: fmt.Sprintf("cannot tell whether relation \"%s\" exists", name),
		Detail: "This node does not know it, and could not find out whether its catalog is up to date.",
		Hint:   "Try again, or on another node."}
}

// condition is how a kind of engine's errors looks to a client.
type condition struct {
	code    string
	message func(e described) string
	detail  func(e described) string // nil, or "": engine's own
	hint    func(e described) string
}

// described is an engine error with names in place of numbers.
type described struct {
	*engine.Error
	stream string // quoted, or what stands for it
	node   string // of the holder, "" if not known
	full   string // the disks that are full, "" if not known
}

// conditions has a row for each kind.
var conditions = map[engine.Kind]condition{
	engine.KindInternal: {"XX000", says("internal error: %s", described.text), nil, nil},
	engine.KindNoStream: {"42P01", says("relation %s does not exist", described.name), nil, nil},
	engine.KindNotClaimed: {"55000", says("stream %s is not claimed by this session", described.name),
		nil, says("Use %s first.", described.claimStatement)},
	engine.KindFenced: {"WA001", says("the writer of stream %s was fenced by a newer term", described.name),
		described.holderDetail, says("The entries that were being appended are not in the stream. To append again, use %s.", described.claimStatement)},
	engine.KindHeld: {"55P03", says("stream %s is held by another writer", described.name),
		described.holderDetail, says("Wait for the lease to end, or use %s FORCE to fence the writer.", described.claimStatement)},
	engine.KindNoQuorum: {"57P03", says("no majority of the replicas of stream %s answers", described.name),
		nil, says("Nothing was done. Look at walle.replicas, and try again.")},
	engine.KindUnknown: {"08007", says("the outcome of %s is unknown", described.attempt),
		described.ending, says("Use %s: what is up to its tail_entry_id then is in the stream for ever, what is not never will be.", described.claimStatement)},
	engine.KindEntryExists: {"23505", says("entry %s of stream %s exists", described.entry, described.name),
		described.tailDetail, says("An entry that may be there already is passed over with ON CONFLICT DO NOTHING.")},
	engine.KindHole: {"22023", says("entry %s of stream %s would leave a hole", described.entry, described.name),
		described.tailDetail, says("Entries are appended without holes; leave entry_id out to get the next one.")},
	engine.KindTooLarge: {"54000", says("the group is too large"),
		nil, says("What one transaction appends is limited; COPY outside of a transaction is not.")},
	engine.KindBusy: {"53200", says("too much is in flight on stream %s", described.name),
		nil, says("The append was not made. Wait for answers, then repeat it.")},
	engine.KindDiskFull: {"53100", says("the disks of a majority of the replicas of stream %s are full", described.name),
		described.disks, says("Nothing was appended. TRIM STREAM and DROP STREAM give back space; once there is enough, appends work again.")},
	engine.KindCancelled:    {"57014", says("canceling statement due to user request"), nil, nil},
	engine.KindShuttingDown: {"57P01", says("the node is shutting down"), nil, says("Connect to another node.")},
	engine.KindCorrupt: {"XX001", described.corrupt,
		described.cause, says("Replicas on other nodes may have what is damaged here: walle.replicas shows them all.")},
	engine.KindTrimmed: {"22023", says("entries of stream %s that were asked for have been trimmed", described.name),
		nil, says("Read from %s on.", described.first)},
	engine.KindExists:      {"42P07", says("relation %s already exists", described.name), nil, nil},
	engine.KindInvalid:     {"22023", says("%s", described.complaint), described.noDetail, nil},
	engine.KindUnsupported: {"0A000", says("%s is not supported", described.text), nil, nil},
	engine.KindIO: {"58030", says("could not read entry %s of stream %s", described.entry, described.name),
		described.cause, says("Try again, or on another node.")},
}

// says fills fields into a format.
func says(format string, fields ...func(described) string) func(described) string {
	return func(e described) string {
		args := make([]any, len(fields))
		for i, f := range fields {
			args[i] = f(e)
		}
		return fmt.Sprintf(format, args...)
	}
}

func (e described) name() string           { return e.stream }
func (e described) claimStatement() string { return "CLAIM STREAM " + quoteName(e.Name) }
func (e described) entry() string          { return fmt.Sprint(uint64(e.Entry)) }
func (e described) first() string          { return fmt.Sprintf("entry_id %d", uint64(e.First)) }
func (e described) noDetail() string       { return "" }

// attempt is what has been tried: an append, or a change of the catalog, which
// is one to the system stream, of which clients know nothing.
func (e described) attempt() string {
	if e.Stream == replication.SystemStream {
		return strings.ToUpper(e.Op) + " STREAM"
	}
	return "the append to stream " + e.stream
}

// ending is what a client did to an attempt that it did not wait for.
func (e described) ending() string {
	var told *query.Error
	if e.Detail == "" && errors.As(e.Err, &told) {
		return fmt.Sprintf("It was not waited for any more: %s.", told.Message)
	}
	return e.Detail
}

// text is the cause in engine's own words.
func (e described) text() string { return strings.TrimSuffix(e.Error.Error(), ".") }

// complaint makes a message of the sentence that says what is wrong: it begins
// in lower case, and has no full stop.
func (e described) complaint() string {
	if e.Detail == "" {
		return "invalid value: " + e.text()
	}
	first, size := utf8.DecodeRuneInString(e.Detail)
	return string(unicode.ToLower(first)) + strings.TrimSuffix(e.Detail[size:], ".")
}

// cause is engine's detail, or else the cause as a sentence.
func (e described) cause() string {
	if e.Detail != "" || e.Err == nil {
		return e.Detail
	}
	return fmt.Sprintf("Cause: %v.", e.Err)
}

// corrupt says what is damaged: one entry, or all that a node has of a stream.
func (e described) corrupt() string {
	if e.Entry == 0 {
		return fmt.Sprintf("stream %s cannot be read: its replica on node %s is damaged", e.stream, e.node)
	}
	return fmt.Sprintf("entry %d of stream %s cannot be read: its bytes are not what was written", uint64(e.Entry), e.stream)
}

// disks says which disks are full.
func (e described) disks() string { return cmp.Or(e.Detail, e.full) }

func (e described) tailDetail() string {
	return fmt.Sprintf("The last entry is %d.", uint64(e.Tail))
}

// holderDetail says who has the stream.
func (e described) holderDetail() string {
	if e.Term == 0 {
		return e.Detail
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Term %d belongs to", uint64(e.Term))
	if e.Holder != "" {
		fmt.Fprintf(&b, " writer \"%s\"", e.Holder)
	} else {
		b.WriteString(" a writer without a name")
	}
	if e.node != "" {
		fmt.Fprintf(&b, " on node %s", e.node)
	}
	if e.Remaining > 0 {
		fmt.Fprintf(&b, ", whose lease runs for another %v unless it is renewed", e.Remaining.Round(time.Millisecond))
	}
	return b.String() + "."
}

// explain makes of any error what a client is told.
func (s *Server) explain(err error) *query.Error {
	var told *query.Error
	var refused *sql.Error
	var failed *engine.Error
	switch {
	case errors.As(err, &failed) && failed.Kind == engine.KindUnknown: // its cause may be a told one
		return s.describe(failed)
	case errors.As(err, &told):
		return told
	case errors.As(err, &refused):
		return &query.Error{Code: refused.Code, Message: refused.Message, Detail: refused.Detail, Hint: refused.Hint, Position: refused.Position}
	case errors.As(err, &failed):
		return s.describe(failed)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return errCancelled
	}
	return &query.Error{Code: "XX000", Message: "internal error: " + err.Error()}
}

// describe looks e up in the table.
func (s *Server) describe(e *engine.Error) *query.Error {
	d := described{Error: e}
	if d.Name == "" && e.Stream != 0 {
		if desc, ok := s.cfg.Catalog.Snapshot().StreamByID(e.Stream); ok {
			named := *e
			named.Name = desc.Name
			d.Error = &named
		}
	}
	switch {
	case d.Name != "":
		d.stream = `"` + d.Name + `"`
	case e.Stream == replication.SystemStream:
		d.stream = "number 1 (the catalog)"
	default:
		d.stream = fmt.Sprintf("number %d", uint64(e.Stream))
	}
	if n, ok := s.cfg.Catalog.Snapshot().NodeByID(e.Node); ok {
		d.node = n.Name
	}
	if e.Kind == engine.KindDiskFull {
		d.full = s.fullDisks(e.Stream)
	}
	c, ok := conditions[e.Kind]
	if !ok {
		c = conditions[engine.KindInternal]
	}
	out := &query.Error{Code: c.code, Message: c.message(d), Detail: e.Detail, Hint: e.Hint}
	if c.detail != nil {
		out.Detail = c.detail(d)
	}
	if c.hint != nil && out.Hint == "" {
		out.Hint = c.hint(d)
	}
	return out
}

// sendError adds an ErrorResponse.
func sendError(out *wire.Buffer, severity string, e *query.Error) {
	out.Send(&pgproto3.ErrorResponse{
		Severity: severity, SeverityUnlocalized: severity, Code: e.Code,
		Message: e.Message, Detail: e.Detail, Hint: e.Hint, Position: int32(e.Position),
	})
}

// sendNotice adds a NoticeResponse.
func sendNotice(out *wire.Buffer, severity string, e *query.Error) {
	out.Send(&pgproto3.NoticeResponse{
		Severity: severity, SeverityUnlocalized: severity, Code: e.Code,
		Message: e.Message, Detail: e.Detail, Hint: e.Hint,
	})
}

// failureMessages are an ErrorResponse and the end of its implicit transaction.
func failureMessages(e *query.Error) []byte {
	var out wire.Buffer
	sendError(&out, "ERROR", e)
	out.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	return out.Bytes()
}
