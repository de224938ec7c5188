package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"walle/cmd/walle/client"
)

const (
	// verifyPiece is how many entries the members are asked for at a time.
	verifyPiece = 1 << 16
	// verifyBorder is where the runs end whose chains are compared.
	verifyBorder = 1 << 12
	// verifyPatience is how long a member may take to know what others know to
	// be committed.
	verifyPatience = 5 * time.Second
)

// clusterVerify is a run over the replicas of a cluster.
type clusterVerify struct {
	report *verifyReport
	nodes  map[string]*pgx.Conn // by name; nil: it is down
}

// clusterStream is a stream as it is when the run begins.
type clusterStream struct {
	name        string
	id          uint64
	members     []string
	first, tail int64
}

func verifyCluster(ctx context.Context, o verifyOptions, r *verifyReport) error {
	r.began = time.Now()
	cfg, err := pgx.ParseConfig(o.cluster)
	if err != nil {
		return unverified("--cluster: %w", err)
	}
	v := &clusterVerify{report: r, nodes: make(map[string]*pgx.Conn)}
	defer v.close()
	streams, err := v.open(ctx, cfg)
	if err != nil {
		return err
	}
	if streams, err = chosenOf(streams, o.streams); err != nil {
		return err
	}
	var total uint64
	for _, s := range streams {
		total += uint64(max(0, s.tail-s.first+1))
	}
	r.bar.start(0, total)
	for _, s := range streams {
		if err := v.stream(ctx, s); err != nil {
			return err
		}
		r.Streams++
	}
	return nil
}

// open asks a node for the others and the streams, and connects to all.
func (v *clusterVerify) open(ctx context.Context, cfg *pgx.ConnConfig) ([]clusterStream, error) {
	conn, err := client.Connect(ctx, cfg)
	if err != nil {
		return nil, unverified("--cluster: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	type address struct{ Name, Addr string }
	rows, _ := conn.Query(ctx, "SELECT name, sql_addr FROM walle.nodes ORDER BY name")
	nodes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[address])
	if err != nil {
		return nil, fmt.Errorf("list the nodes: %w", err)
	}
	for _, n := range nodes {
		if n.Addr == "" {
			v.report.unread("node %s has not said yet where clients reach it", n.Name)
		} else if v.nodes[n.Name], err = client.ConnectTo(ctx, cfg, n.Addr); err != nil {
			v.report.unread("node %s cannot be reached: %v", n.Name, err)
		}
	}
	rows, _ = conn.Query(ctx, "SELECT name, stream_id, members, first_entry_id, tail_entry_id FROM walle.streams ORDER BY name")
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s clusterStream, err error) {
		var first, tail *int64
		err = row.Scan(&s.name, &s.id, &s.members, &first, &tail)
		if err == nil && (first == nil || tail == nil) {
			v.report.unread("stream %q: no member says what is committed", s.name)
			return s, nil
		}
		if err == nil {
			s.first, s.tail = *first, *tail
		}
		return s, err
	})
}

func (v *clusterVerify) close() {
	for _, conn := range v.nodes {
		if conn != nil {
			conn.Close(context.Background())
		}
	}
}

// chosenOf keeps the streams that are asked for; without any, all.
func chosenOf(streams []clusterStream, asked []string) ([]clusterStream, error) {
	if len(asked) == 0 {
		return streams, nil
	}
	var chosen []clusterStream
	for _, a := range asked {
		i := slices.IndexFunc(streams, func(s clusterStream) bool { return s.name == a || strconv.FormatUint(s.id, 10) == a })
		if i < 0 {
			return nil, unverified("there is no stream %s in this cluster", a)
		}
		chosen = append(chosen, streams[i])
	}
	return chosen, nil
}

// stream verifies the replicas of one stream, piece by piece.
func (v *clusterVerify) stream(ctx context.Context, s clusterStream) error {
	agreed := s.first - 1 // up to here all that could be compared is equal
	for from := s.first; from <= s.tail; from += verifyPiece {
		to := min(s.tail, from+verifyPiece-1)
		copies := v.ask(ctx, s, from, to, verifyBorder)
		if ctx.Err() != nil {
			return unverified("stopped at %.0f %%", v.report.bar.part()*100)
		}
		for _, node := range slices.Sorted(maps.Keys(copies)) {
			v.judge(s, node, to, copies[node])
		}
		v.report.Entries += uint64(to - from + 1)
		v.report.bar.add(uint64(to-from+1), fmt.Sprintf("stream %q, entry %d", s.name, to))
		if at, ok := difference(copies); ok {
			return v.tellDifference(ctx, s, agreed+1, at)
		}
		agreed = to
	}
	return nil
}

