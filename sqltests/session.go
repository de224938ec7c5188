package sqltests

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// A Session is one connection to one node. Its methods are called by one goroutine at a time, but
// Cancel may come while Exec runs.
type Session interface {
	// Exec sends sql and returns what the server answered. Args non-nil are sent as untyped text
	// parameters. An error that the server reports is in the Result; err is for no answer at all.
	Exec(ctx context.Context, sql string, args []*string) (Result, error)
	// AwaitNotice returns when a notice has come whose text matches, and forgets that notice.
	AwaitNotice(ctx context.Context, match *regexp.Regexp) error
	Cancel(ctx context.Context) error
	Close(ctx context.Context) error
}

// A Result is the answer to one statement: rows and tag, or an error.
type Result struct {
	Columns  int
	Rows     [][]*string // text format; nil is NULL
	Affected int64       // from the command tag
	Failed   bool
	Error    string // its text, as doc.go defines it, when Failed
}

// Protocol says how statements without parameters are sent.
type Protocol string

// The two protocols of PostgreSQL.
const (
	Simple   Protocol = "simple"
	Extended Protocol = "extended"
)

// A pgSession is a Session over pgconn.
type pgSession struct {
	conn     *pgconn.PgConn
	protocol Protocol

	mu      sync.Mutex
	notices []string           // received and not yet awaited; mu
	arrived context.CancelFunc // interrupts AwaitNotice at each notice; mu
}

// Open connects to the one node that dsn names.
func Open(ctx context.Context, dsn string, protocol Protocol) (Session, error) {
	cfg, err := pgconn.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	s := &pgSession{protocol: protocol}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { s.notice((*pgconn.PgError)(n)) }
	if s.conn, err = pgconn.ConnectConfig(ctx, cfg); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *pgSession) Exec(ctx context.Context, sql string, args []*string) (Result, error) {
	last, err := s.send(ctx, sql, args)
	if err == nil {
		return Result{Columns: last.columns, Rows: last.rows, Affected: last.tag.RowsAffected()}, nil
	}
	if ctx.Err() != nil {
		return Result{}, fmt.Errorf("no answer: %w", ctx.Err())
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return Result{Failed: true, Error: errorText(pgErr)}, nil
	}
	return Result{Failed: true, Error: "08006: connection lost: " + err.Error()}, nil
}

type answer struct {
	columns int
	rows    [][]*string
	tag     pgconn.CommandTag
}

// send returns the answer to the last statement of sql.
func (s *pgSession) send(ctx context.Context, sql string, args []*string) (answer, error) {
	if args == nil && s.protocol == Simple {
		var last answer
		multi := s.conn.Exec(ctx, sql)
		for multi.NextResult() {
			a, err := read(multi.ResultReader())
			if err != nil {
				return last, errors.Join(err, multi.Close())
			}
			last = a
		}
		return last, multi.Close()
	}
	params := make([][]byte, len(args))
	for i, a := range args {
		if a != nil {
			params[i] = []byte(*a)
		}
	}
	return read(s.conn.ExecParams(ctx, sql, params, nil, nil, nil))
}

func read(rr *pgconn.ResultReader) (answer, error) {
	a := answer{columns: len(rr.FieldDescriptions())}
	for rr.NextRow() {
		row := make([]*string, len(rr.Values()))
		for i, v := range rr.Values() {
			if v != nil {
				text := string(v)
				row[i] = &text
			}
		}
		a.rows = append(a.rows, row)
	}
	var err error
	a.tag, err = rr.Close()
	return a, err
}

func (s *pgSession) notice(n *pgconn.PgError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notices = append(s.notices, errorText(n))
	if s.arrived != nil {
		s.arrived()
	}
}

func (s *pgSession) AwaitNotice(ctx context.Context, match *regexp.Regexp) error {
	for {
		wait, interrupt := context.WithCancel(ctx)
		if s.take(match, interrupt) {
			interrupt()
			return nil
		}
		// The read ends when a notice has called interrupt, when ctx ends, or with the connection.
		err := s.conn.WaitForNotification(wait)
		interrupted := wait.Err() != nil && ctx.Err() == nil
		interrupt()
		if interrupted || err == nil {
			continue
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return fmt.Errorf("no notice like %v: %w; had %q", match, err, s.notices)
	}
}

// take removes the first notice that matches, or arranges that the next notice calls interrupt.
func (s *pgSession) take(match *regexp.Regexp, interrupt context.CancelFunc) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.notices, match.MatchString)
	if i < 0 {
		s.arrived = interrupt
		return false
	}
	s.notices = slices.Delete(s.notices, i, i+1)
	s.arrived = nil
	return true
}

func (s *pgSession) Cancel(ctx context.Context) error { return s.conn.CancelRequest(ctx) }
func (s *pgSession) Close(ctx context.Context) error  { return s.conn.Close(ctx) }

// errorText is the form in which scripts see errors and notices.
func errorText(e *pgconn.PgError) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.Code, e.Message)
	if e.Detail != "" {
		fmt.Fprintf(&b, "\nDETAIL: %s", e.Detail)
	}
	if e.Hint != "" {
		fmt.Fprintf(&b, "\nHINT: %s", e.Hint)
	}
	if e.Position != 0 {
		fmt.Fprintf(&b, "\nPOSITION: %d", e.Position)
	}
	return b.String()
}

// SplitDSN returns a DSN for each host that dsn names: the nodes, in order.
func SplitDSN(dsn string) ([]string, error) {
	cfg, err := pgconn.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("dsn %q: %w", dsn, err)
	}
	var hosts []string
	add := func(host string, port uint16) {
		if at := net.JoinHostPort(host, fmt.Sprint(port)); !slices.Contains(hosts, at) {
			hosts = append(hosts, at)
		}
	}
	add(cfg.Host, cfg.Port)
	for _, f := range cfg.Fallbacks {
		add(f.Host, f.Port)
	}
	dsns := make([]string, len(hosts))
	for i, at := range hosts {
		host, port, err := net.SplitHostPort(at)
		if err != nil {
			return nil, fmt.Errorf("dsn %q: %w", dsn, err)
		}
		settings := fmt.Sprintf("host=%s port=%s user=%s dbname=%s", quote(host), port, quote(cfg.User), quote(cfg.Database))
		if cfg.Password != "" {
			settings += " password=" + quote(cfg.Password)
		}
		if cfg.TLSConfig == nil {
			settings += " sslmode=disable"
		}
		dsns[i] = settings
	}
	return dsns, nil
}

// quote writes v as a value of a keyword DSN.
func quote(v string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(v) + "'"
}
