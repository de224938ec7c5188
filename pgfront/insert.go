package pgfront

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/reflect/protoreflect"

	"walle/catalog"
	"walle/engine"
	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/sql"
	"walle/replication"
)

// insertPlan is INSERT: its rows come from direct, values or query.
type insertPlan struct {
	session *session
	stmt    *sql.Insert
	desc    catalog.Desc
	types   []query.OID

	id, data int // where in a row of values these columns are; -1: not given
	width    int // of a row of values

	direct    []int           // of values that are all parameters of the right type: their numbers
	values    *query.Exprs    // else all values, row by row
	defaults  []bool          // of values: DEFAULT; nil: none is
	query     *query.Prepared // of INSERT … SELECT
	returning *query.Exprs
	needs     outcomeColumns
}

// outcomeColumns are the columns in RETURNING that are not known before the
// append's outcome is.
type outcomeColumns struct{ term, appendedAt bool }

func (p *insertPlan) params() []query.OID { return p.types }

func (p *insertPlan) columns() []query.Field {
	if p.returning == nil {
		return nil
	}
	return p.returning.Columns()
}

func (s *session) planInsert(stmt *sql.Insert, types []query.OID, r *resolver) (plan, error) {
	desc, err := r.streamFor(stmt, stmt.Stream)
	if err != nil {
		return nil, err
	}
	p := &insertPlan{session: s, stmt: stmt, desc: desc}
	targets, err := p.targets()
	if err != nil {
		return nil, err
	}
	planner := query.NewPlanner(s.env(r, types))
	if stmt.Query != nil {
		p.query, err = planner.SelectInto(stmt.Query, targets)
	} else {
		err = p.planValues(planner, targets)
	}
	if err != nil {
		return nil, err
	}
	if stmt.Returning != nil {
		if err := p.planReturning(planner); err != nil {
			return nil, err
		}
	}
	if p.types, err = planner.Params(); err != nil {
		return nil, err
	}
	p.findDirect(targets)
	return p, nil
}

// targets checks the list of columns, which is (data) where there is none.
func (p *insertPlan) targets() ([]query.Target, error) {
	p.id, p.data, p.width = -1, 0, 1
	columns := p.stmt.Columns
	if len(columns) > 0 {
		p.data, p.width = -1, len(columns)
	} else {
		columns = []sql.Column{{Name: "data", Location: -1}}
	}
	targets := make([]query.Target, len(columns))
	for i, c := range columns {
		at := p.stmt.Position(c.Location)
		target := query.Target{Name: c.Name, Type: datum.ByteaOID, Typmod: -1}
		switch c.Name {
		case "data":
			p.data = i
		case "entry_id":
			p.id, target.Type = i, datum.Int8OID
		case "term", "appended_at":
			return nil, &query.Error{Code: "428C9", Message: fmt.Sprintf("cannot insert into column \"%s\"", c.Name),
				Detail: "Its value is not the client's to say.", Hint: "Leave it out.", Position: at}
		default:
			return nil, &query.Error{Code: "42703", Message: fmt.Sprintf("column \"%s\" of relation \"%s\" does not exist", c.Name, p.desc.Name), Position: at}
		}
		if slices.ContainsFunc(columns[:i], func(o sql.Column) bool { return o.Name == c.Name }) {
			return nil, &query.Error{Code: "42701", Message: fmt.Sprintf("column \"%s\" specified more than once", c.Name), Position: at}
		}
		targets[i] = target
	}
	for _, c := range p.stmt.ConflictColumns {
		if c.Name != "entry_id" || len(p.stmt.ConflictColumns) > 1 {
			return nil, &query.Error{Code: "42P10", Message: "there is no unique or exclusion constraint matching the ON CONFLICT specification",
				Hint: "Entries are unique by entry_id."}
		}
	}
	return targets, nil
}

// planValues plans the rows of VALUES.
func (p *insertPlan) planValues(planner *query.Planner, targets []query.Target) error {
	var nodes []*pg_query.Node
	var all []query.Target
	for _, row := range p.stmt.Rows {
		if err := p.checkWidth(row); err != nil {
			return err
		}
		for i, v := range row {
			if v.Kind == sql.ValueDefault {
				if p.defaults == nil {
					p.defaults = make([]bool, len(p.stmt.Rows)*p.width)
				}
				p.defaults[len(nodes)] = true
				v.Node = nullNode
			}
			nodes, all = append(nodes, v.Node), append(all, targets[i])
		}
	}
	var err error
	p.values, err = planner.Exprs(nodes, all)
	return err
}

var nullNode = &pg_query.Node{Node: &pg_query.Node_AConst{AConst: &pg_query.A_Const{Isnull: true}}}

