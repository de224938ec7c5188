package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"walle/tools/nemesis/history"
)

// How long clients wait. The lease is part of every time to recover.
const (
	lease    = 2 * time.Second
	patience = 1500 * time.Millisecond // for an answer, before another node is tried
)

// A program claims a stream and appends to it, over and over, as an application
// would. The owner of a stream claims it again at once when it has lost it; a
// rival takes it now and then, and gives it back soon.
type program struct {
	run    *run
	stream *stream
	who    string
	rival  bool
	rand   *rand.Rand

	node   int    // the last it was connected to
	mode   string // of the next claim
	named  int    // payloads so far
	cursor cursor // what it knows of the stream
	belief belief
	open   []doubt
}

// A doubt is an append of unknown outcome.
type doubt struct {
	payloads [][]byte
	first    int64 // it is this entry, or in no log
}

func (r *run) newProgram(s *stream, who string, rival bool, seed uint64) *program {
	return &program{
		run: r, stream: s, who: who, rival: rival, rand: rand.New(rand.NewPCG(r.cfg.seed, seed)), mode: "FORCE",
		cursor: cursor{stream: s, who: who}, belief: belief{stream: s, who: who, now: r.now},
	}
}

// live runs until ctx ends.
func (p *program) live(ctx context.Context) {
	defer p.belief.close()
	for ctx.Err() == nil {
		if p.rival && pause(ctx, time.Duration(3+p.rand.IntN(12))*time.Second) != nil {
			return
		}
		p.session(ctx)
	}
}

// session is one connection, from the claim to whatever ends it.
func (p *program) session(ctx context.Context) {
	p.node = p.node%len(p.run.cluster.nodes) + 1
	if p.rand.IntN(4) == 0 {
		p.node = 1 + p.rand.IntN(len(p.run.cluster.nodes))
	}
	conn, err := p.run.open(ctx, p.node)
	if err != nil {
		_ = pause(ctx, 20*time.Millisecond)
		return
	}
	defer p.hangUp(conn)
	if p.rival {
		p.mode = []string{"FORCE", "NOWAIT", "WAIT"}[p.rand.IntN(3)]
	}
	err = p.claim(ctx, conn)
	p.mode = "FORCE"
	if err != nil || p.catchUp(ctx, conn) != nil || p.settle(ctx, conn) != nil {
		return
	}
	acts := 1 + p.rand.IntN(3000)
	if p.rival {
		acts = 1 + p.rand.IntN(30)
	}
	for range acts {
		if ctx.Err() != nil {
			break
		}
		if err := p.act(ctx, conn); err != nil {
			if code := codeOf(err); code == "WA001" || code == "55000" {
				p.mode = "WAIT" // somebody else has it now
			}
			return
		}
		_ = pause(ctx, time.Duration(p.rand.Int64N(int64(p.run.cfg.pace))*2))
	}
	p.leave(ctx, conn)
}

// claim claims the stream.
func (p *program) claim(ctx context.Context, conn *pgx.Conn) error {
	// The owner has to wait until the old lease is over.
	ctx, cancel := limit(ctx, conn, lease+patience)
	defer cancel()
	renew := "node"
	if p.rand.IntN(4) == 0 {
		renew = "client"
	}
	sql := fmt.Sprintf("CLAIM STREAM %s %s WITH (lease = '%dms', writer = '%s', renew = '%s')", p.stream.Name, p.mode, lease.Milliseconds(), p.who, renew)
	return p.takeClaim(ctx, conn, "claim", sql)
}

// takeClaim runs CLAIM or RENEW, which return the same row.
func (p *program) takeClaim(ctx context.Context, conn *pgx.Conn, what, sql string) error {
	span := history.Span{Call: p.run.now()}
	var name, writer string
	var term, tail, leaseMS, validMS int64
	err := conn.QueryRow(ctx, sql).Scan(&name, &term, &writer, &tail, &leaseMS, &validMS)
	span.Return = p.run.now()
	if err != nil {
		p.run.refused(p.stream, what, err)
		return err
	}
	until := span.Call + time.Duration(validMS)*time.Millisecond
	if what == "renew" {
		p.belief.renewed(until)
		return nil
	}
	p.belief.claimed(term, span.Return, until)
	p.stream.View(history.View{Span: span, Who: p.who, Tail: tail, Claim: term})
	p.stream.writer.Store(int64(p.node))
	p.run.stats.count(func() { p.run.stats.claims++ })
	return p.reachable(tail)
}

// reachable complains about a claim that has recovered less than this program knows.
func (p *program) reachable(tail int64) error {
	if p.cursor.tail > tail {
		p.stream.Complain("%s knows %d entries, but its claim recovered %d", p.who, p.cursor.tail, tail)
		return fmt.Errorf("entries up to %d", tail)
	}
	return nil
}

// catchUp reads what it does not know of the stream.
func (p *program) catchUp(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := limit(ctx, conn, 5*patience)
	defer cancel()
	span, err := p.cursor.read(ctx, conn, p.run.now)
	if err != nil {
		p.run.refused(p.stream, "read", err)
		if codeOf(err) == "22023" {
			p.cursor.rewind() // what it does not know was trimmed by somebody who knew it
		}
		return err
	}
	p.stream.View(history.View{Span: span, Who: p.who, Tail: p.cursor.tail, Hash: p.cursor.hash, Recent: true})
	p.belief.is(p.cursor)
	return nil
}

// settle tries again what it does not know the outcome of, or lets it be. Its
// claim has settled what is in the log: none of it can come in any more by itself.
func (p *program) settle(ctx context.Context, conn *pgx.Conn) error {
	open := p.open
	p.open = nil
	if p.rand.IntN(3) == 0 {
		return nil
	}
	for _, d := range open {
		if err := p.again(ctx, conn, d); err != nil {
			return err
		}
	}
	return nil
}

// leave ends a session of its own will, in one of three ways.
func (p *program) leave(ctx context.Context, conn *pgx.Conn) {
	switch p.rand.IntN(3) {
	case 0: // the connection breaks, and nothing is given back
		drop(conn)
	case 1:
		p.belief.giveUp()
		ctx, cancel := limit(ctx, conn, patience)
		defer cancel()
		if _, err := conn.Exec(ctx, "RELEASE STREAM "+p.stream.Name); err != nil {
			p.run.refused(p.stream, "release", err)
		}
	default:
		p.belief.giveUp() // hangUp ends the session in order, which gives the stream back
	}
}

// hangUp ends a connection. A session that ends in order gives the stream back:
// so its program believes nothing from here on.
func (p *program) hangUp(conn *pgx.Conn) {
	if conn.IsClosed() {
		return
	}
	if p.rand.IntN(2) == 0 {
		drop(conn)
		return
	}
	p.belief.giveUp()
	closeSession(conn)
}

// closeSession ends a session in order. That it may be broken is no news.
func closeSession(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = conn.Close(ctx)
}
