package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// A campaign runs the cases 0 to count-1 of a seed.
type campaign struct {
	seed     uint64
	count    int
	only     int
	workers  int
	messages bool
	dsn      string
	listed   listed
}

func (c *campaign) run(ctx context.Context) (*findings, error) {
	found := &findings{kinds: map[string]*kind{}, refused: map[string]int{}}
	if c.only >= 0 {
		return found, c.one(ctx)
	}
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range max(c.workers, 1) {
		group.Go(func() error {
			pg, err := connect(ctx, c.dsn)
			if err != nil {
				return err
			}
			defer pg.conn.Close(ctx)
			w := worker{campaign: c, pg: pg, found: found}
			for n := next.Add(1) - 1; n < int64(c.count); n = next.Add(1) - 1 {
				if err := w.try(ctx, n); err != nil {
					return fmt.Errorf("case %d: %w", n, err)
				}
			}
			return nil
		})
	}
	return found, group.Wait()
}

// statement makes the n-th statement of the campaign.
func (c *campaign) statement(n int64) *node {
	g := &generator{rng: rand.New(rand.NewPCG(c.seed, uint64(n))), catalog: catalogOnce()}
	return g.statement()
}

var catalogOnce = sync.OnceValue(loadCatalog)

// one prints a single case.
func (c *campaign) one(ctx context.Context) error {
	pg, err := connect(ctx, c.dsn)
	if err != nil {
		return err
	}
	defer pg.conn.Close(ctx)
	sql := c.statement(int64(c.only)).String()
	theirs, err := pg.ask(ctx, sql)
	fmt.Printf("%s\nPostgreSQL: %v\nWALLE:      %v\n", sql, theirs, askLocal(ctx, sql))
	return err
}

// A worker has a connection of its own.
type worker struct {
	*campaign
	pg    *postgres
	found *findings
}

func (w *worker) try(ctx context.Context, n int64) error {
	statement := w.statement(n)
	d, err := w.compare(ctx, statement.String())
	if err != nil || d.kind == same {
		w.found.ran(err == nil)
		return err
	}
	if d.kind == refused {
		w.found.refuse(d.ours.text)
		return nil
	}
	small, err := w.shrink(ctx, statement, d)
	if err != nil {
		return err
	}
	if d, err = w.compare(ctx, small.String()); err != nil {
		return err
	}
	if err := w.explain(ctx, small, &d); err != nil {
		return err
	}
	w.found.add(w.listed, n, small, d)
	return nil
}

// difference kinds
const (
	same    = ""
	refused = "refused"
)

// decides are the forms that must not evaluate all of their operands.
var decides = map[string]bool{"CASE": true, "CASE of a value": true, "COALESCE": true}

// explain finds out whether a difference is only in which parts are evaluated: a part that
// stands alone has the error on the other side too.
func (w *worker) explain(ctx context.Context, statement *node, d *difference) error {
	if d.theirs.code == d.ours.code || d.ours.code == "XX000" || d.ours.code == "57014" {
		return nil
	}
	for _, part := range closedParts(statement.closed()) {
		sql := part.String()
		switch {
		case d.ours.code == "" && askLocal(ctx, sql).code == d.theirs.code:
			d.kind = "an error of what is not needed"
			return nil
		case d.ours.code != "" && d.theirs.code != "" && askLocal(ctx, sql).code == d.theirs.code:
			d.kind = "which of two errors"
			return nil
		case d.theirs.code != "" || !decides[statement.label]:
			theirs, err := w.pg.ask(ctx, sql)
			if err != nil {
				return err
			}
			if theirs.code == d.ours.code && d.theirs.code != "" {
				d.kind = "which of two errors"
				return nil
			}
			if theirs.code == d.ours.code {
				d.kind = "an error of what is not needed"
				return nil
			}
		}
	}
	return nil
}

// A difference is the two answers to a statement and how they differ.
type difference struct {
	kind         string
	theirs, ours answer
}

// compare asks both sides. What takes PostgreSQL too long is passed over.
func (w *worker) compare(ctx context.Context, sql string) (difference, error) {
	theirs, err := w.pg.ask(ctx, sql)
	if err != nil || theirs.code == "57014" {
		return difference{kind: same}, err
	}
	d := difference{theirs: theirs, ours: askLocal(ctx, sql)}
	d.kind = d.classify(w.messages)
	return d, nil
}

func (d *difference) classify(messages bool) string {
	a, b := d.theirs, d.ours
	switch {
	case b.code == "XX000":
		return "internal error"
	case b.code == "57014":
		return "takes for ever"
	case b.code == "0A000" && a.code != "0A000" && strings.HasSuffix(b.text, "is not supported"):
		return refused
	case a.code != b.code:
		return fmt.Sprintf("%s instead of %s", orValue(b.code), orValue(a.code))
	case a.code != "" && messages && a.text != b.text:
		return "message of " + a.code
	case a.code != "":
		return same
	case !slices.Equal(a.types, b.types):
		return "type"
	}
	slices.Sort(a.rows)
	slices.Sort(b.rows)
	switch {
	case slices.Equal(a.rows, b.rows):
		return same
	case slices.EqualFunc(a.rows, b.rows, nearly):
		return "last digit"
	}
	return "value"
}

var floats = regexp.MustCompile(`-?[0-9]+\.?[0-9]*(e[-+][0-9]+)?`)

// nearly says whether two rows differ only in the last digits of floats.
func nearly(a, b string) bool {
	x, y := floats.FindAllString(a, -1), floats.FindAllString(b, -1)
	if len(x) != len(y) || floats.ReplaceAllString(a, "") != floats.ReplaceAllString(b, "") {
		return false
	}
	for i := range x {
		f, err1 := strconv.ParseFloat(x[i], 64)
		g, err2 := strconv.ParseFloat(y[i], 64)
		if err1 != nil || err2 != nil || math.Abs(f-g) > 1e-13*math.Abs(f) {
			return false
		}
	}
	return true
}

func orValue(code string) string {
	if code == "" {
		return "a value"
	}
	return code
}
