package pgfront_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/jackc/pgx/v5/pgproto3"
)

// TestWire plays the conversations in testdata/wire: send gives messages, one a
// line, until reads the server's up to one of a kind.
//
//	connect [as=NAME] [PARAMETER=VALUE …]     a new session
//	send [as=NAME]
//	Query "SELECT 1"
//	Parse NAME "TEXT" [TYPE …]     Bind PORTAL STATEMENT [VALUE …] [/ FORMAT …]     Execute PORTAL [MAX]
//	Describe S|P NAME     Close S|P NAME     Sync     Flush     Terminate
//	CopyData "…"     CopyDone     CopyFail "…"     Raw HEX …
//	until [as=NAME] KIND
//	close [as=NAME]
//
// The empty name is "". A VALUE is NULL, a word, or quoted.
func TestWire(t *testing.T) {
	s := serve(t, 1)
	datadriven.Walk(t, "testdata/wire", func(t *testing.T, path string) {
		w := &wireTest{addr: s.addrs[0], stream: strings.ReplaceAll(filepath.Base(path), ".", "_"), sessions: map[string]*wireSession{}}
		defer w.close()
		datadriven.RunTest(t, path, w.command)
	})
}

type wireTest struct {
	addr     string
	stream   string // $s in a script
	sessions map[string]*wireSession
}

type wireSession struct {
	conn  net.Conn
	front *pgproto3.Frontend
}

func (w *wireTest) close() {
	for _, s := range w.sessions {
		s.conn.Close()
	}
}

func (w *wireTest) command(t *testing.T, d *datadriven.TestData) string {
	name := "default"
	parameters := map[string]string{"user": "app", "database": "walle"}
	var rest []string
	for _, arg := range d.CmdArgs {
		switch {
		case arg.Key == "as":
			name = arg.Vals[0]
		case len(arg.Vals) == 1:
			parameters[arg.Key] = arg.Vals[0]
		default:
			rest = append(rest, arg.Key)
		}
	}
	switch d.Cmd {
	case "connect":
		return w.connect(t, name, parameters)
	case "close":
		w.sessions[name].conn.Close()
		return ""
	case "send":
		for line := range strings.Lines(d.Input) {
			w.sessions[name].send(t, w.words(t, strings.TrimSpace(line)))
		}
		if err := w.sessions[name].front.Flush(); err != nil {
			t.Fatal(err)
		}
		return ""
	case "until":
		return w.sessions[name].until(rest[0])
	}
	t.Fatalf("%s: no command %q", d.Pos, d.Cmd)
	return ""
}

func (w *wireTest) connect(t *testing.T, name string, parameters map[string]string) string {
	conn, err := net.Dial("tcp", w.addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	s := &wireSession{conn: conn, front: pgproto3.NewFrontend(conn, conn)}
	w.sessions[name] = s
	s.front.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersionNumber, Parameters: parameters})
	if err := s.front.Flush(); err != nil {
		t.Fatal(err)
	}
	return s.until("ReadyForQuery")
}

// words cuts a line into words, of which some are quoted as in Go.
func (w *wireTest) words(t *testing.T, line string) []string {
	var words []string
	for line = strings.ReplaceAll(line, "$s", w.stream); line != ""; line = strings.TrimSpace(line) {
		if line[0] != '"' {
			word, rest, _ := strings.Cut(line, " ")
			words, line = append(words, word), rest
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		word, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatal(err)
		}
		words, line = append(words, word), line[len(quoted):]
	}
	return words
}

// send queues one message.
func (s *wireSession) send(t *testing.T, words []string) {
	at := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	switch words[0] {
	case "Query":
		s.front.Send(&pgproto3.Query{String: at(1)})
	case "Parse":
		m := &pgproto3.Parse{Name: at(1), Query: at(2)}
		for _, oid := range words[3:] {
			m.ParameterOIDs = append(m.ParameterOIDs, uint32(integer(t, oid)))
		}
		s.front.Send(m)
	case "Bind":
		s.front.Send(bindOf(t, words))
	case "Execute":
		most := 0
		if at(2) != "" {
			most = integer(t, at(2))
		}
		s.front.Send(&pgproto3.Execute{Portal: at(1), MaxRows: uint32(most)})
	case "Describe":
		s.front.Send(&pgproto3.Describe{ObjectType: at(1)[0], Name: at(2)})
	case "Close":
		s.front.Send(&pgproto3.Close{ObjectType: at(1)[0], Name: at(2)})
	case "Sync":
		s.front.Send(&pgproto3.Sync{})
	case "Flush":
		s.front.Send(&pgproto3.Flush{})
	case "Terminate":
		s.front.Send(&pgproto3.Terminate{})
	case "CopyData":
		s.front.Send(&pgproto3.CopyData{Data: []byte(at(1))})
	case "CopyDone":
		s.front.Send(&pgproto3.CopyDone{})
	case "CopyFail":
		s.front.Send(&pgproto3.CopyFail{Message: at(1)})
	default:
		t.Fatalf("no message %q", words[0])
	}
}