// copied is what a node says of entries of its replica.
type copied struct {
	runs []verifiedRun
	err  error
}

// verifiedRun is a row of walle.verify().
type verifiedRun struct {
	First, Last   int64
	Status        string
	Chain, Detail *string
}

// ask has all members that are up verify entries from..to.
func (v *clusterVerify) ask(ctx context.Context, s clusterStream, from, to, border int64) map[string]copied {
	var mu sync.Mutex
	var running sync.WaitGroup
	copies := make(map[string]copied)
	for _, node := range s.members {
		conn := v.nodes[node]
		if conn == nil {
			continue
		}
		running.Go(func() {
			runs, err := askNode(ctx, conn, s, from, to, border)
			mu.Lock()
			defer mu.Unlock()
			copies[node] = copied{runs, err}
		})
	}
	running.Wait()
	return copies
}

// askNode asks one node, again while it does not know yet that all is committed.
func askNode(ctx context.Context, conn *pgx.Conn, s clusterStream, from, to, border int64) (runs []verifiedRun, err error) {
	name := strings.ReplaceAll(pgx.Identifier{s.name}.Sanitize(), "'", "''")
	text := fmt.Sprintf("SELECT * FROM (SELECT first_entry_id, entry_id, status, chain, detail FROM walle.verify('%s', %d) WHERE entry_id >= $1 AND entry_id <= $2) v", name, border)
	end := time.Now().Add(verifyPatience)
	pause := time.NewTicker(100 * time.Millisecond)
	defer pause.Stop()
	for {
		rows, _ := conn.Query(ctx, text, from, to)
		more, err := pgx.CollectRows(rows, pgx.RowToStructByPos[verifiedRun])
		runs = append(runs, more...)
		if n := len(more); n > 0 {
			from = more[n-1].Last + 1
		}
		if err != nil || from > to || time.Now().After(end) {
			return runs, err
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return runs, ctx.Err()
		}
	}
}

// judge tells what is wrong with one copy.
func (v *clusterVerify) judge(s clusterStream, node string, to int64, c copied) {
	var pg *pgconn.PgError
	switch {
	case errors.As(c.err, &pg):
		v.report.unread("stream %q on node %s: %s", s.name, node, pg.Message)
	case c.err != nil:
		v.report.unread("node %s is gone: %v", node, c.err)
		v.nodes[node] = nil
	}
	last := int64(0)
	for _, r := range c.runs {
		last = r.Last
		switch r.Status {
		case "ok":
		case "gap":
			v.report.unread("stream %q: node %s lacks entries %d to %d, and is fetching them", s.name, node, r.First, r.Last)
		default:
			what := r.Status
			if r.Detail != nil {
				what = *r.Detail
			}
			v.report.damage(finding{Stream: s.name, StreamID: s.id, Node: node, First: uint64(r.First), Last: uint64(r.Last), What: what,
				Hint: "The node is fetching them from other members now, if there are any: verify the stream once more."})
		}
	}
	if c.err == nil && last < to {
		v.report.unread("stream %q: node %s does not know that entries %d to %d are committed", s.name, node, max(last+1, s.first), to)
	}
}

// difference is the lowest entry up to which two copies differ.
func difference(copies map[string]copied) (at int64, ok bool) {
	chains := make(map[int64]string)
	for _, c := range copies {
		for _, r := range c.runs {
			if r.Chain == nil {
				continue
			}
			if other, there := chains[r.Last]; !there {
				chains[r.Last] = *r.Chain
			} else if other != *r.Chain && (!ok || r.Last < at) {
				at, ok = r.Last, true
			}
		}
	}
	return at, ok
}

// tellDifference finds the first entry from..to that is not the same on all.
func (v *clusterVerify) tellDifference(ctx context.Context, s clusterStream, from, to int64) error {
	from = max(from, to-to%verifyBorder-verifyBorder)
	copies := v.ask(ctx, s, from, to, 1)
	at, ok := difference(copies)
	if !ok {
		at = to
	}
	var says []string
	for _, node := range slices.Sorted(maps.Keys(copies)) {
		for _, r := range copies[node].runs {
			if r.Last == at && r.Chain != nil {
				says = append(says, node+" has "+*r.Chain)
			}
		}
	}
	v.report.damage(finding{Stream: s.name, StreamID: s.id, First: uint64(at), Last: uint64(at),
		What: "the replicas differ: by their chains up to this entry, " + strings.Join(says, ", "),
		Hint: "This is no damage of a disk. Stop writing to the stream, keep the data directories of all its members, and report it."})
	return ctx.Err()
}