func (p *insertPlan) checkWidth(row []sql.Value) error {
	switch {
	case len(row) > p.width:
		return &query.Error{Code: "42601", Message: "INSERT has more expressions than target columns", Position: p.stmt.Position(row[p.width].Location)}
	case len(row) < p.width && len(p.stmt.Columns) > len(row):
		return &query.Error{Code: "42601", Message: "INSERT has more target columns than expressions", Position: p.stmt.Position(p.stmt.Columns[len(row)].Location)}
	case len(row) == 0: // DEFAULT VALUES
		return &query.Error{Code: "23502", Message: fmt.Sprintf("null value in column \"data\" of relation \"%s\" violates not-null constraint", p.desc.Name)}
	}
	return nil
}

func (p *insertPlan) planReturning(planner *query.Planner) (err error) {
	rel := *streamDesc(p.desc)
	if p.stmt.Alias != "" {
		rel.Name = p.stmt.Alias
	}
	p.returning, err = planner.Returning(p.stmt.Returning.Targets, &rel)
	for _, target := range p.stmt.Returning.Targets {
		p.needs.find(target.ProtoReflect())
	}
	return err
}

// find looks for columns in a tree.
func (n *outcomeColumns) find(m protoreflect.Message) {
	switch node := m.Interface().(type) {
	case *pg_query.A_Star:
		n.term, n.appendedAt = true, true
	case *pg_query.ColumnRef:
		fields := node.GetFields()
		switch fields[len(fields)-1].GetString_().GetSval() {
		case "term":
			n.term = true
		case "appended_at":
			n.appendedAt = true
		case "entry_id", "data":
		default: // the whole row, by its relation's name
			n.term, n.appendedAt = true, true
		}
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil:
		case f.IsList():
			for i := range v.List().Len() {
				n.find(v.List().Get(i).Message())
			}
		default:
			n.find(v.Message())
		}
		return true
	})
}

// findDirect notes if every value is a parameter of its column's type: then
// there is nothing to evaluate.
func (p *insertPlan) findDirect(targets []query.Target) {
	for _, row := range p.stmt.Rows {
		for i, v := range row {
			if v.Kind != sql.ValueParam || p.types[v.Param-1] != targets[i].Type {
				p.direct = nil
				return
			}
			p.direct = append(p.direct, v.Param-1)
		}
	}
}

// run buffers the rows in the transaction's group.
func (p *insertPlan) run(ctx context.Context, args []query.Value) (*result, error) {
	s := p.session
	c, err := s.claimed(p.desc)
	if err != nil {
		return nil, err
	}
	if s.tx.block && p.needs.appendedAt {
		return nil, datum.Unsupported("RETURNING appended_at within a transaction block").
			WithHint("appended_at is known when the transaction has been committed.")
	}
	g := &s.tx.group
	if err := g.open(c); err != nil {
		return nil, err
	}
	in := &insertion{plan: p, group: g, start: len(g.payloads), returned: p.returning != nil}
	if p.query != nil {
		err = in.addQuery(ctx, args)
	} else {
		err = in.addValues(ctx, args)
	}
	if err != nil {
		g.cut(in.start)
		return nil, err
	}
	return in.result(ctx, c, args)
}

// insertion is one run of an insertPlan.
type insertion struct {
	plan     *insertPlan
	group    *group
	start    int  // rows that the group had before
	returned bool // ids are told to the client
}

// addValues adds the rows of VALUES.
func (in *insertion) addValues(ctx context.Context, args []query.Value) error {
	p := in.plan
	var row []query.Value
	if p.direct == nil {
		var err error
		if row, err = p.values.Eval(ctx, args, nil); err != nil {
			return err
		}
	} else {
		row = make([]query.Value, len(p.direct))
		for i, n := range p.direct {
			row[i] = args[n]
		}
	}
	for at := 0; at < len(row); at += p.width {
		var defaults []bool
		if p.defaults != nil {
			defaults = p.defaults[at : at+p.width]
		}
		if err := in.add(ctx, row[at:at+p.width], defaults); err != nil {
			return err
		}
	}
	return nil
}

