package query

import (
	"cmp"
	"context"
	"io"
	"runtime/debug"
	"time"

	"walle/pgfront/query/datum"
)

// defaultWorkMem is used when Env.WorkMem is 0.
const defaultWorkMem = 64 << 20

// run is one execution of a plan: what is fixed while it lasts.
type run struct {
	ctx     context.Context
	args    []Value
	env     Env
	codec   *Codec
	now     time.Time // transaction's time
	workMem int64
	shared  map[any]any // materialized CTEs and uncorrelated subqueries, by their plan node
	ticks   int
}

func newRun(ctx context.Context, env Env, args []Value) *run {
	r := &run{ctx: ctx, args: args, env: env, codec: codecOf(env), workMem: env.WorkMem}
	if s, ok := env.Session.(MemorySetting); ok && r.workMem == 0 {
		r.workMem = s.WorkMem()
	}
	if r.workMem == 0 {
		r.workMem = defaultWorkMem
	}
	if env.Session != nil {
		r.now = env.Session.TransactionTime()
	}
	return r
}

// tick is called in every loop that may run long; it looks at the context now and then, and
// often enough that a few slow rows in between do not delay a cancel.
func (r *run) tick() error {
	if r.ticks++; r.ticks&15 != 0 {
		return nil
	}
	return r.ctx.Err()
}

// share returns what was stored under key, or stores what build returns.
func (r *run) share(key any, build func() (any, error)) (any, error) {
	if v, ok := r.shared[key]; ok {
		return v, nil
	}
	v, err := build()
	if err != nil {
		return nil, err
	}
	if r.shared == nil {
		r.shared = map[any]any{}
	}
	r.shared[key] = v
	return v, nil
}

// close ends what the statement's shared parts still read from.
func (r *run) close() error {
	var err error
	for _, v := range r.shared {
		if c, ok := v.(io.Closer); ok {
			err = cmp.Or(err, c.Close())
		}
	}
	r.shared = nil
	return err
}

// budget counts the memory that one operator keeps.
type budget struct {
	run  *run
	used int64
	what string
}

// maxRow bounds the values of one row together.
const maxRow = 1 << 28

// evalRow evaluates a row into out. Every value is bounded (maxText), a row of 1664 of them
// would not be.
func evalRow(list []expr, f *frame, out []Value) error {
	total := int64(0)
	for i, e := range list {
		v, err := e.eval(f)
		if err != nil {
			return err
		}
		out[i] = v
		if n := int64(len(v.Str())); n > 1<<16 {
			if total += n; total > maxRow {
				return datum.Errorf("54000", "row is too large").WithDetail("A row may have %d bytes.", maxRow)
			}
		}
	}
	return nil
}

func (r *run) budget(what string) budget { return budget{run: r, what: what} }

func (b *budget) add(row []Value) error {
	size := int64(24)
	for _, v := range row {
		size += v.Size()
	}
	return b.addBytes(size)
}

// budgetStep is how far a budget may grow before it asks for the memory of all.
const budgetStep = 64 << 10

func (b *budget) addBytes(n int64) error {
	before := b.used
	b.used += n
	if before/budgetStep != b.used/budgetStep {
		if err := b.run.env.Memory.Check(); err != nil {
			return err
		}
	}
	if b.used > b.run.workMem {
		return datum.Errorf("53200", "out of memory").
			WithDetail("The %s would need more than work_mem (%d bytes).", b.what, b.run.workMem).
			WithHint("Narrow the range that is read, or raise work_mem.")
	}
	return nil
}

// internalError turns a panic into an error of the statement: a bug in one expression must
// not take down the node and the streams it serves.
func internalError(err *error) {
	if p := recover(); p != nil {
		*err = datum.Errorf("XX000", "internal error in a query: %v", p).WithDetail("%s", debug.Stack())
	}
}

// Execute runs the statement. The rows hold what they read from until Close. ctx bounds
// the opening; the rows are bounded by the contexts given to Next.
func (p *Prepared) Execute(ctx context.Context, args []Value) (rows Rows, err error) {
	defer internalError(&err)
	r := newRun(ctx, p.env, args)
	it, err := p.root.open(r, nil)
	if err != nil {
		return nil, cmp.Or(err, r.close())
	}
	return &result{run: r, it: it}, nil
}

// result hands the context of each call down to the plan.
type result struct {
	run *run
	it  Rows
	err error
}

func (r *result) Next(ctx context.Context) (more bool) {
	defer func() { more = more && r.err == nil }()
	defer internalError(&r.err)
	if r.err != nil {
		return false
	}
	r.run.ctx = ctx
	return r.it.Next(ctx)
}

func (r *result) Row() []Value { return r.it.Row() }

func (r *result) Err() error {
	if r.err != nil {
		return r.err
	}
	return r.it.Err()
}

func (r *result) Close() (err error) {
	defer internalError(&err)
	err = r.it.Close()
	return cmp.Or(err, r.run.close())
}

// Eval evaluates the list over row, a row of the relation of RETURNING (nil for Exprs).
func (e *Exprs) Eval(ctx context.Context, args []Value, row []Value) (out []Value, err error) {
	defer internalError(&err)
	out = make([]Value, len(e.exprs))
	f := &frame{row: row, run: newRun(ctx, e.env, args)}
	if err := evalAll(e.exprs, f, out); err != nil {
		return nil, err
	}
	return out, nil
}
