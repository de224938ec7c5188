package pgfront

import (
	"context"
	"time"

	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/sql"
)

// A cursor walks over the rows of a query. To go back, it keeps the rows that it
// has passed. It is query.Rows of those ahead, for whoever executes its portal.
type cursor struct {
	rows   query.Rows
	keeps  keeping
	memory *query.Memory
	kept   [][]query.Value // the first rows, as far as they were read
	bytes  int64           // of kept
	pos    int64           // the row that it is on, from 1, and behind the last one still that; 0 before the first
	behind bool            // it is behind the last row
	row    []query.Value
	err    error
}

// keeping says which rows a cursor keeps.
type keeping uint8

const (
	keepsNone keeping = iota // it only moves forward
	keepsSome                // as long as they are few: nothing was said about scrolling
	keepsAll
)

// Bounds of what a cursor keeps, in bytes.
const (
	cursorKeepsSome = 1 << 20
	cursorKeepsAll  = 64 << 20
)

var errForwardOnly = &query.Error{Code: "55000", Message: "cursor can only scan forward", Hint: "Declare it with SCROLL option to enable backward scan."}

// Next moves forward.
func (c *cursor) Next(ctx context.Context) bool {
	c.err = nil
	switch {
	case c.behind:
		return false
	case c.pos < int64(len(c.kept)):
		c.pos++
		c.row = c.kept[c.pos-1]
		return true
	case c.rows.Next(ctx):
		c.pos++
		c.row = c.rows.Row()
		c.err = c.keep()
		return c.err == nil
	}
	c.err = c.rows.Err()
	c.behind = c.err == nil
	return false
}

// keep keeps the row that it is on.
func (c *cursor) keep() error {
	if c.keeps == keepsNone {
		return nil
	}
	c.row = datum.CloneRow(c.row)
	c.bytes += sizeOf(c.row)
	if c.bytes > cursorKeepsSome {
		if err := c.memory.Check(); err != nil {
			return err
		}
	}
	switch {
	case c.keeps == keepsSome && c.bytes > cursorKeepsSome:
		c.keeps, c.kept = keepsNone, nil
	case c.bytes > cursorKeepsAll:
		return query.OutOfMemory("SCROLL cursor", cursorKeepsAll)
	default:
		c.kept = append(c.kept, c.row)
	}
	return nil
}

func sizeOf(row []query.Value) int64 {
	size := int64(24)
	for _, v := range row {
		size += v.Size()
	}
	return size
}

// prior moves back.
func (c *cursor) prior() bool {
	switch {
	case c.behind && c.pos > 0:
		c.behind = false
	case c.pos > 1:
		c.pos--
	default:
		c.pos, c.behind = 0, false
		return false
	}
	c.row = c.kept[c.pos-1]
	return true
}

func (c *cursor) Row() []query.Value { return c.row }
func (c *cursor) Err() error         { return c.err }
func (c *cursor) Close() error       { return c.rows.Close() }

func (c *cursor) onRow() bool { return c.pos > 0 && !c.behind }

// hold reads the rest of the rows, so that they can be fetched after the
// transaction.
func (c *cursor) hold(ctx context.Context) error {
	var rest rowList
	bytes := c.bytes
	for c.rows.Next(ctx) {
		row := datum.CloneRow(c.rows.Row())
		if bytes += sizeOf(row); bytes > cursorKeepsAll {
			return query.OutOfMemory("cursor WITH HOLD", cursorKeepsAll)
		}
		if err := c.memory.Check(); err != nil {
			return err
		}
		rest.rows = append(rest.rows, row)
	}
	if err := c.rows.Err(); err != nil {
		return err
	}
	err := c.rows.Close()
	c.rows = &rest
	return err
}

// A stretch is rows of a cursor that are next to each other.
type stretch struct {
	cursor *cursor
	back   bool
	left   int64
	count  int64 // rows passed so far
	// until is how long to wait for rows of a tail; zero is for ever.
	until time.Time
}

func (s *stretch) Next(ctx context.Context) bool {
	if !s.until.IsZero() {
		ctx = context.WithValue(ctx, fetchUntil{}, s.until)
	}
	if s.left == 0 || s.back && !s.cursor.prior() || !s.back && !s.cursor.Next(ctx) {
		s.left = 0
		return false
	}
	if s.left != sql.FetchAll {
		s.left--
	}
	s.count++
	return true
}

func (s *stretch) Row() []query.Value { return s.cursor.row }
func (s *stretch) Close() error       { return nil }

func (s *stretch) Err() error {
	if s.back || s.cursor.err == query.ErrPaused {
		return nil
	}
	return s.cursor.err
}

// skip moves over n rows.
func (c *cursor) skip(ctx context.Context, back bool, n int64) error {
	s := &stretch{cursor: c, back: back, left: n}
	for s.Next(ctx) {
	}
	return s.Err()
}

// seek goes to where the rows of a FETCH begin, and returns them. It is
// PostgreSQL's DoPortalRunFetch, where one row is told by where it is.
func (c *cursor) seek(ctx context.Context, direction sql.FetchDirection, count int64) (*stretch, error) {
	var err error
	back := false
	switch {
	case direction == sql.FetchAbsolute && count > 0:
		if count > c.pos {
			err = c.skip(ctx, false, count-1-c.pos)
		} else if err = c.rewind(); err == nil {
			err = c.skip(ctx, false, count-1)
		}
		count = 1
	case direction == sql.FetchAbsolute && count == 0:
		err = c.rewind()
	case direction == sql.FetchAbsolute:
		if c.keeps == keepsNone {
			return nil, errForwardOnly
		}
		if err = c.skip(ctx, false, sql.FetchAll); err == nil {
			err = c.skip(ctx, true, -count-1)
		}
		back, count = true, 1
	case direction == sql.FetchRelative && count > 0:
		err = c.skip(ctx, false, count-1)
		count = 1
	case direction == sql.FetchRelative && count < 0:
		if c.keeps == keepsNone {
			return nil, errForwardOnly
		}
		err = c.skip(ctx, true, -count-1)
		back, count = true, 1
	default:
		if back = direction == sql.FetchBackward; count < 0 {
			back, count = !back, -count
		}
		if count == 0 && c.onRow() { // that row once more
			back, count = false, 1
			if c.keeps == keepsNone {
				return nil, errForwardOnly
			}
			c.prior()
		}
	}
	if err == nil && back && c.keeps == keepsNone {
		err = errForwardOnly
	}
	return &stretch{cursor: c, back: back, left: count}, err
}

// rewind goes before the first row.
func (c *cursor) rewind() error {
	if c.pos > 0 && c.keeps == keepsNone {
		return errForwardOnly
	}
	c.pos, c.behind = 0, false
	return nil
}