func integer(t *testing.T, text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// bindOf reads PORTAL STATEMENT VALUE … / FORMAT …, the formats of the results.
func bindOf(t *testing.T, words []string) *pgproto3.Bind {
	m := &pgproto3.Bind{DestinationPortal: words[1], PreparedStatement: words[2]}
	formats := false
	for _, word := range words[3:] {
		switch {
		case word == "/":
			formats = true
		case formats:
			m.ResultFormatCodes = append(m.ResultFormatCodes, int16(integer(t, word)))
		case word == "NULL":
			m.Parameters = append(m.Parameters, nil)
		default:
			m.Parameters = append(m.Parameters, []byte(word))
		}
	}
	return m
}

// until reads messages up to one of that kind, or the end of the connection.
func (s *wireSession) until(kind string) string {
	var b strings.Builder
	for {
		m, err := s.front.Receive()
		var network net.Error
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return b.String() + "connection closed\n"
		case errors.As(err, &network) && network.Timeout():
			return b.String() + "nothing more comes\n"
		case err != nil:
			return b.String() + err.Error() + "\n"
		}
		name, text := shown(m)
		if text != "" {
			fmt.Fprintf(&b, "%s\n", strings.TrimSpace(name+" "+text))
		}
		if name == kind {
			return b.String()
		}
	}
}

// changing is what differs from run to run in an error's text.
var changing = regexp.MustCompile(`number \d+|another [0-9.]+m?s`)

// shown is a message as a script has it; what is the same in every session is
// left out.
func shown(m pgproto3.BackendMessage) (name, text string) {
	name = strings.TrimPrefix(fmt.Sprintf("%T", m), "*pgproto3.")
	switch m := m.(type) {
	case *pgproto3.ParameterStatus, *pgproto3.BackendKeyData, *pgproto3.AuthenticationOk:
		if p, ok := m.(*pgproto3.ParameterStatus); ok && p.Name == "application_name" && p.Value != "" {
			return name, p.Name + "=" + p.Value
		}
		return name, ""
	case *pgproto3.ReadyForQuery:
		return name, string(m.TxStatus)
	case *pgproto3.CommandComplete:
		return name, string(m.CommandTag)
	case *pgproto3.DataRow:
		var values []string
		for _, v := range m.Values {
			if v == nil {
				values = append(values, "NULL")
			} else {
				values = append(values, strings.Trim(strconv.Quote(string(v)), `"`))
			}
		}
		return name, strings.Join(values, " | ")
	case *pgproto3.RowDescription:
		var fields []string
		for _, f := range m.Fields {
			fields = append(fields, fmt.Sprintf("%s:%d/%d", f.Name, f.DataTypeOID, f.Format))
		}
		return name, strings.Join(fields, " ")
	case *pgproto3.ParameterDescription:
		return name, fmt.Sprint(m.ParameterOIDs)
	case *pgproto3.ErrorResponse:
		return name, changing.ReplaceAllString(problem(m.Severity, m.Code, m.Message, m.Detail, m.Hint, int(m.Position)), "#")
	case *pgproto3.NoticeResponse:
		return name, changing.ReplaceAllString(problem(m.Severity, m.Code, m.Message, m.Detail, m.Hint, int(m.Position)), "#")
	case *pgproto3.CopyData:
		return name, strconv.Quote(string(m.Data))
	}
	return name, " "
}

func problem(severity, code, message, detail, hint string, position int) string {
	text := fmt.Sprintf("%s %s: %s", severity, code, message)
	for _, more := range []string{detail, hint} {
		if more != "" {
			text += " / " + more
		}
	}
	if position > 0 {
		text += fmt.Sprintf(" at %d", position)
	}
	return text
}
