package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"walle/tools/nemesis/history"
)

// A cursor is how much of a stream somebody has read, entry by entry from its
// beginning, and the hash of it.
type cursor struct {
	stream *stream
	who    string
	tail   int64
	hash   uint64
}

// clock tells the time since the start of the run.
type clock func() time.Duration

// read reads all that follows, and checks each row.
func (c *cursor) read(ctx context.Context, conn *pgx.Conn, now clock) (history.Span, error) {
	span := history.Span{Call: now()}
	rows, err := conn.Query(ctx, fmt.Sprintf("SELECT entry_id, term, data FROM %s WHERE entry_id > $1 ORDER BY entry_id", c.stream.Name), c.tail)
	if err != nil {
		return span, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, term int64
		var data []byte
		if err := rows.Scan(&id, &term, &data); err != nil {
			return span, err
		}
		if id != c.tail+1 {
			c.stream.Complain("%s read entry %d after entry %d", c.who, id, c.tail)
			return span, fmt.Errorf("entry %d after %d", id, c.tail)
		}
		if err := checkPayload(data); err != nil {
			c.stream.Complain("%s read entry %d, which is damaged: %v", c.who, id, err)
		}
		c.saw(history.Entry{Term: term, Digest: history.Digest(data)})
	}
	span.Return = now()
	return span, rows.Err()
}

// saw moves the cursor over the next entry.
func (c *cursor) saw(e history.Entry) {
	c.tail++
	c.hash = history.Chain(c.hash, e)
	c.stream.Observe(c.tail, e, c.who)
}

// rewind sets the cursor to where all that was trimmed is behind it.
func (c *cursor) rewind() {
	if c.stream.trims {
		c.tail, c.hash = c.stream.Known()
		return
	}
	c.tail, c.hash = 0, 0
}
