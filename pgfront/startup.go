package pgfront

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgproto3/v2"

	"walle/pgfront/query"
	"walle/pgfront/wire"
)

// Codes in the place of a protocol version.
const (
	codeCancel = 80877102
	codeSSL    = 80877103
	codeGSSENC = 80877104

	protocolMajor = 3
)

// connection is a client that has not been let in yet.
type connection struct {
	server *Server
	conn   net.Conn
	reader *wire.Reader
}

// hello is what a client says of itself.
type hello struct {
	user, database string
	settings       []setting // in the order in which they were given
	unknown        []string  // options of the protocol that are not known here
	minor          int
}

// setting is a name and a value as a client gives them.
type setting struct{ name, value string }

// start reads up to the StartupMessage. It returns nil without an error for a
// client that came to cancel. What is refused has been told why.
func (c *connection) start() (*hello, error) {
	c.reader = wire.NewReader(c.conn)
	if err := c.conn.SetReadDeadline(time.Now().Add(c.server.cfg.StartupTimeout)); err != nil {
		return nil, err
	}
	for {
		body, err := c.reader.Startup()
		if errors.Is(err, wire.ErrLength) {
			c.refuse(protocolError("invalid length of startup packet"))
		}
		if err != nil {
			return nil, err
		}
		if len(body) < 4 {
			return nil, c.refuse(protocolError("invalid length of startup packet"))
		}
		switch code := binary.BigEndian.Uint32(body); code {
		case codeSSL, codeGSSENC:
			if _, err := c.conn.Write([]byte{'N'}); err != nil {
				return nil, err
			}
		case codeCancel:
			if len(body) == 12 {
				c.server.cancel(int32(binary.BigEndian.Uint32(body[4:])), int32(binary.BigEndian.Uint32(body[8:])))
			}
			return nil, nil
		default:
			h, err := c.readHello(int(code>>16), int(code&0xffff), body[4:])
			if err != nil {
				return nil, c.refuse(err)
			}
			return h, nil
		}
	}
}

// readHello reads a StartupMessage.
func (c *connection) readHello(major, minor int, body []byte) (*hello, error) {
	if major != protocolMajor {
		return nil, &query.Error{Code: "0A000", Message: fmt.Sprintf("unsupported frontend protocol %d.%d: server supports 3.0 to 3.0", major, minor)}
	}
	h := &hello{minor: minor}
	fields := wire.NewBody(body)
	for {
		name := string(fields.CString())
		if name == "" {
			break
		}
		value := string(fields.CString())
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, &query.Error{Code: "22021", Message: "invalid byte sequence for encoding \"UTF8\" in startup packet"}
		}
		if err := h.take(name, value); err != nil {
			return nil, err
		}
	}
	if !fields.Valid() {
		return nil, protocolError("invalid startup packet layout: expected terminator as last byte")
	}
	if h.user == "" {
		return nil, &query.Error{Code: "28000", Message: "no PostgreSQL user name specified in startup packet"}
	}
	if h.database == "" {
		h.database = h.user
	}
	if known := c.server.cfg.Database; h.database != known {
		return nil, query3D000(h.database, known)
	}
	return h, nil
}

func query3D000(database, known string) error {
	return &query.Error{Code: "3D000", Message: fmt.Sprintf("database \"%s\" does not exist", database),
		Detail: fmt.Sprintf("The databases are: %s.", known),
		Hint:   fmt.Sprintf("Connect to database \"%s\".", known)}
}

// take puts one parameter in its place.
func (h *hello) take(name, value string) error {
	switch {
	case name == "user":
		h.user = value
	case name == "database":
		h.database = value
	case name == "replication":
		switch strings.ToLower(value) {
		case "false", "off", "no", "0":
		default:
			return &query.Error{Code: "0A000", Message: "replication connections are not supported",
				Hint: "Use TAIL STREAM to follow a stream."}
		}
	case name == "application_name" && slices.Contains([]string{"pg_dump", "pg_dumpall", "pg_restore"}, value):
		// They would give up in the middle, over some catalog that is of no use here.
		return &query.Error{Code: "0A000", Message: value + " is not supported",
			Hint: "Use COPY name TO STDOUT, or COPY (SELECT ...) TO STDOUT, to write a stream to a file."}
	case strings.HasPrefix(name, "_pq_."):
		h.unknown = append(h.unknown, name)
	case name == "options":
		list, err := commandLine(value)
		if err != nil {
			return err
		}
		h.settings = append(h.settings, list...)
	default:
		h.settings = append(h.settings, setting{strings.ToLower(name), value})
	}
	return nil
}

// commandLine reads the startup parameter options: -c name=value and
// --name=value, apart by blanks, which a backslash takes its meaning from.
func commandLine(text string) ([]setting, error) {
	var list []setting
	words := splitWords(text)
	for i := 0; i < len(words); i++ {
		word := words[i]
		switch {
		case word == "-c" && i+1 < len(words):
			i++
			word = words[i]
		case strings.HasPrefix(word, "-c"):
			word = word[2:]
		case strings.HasPrefix(word, "--"):
			word = word[2:]
		default:
			return nil, &query.Error{Code: "42601", Message: fmt.Sprintf("invalid command-line argument for server process: %s", word)}
		}
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return nil, &query.Error{Code: "42601", Message: fmt.Sprintf("-c %s requires a value", name)}
		}
		list = append(list, setting{strings.ToLower(strings.ReplaceAll(name, "-", "_")), value})
	}
	return list, nil
}

func splitWords(text string) []string {
	var words []string
	var word strings.Builder
	inWord := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\n':
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
			continue
		case c == '\\' && i+1 < len(text):
			i++
		}
		word.WriteByte(text[i])
		inWord = true
	}
	if inWord {
		words = append(words, word.String())
	}
	return words
}

// refuse tells the client why it is not let in, as far as it listens. It
// returns the reason.
func (c *connection) refuse(reason error) error {
	var out wire.Buffer
	sendError(&out, "FATAL", c.server.explain(reason))
	if _, err := c.conn.Write(out.Bytes()); err != nil {
		return errors.Join(reason, err)
	}
	return reason
}

// welcome is what a session that is let in hears first.
func (s *session) welcome(h *hello) {
	if h.minor > 0 || len(h.unknown) > 0 {
		s.sendNegotiation(h.unknown)
	}
	s.out.Send(&pgproto3.AuthenticationOk{})
	for _, d := range s.server.settings.reported() {
		s.out.Send(&pgproto3.ParameterStatus{Name: d.name, Value: s.show(d)})
	}
	s.out.Send(&pgproto3.BackendKeyData{ProcessID: uint32(s.pid), SecretKey: uint32(s.secret)})
	s.sendReady()
}

// sendNegotiation says that the protocol's options and its minor version are
// more than is known here.
func (s *session) sendNegotiation(unknown []string) {
	buf, mark := s.out.Begin('v')
	buf = binary.BigEndian.AppendUint32(buf, protocolMajor<<16)
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(unknown)))
	for _, name := range unknown {
		buf = append(append(buf, name...), 0)
	}
	s.out.End(buf, mark)
}