// addQuery adds the rows of a SELECT.
func (in *insertion) addQuery(ctx context.Context, args []query.Value) error {
	rows, err := in.plan.query.Execute(ctx, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next(ctx) {
		if err := in.add(ctx, datum.CloneRow(rows.Row()), nil); err != nil {
			return err
		}
	}
	return rows.Err()
}

// add adds one row, unless its entry is there already and that is no error.
func (in *insertion) add(ctx context.Context, row []query.Value, defaults []bool) error {
	p := in.plan
	if p.data < 0 || row[p.data].IsNull() {
		return p.nullIn("data")
	}
	if p.id >= 0 && (defaults == nil || !defaults[p.id]) {
		if row[p.id].IsNull() {
			return p.nullIn("entry_id")
		}
		taken, err := in.place(ctx, row[p.id].Int())
		if taken || err != nil {
			return err
		}
		in.group.promised = true
	}
	return in.group.add(row[p.data].Bytes())
}

func (p *insertPlan) nullIn(column string) error {
	return &query.Error{Code: "23502", Message: fmt.Sprintf("null value in column \"%s\" of relation \"%s\" violates not-null constraint", column, p.desc.Name)}
}

// place checks that the next row gets the id that it asks for. One that is taken
// is passed over with ON CONFLICT DO NOTHING.
func (in *insertion) place(ctx context.Context, id int64) (taken bool, err error) {
	g, p := in.group, in.plan
	if id == int64(g.next()) {
		return false, nil
	}
	if g.empty() { // what is in flight may yet fail, and then the next id is another
		if err := p.session.box.settle(ctx); err != nil {
			return false, err
		}
		if g.first = g.claim.claim.Next(); id == int64(g.first) {
			return false, nil
		}
	}
	if p.stmt.OnConflictDoNothing && id >= 1 && id < int64(g.next()) {
		return true, nil
	}
	return false, g.wrongID(id)
}

// wrongID says why the next row cannot be entry id; nil if it can.
func (g *group) wrongID(id int64) error {
	desc := g.claim.desc
	failed := &engine.Error{Op: "append", Stream: desc.ID, Name: desc.Name, Entry: replication.EntryID(id), Tail: g.next() - 1}
	switch next := int64(g.next()); {
	case id == next:
		return nil
	case id < 1:
		return &query.Error{Code: "22023", Message: fmt.Sprintf("entry_id %d is not positive", id), Hint: "Entries are numbered from 1."}
	case id < next:
		failed.Kind = engine.KindEntryExists
	default:
		failed.Kind = engine.KindHole
	}
	return failed
}

// result is what the client is told: at once within a transaction block, else
// once the append's outcome is known.
func (in *insertion) result(ctx context.Context, c *claim, args []query.Value) (*result, error) {
	p, s := in.plan, in.plan.session
	payloads := in.group.payloads[in.start:]
	first := in.group.first + replication.EntryID(in.start)
	out := &result{tag: countedTag("INSERT 0", int64(len(payloads)))}
	if !s.tx.block && len(payloads) > 0 {
		s.deferFrom(s.out.Len())
	}
	if p.returning == nil {
		return out, nil
	}
	in.group.promised = true
	if !s.tx.block && (p.needs.term || p.needs.appendedAt) && len(payloads) > 0 {
		out.late = func(ctx context.Context, r engine.AppendResult) ([][]query.Value, error) {
			return p.evalReturning(ctx, args, payloads, entryRow{id: first, term: r.Term, at: datum.Time(r.AppendedAt)})
		}
		return out, nil
	}
	rows, err := p.evalReturning(ctx, args, payloads, entryRow{id: first, term: c.claim.Term()})
	out.rows = &rowList{rows: rows}
	return out, err
}

// entryRow is the row of an entry but for its data.
type entryRow struct {
	id   replication.EntryID
	term replication.Term
	at   query.Value
}

func (e entryRow) with(data []byte) []query.Value {
	return []query.Value{datum.Int(int64(e.id)), datum.Int(int64(e.term)), e.at, datum.Bytes(data)}
}

// evalReturning evaluates RETURNING for rows that begin with e.
func (p *insertPlan) evalReturning(ctx context.Context, args []query.Value, payloads [][]byte, e entryRow) ([][]query.Value, error) {
	rows := make([][]query.Value, len(payloads))
	for i, data := range payloads {
		row, err := p.returning.Eval(ctx, args, e.with(data))
		if err != nil {
			return nil, err
		}
		rows[i] = row
		e.id++
	}
	return rows, nil
}

// deferFrom holds back what is sent from here on until the Sync.
func (s *session) deferFrom(at int) {
	if s.deferred < 0 {
		s.deferred = at
	}
}

// lateRows is the place in out of rows that will be known after the append.
type lateRows struct {
	at     int
	portal *portal
}

// addLate keeps the place, and sends what comes behind the rows.
func (s *session) addLate(p *portal) {
	s.late = append(s.late, lateRows{at: s.out.Len(), portal: p})
	s.sendTag(p.result.tag)
}

// commitLate appends the group, waits for the outcome, and fills in the rows
// that depend on it.
func (s *session) commitLate() {
	late, held := s.late, bytes.Clone(s.out.Bytes())
	deferred := max(s.deferred, 0)
	s.late, s.deferred = nil, -1
	ctx, end := s.begin("")
	defer end()
	r, err := s.appendNow(ctx)
	s.out.Truncate(deferred)
	if err != nil {
		s.fail(err)
		return
	}
	from := deferred
	for _, l := range late {
		s.out.Raw(held[from:l.at])
		from = l.at
		if err := s.sendLate(ctx, l.portal, r); err != nil {
			// The rows are appended all the same: it is too late to say otherwise.
			s.fail(err)
			return
		}
	}
	s.out.Raw(held[from:])
}

func (s *session) sendLate(ctx context.Context, p *portal, r engine.AppendResult) error {
	rows, err := p.result.late(ctx, r)
	if err != nil {
		return err
	}
	fields := p.prepared.plan.columns()
	for _, row := range rows {
		if err := s.sendRow(fields, p.formats, row); err != nil {
			return err
		}
	}
	return nil
}
