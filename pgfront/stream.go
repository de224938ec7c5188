package pgfront

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/catalog"
	"walle/engine"
	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/sql"
	"walle/replication"
)

// stream finds the stream that a verb names. One that this node has not heard of
// may have been made on another a moment ago.
func (s *session) stream(ctx context.Context, stmt sql.Statement, n sql.Name) (catalog.Desc, error) {
	name, err := s.streamName(stmt, n)
	if err != nil {
		return catalog.Desc{}, err
	}
	if desc, ok := s.server.cfg.Catalog.Snapshot().Stream(name); ok {
		return desc, nil
	}
	fresh, err := s.freshCatalog(ctx)
	if desc, ok := fresh.Stream(name); ok {
		return desc, nil
	}
	if err != nil {
		return catalog.Desc{}, errDoubt(name, err)
	}
	return catalog.Desc{}, errNoRelation(stmt, n)
}

func (s *session) createStream(ctx context.Context, stmt *sql.CreateStream) (*result, error) {
	if err := s.alone(ctx, stmt); err != nil {
		return nil, err
	}
	name, err := s.streamName(stmt, stmt.Stream)
	if err != nil {
		return nil, err
	}
	req := catalog.CreateRequest{Name: name, IfNotExists: stmt.IfNotExists}
	for _, opt := range stmt.Options {
		if err := readCreateOption(&req, stmt, opt); err != nil {
			return nil, err
		}
	}
	_, created, err := s.server.cfg.Catalog.CreateStream(ctx, req)
	if err != nil {
		return nil, ended(ctx, err)
	}
	if !created {
		s.notice("NOTICE", &query.Error{Code: "42P07", Message: fmt.Sprintf("relation \"%s\" already exists, skipping", name)})
	}
	return &result{tag: stmt.Tag()}, nil
}

func readCreateOption(req *catalog.CreateRequest, stmt sql.Statement, opt sql.Option) (err error) {
	switch opt.Name {
	case "replicas":
		n, err := strconv.Atoi(opt.Value)
		if err != nil || n < 1 {
			return badOption(stmt, opt, fmt.Sprintf("invalid value for option \"replicas\": \"%s\"", opt.Value))
		}
		req.Replicas = n
	case "members":
		req.Members, err = memberNames(opt.Value)
		if err != nil {
			return badOption(stmt, opt, fmt.Sprintf("invalid value for option \"members\": \"%s\"", opt.Value))
		}
	case "lease":
		req.Lease, err = leaseOption(stmt, opt)
	default:
		return badOption(stmt, opt, fmt.Sprintf("unrecognized option \"%s\" of a stream", opt.Name))
	}
	return err
}

// memberNames reads '{n1,n2}', and n1,n2 too.
func memberNames(text string) ([]string, error) {
	if !strings.HasPrefix(text, "{") {
		text = "{" + text + "}"
	}
	v, err := datum.NewCodec(datum.DefaultStyle(), nil).ParseText(datum.TextArrayOID, text)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range v.Array().Elems {
		if e.IsNull() || e.Str() == "" {
			return nil, errors.New("a member without a name")
		}
		names = append(names, e.Str())
	}
	if names == nil {
		return nil, errors.New("no members")
	}
	return names, nil
}

func (s *session) dropStream(ctx context.Context, stmt *sql.DropStream) (*result, error) {
	if err := s.alone(ctx, stmt); err != nil {
		return nil, err
	}
	name, err := s.streamName(stmt, stmt.Stream)
	if err != nil {
		return nil, err
	}
	dropped, err := s.server.cfg.Catalog.DropStream(ctx, name, stmt.IfExists)
	if err != nil {
		return nil, ended(ctx, err)
	}
	if !dropped {
		s.notice("NOTICE", &query.Error{Code: "00000", Message: fmt.Sprintf("relation \"%s\" does not exist, skipping", name)})
	}
	return &result{tag: stmt.Tag()}, nil
}

func (s *session) alterStream(ctx context.Context, stmt *sql.AlterStream) (*result, error) {
	if err := s.alone(ctx, stmt); err != nil {
		return nil, err
	}
	name, err := s.streamName(stmt, stmt.Stream)
	if err != nil {
		return nil, err
	}
	req := catalog.AlterRequest{Name: name}
	switch action := stmt.Action.(type) {
	case sql.RenameStream:
		req.Rename = action.To
	case sql.SetOptions:
		for _, opt := range action.Options {
			if opt.Name != "lease" {
				return nil, badOption(stmt, opt, fmt.Sprintf("option \"%s\" of a stream cannot be set", opt.Name))
			}
			lease, err := leaseOption(stmt, opt)
			if err != nil {
				return nil, err
			}
			req.Lease = &lease
		}
	default:
		return nil, datum.Unsupported("ALTER STREAM of replicas")
	}
	_, err = s.server.cfg.Catalog.AlterStream(ctx, req)
	if stmt.IfExists && engine.KindOf(err) == engine.KindNoStream {
		s.notice("NOTICE", &query.Error{Code: "00000", Message: fmt.Sprintf("relation \"%s\" does not exist, skipping", name)})
		err = nil
	}
	return &result{tag: stmt.Tag()}, ended(ctx, err)
}

// planTrim plans TRIM STREAM s TO n, whose n is an expression.
func (s *session) planTrim(stmt *sql.TrimStream, types []query.OID, r *resolver) (plan, error) {
	if _, err := r.streamFor(stmt, stmt.Stream); err != nil {
		return nil, err
	}
	planner := query.NewPlanner(s.env(r, types))
	to, err := planner.Exprs([]*pg_query.Node{stmt.To.Node}, []query.Target{{Name: "entry_id", Type: datum.Int8OID, Typmod: -1}})
	if err != nil {
		return nil, err
	}
	c := &command{}
	c.types, err = planner.Params()
	c.do = func(ctx context.Context, args []query.Value) (*result, error) {
		v, err := to.Eval(ctx, args, nil)
		if err != nil {
			return nil, err
		}
		return s.trimStream(ctx, stmt, v[0])
	}
	return c, err
}

func (s *session) trimStream(ctx context.Context, stmt *sql.TrimStream, to query.Value) (*result, error) {
	if err := s.alone(ctx, stmt); err != nil {
		return nil, err
	}
	desc, err := s.stream(ctx, stmt, stmt.Stream)
	if err != nil {
		return nil, err
	}
	if to.IsNull() || to.Int() < 1 {
		return nil, &query.Error{Code: "22023", Message: "a stream is trimmed to an entry_id of at least 1"}
	}
	_, err = s.server.cfg.Engine.Trim(ctx, engine.TrimRequest{Stream: desc.ID, Config: desc.Config, First: replication.EntryID(to.Int())})
	var failed *engine.Error
	if errors.As(err, &failed) && failed.Kind == engine.KindInvalid {
		return nil, &query.Error{Code: "22023", Message: fmt.Sprintf("cannot trim stream \"%s\" to entry %d", desc.Name, to.Int()), Detail: failed.Detail,
			Hint: "A stream is trimmed at most to the entry behind its last one."}
	}
	return &result{tag: stmt.Tag()}, ended(ctx, err)
}
