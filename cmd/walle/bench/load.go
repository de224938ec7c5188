package bench

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A load is one kind of work for a cluster.
type load interface {
	// prepare does what is not measured: it makes streams, claims and fills them.
	// What it opens is closed by the site. The work that it returns runs until its
	// context ends or the recorder lets nothing more begin; then it waits for what
	// is in flight.
	prepare(ctx context.Context, s *site, p params) (work, error)
}

// work puts operations on the cluster and records how they end.
type work func(ctx context.Context, r *recorder) error

// kind is a load by its name.
type kind struct {
	name, about string
	unit        string // what is counted
	load        load
	duration    time.Duration // unless one is asked for; 0 is defaultDuration
	rounds      bool          // it goes by params.rounds instead of time
	onRequest   bool          // it is not among those of a run that names none
	needsDemo   bool          // it does things to nodes
}

const defaultDuration = 3 * time.Second

// kinds are all loads, in the order in which they are listed.
func kinds() []kind {
	return []kind{
		{name: "one", unit: "appends", load: appends{inFlight: 1},
			about: "one session with one append in flight: what an append takes"},
		{name: "window", unit: "appends", load: appends{},
			about: "one session with --in-flight appends in flight, each acknowledged on its own"},
		{name: "sessions", unit: "appends", load: sessions{},
			about: "--sessions sessions, each with a stream and one append in flight; of --streams streams the others lie idle"},
		{name: "group", unit: "entries", load: groups{},
			about: "INSERTs of --group rows, one in flight"},
		{name: "transaction", unit: "entries", load: groups{transaction: true},
			about: "BEGIN, --group INSERTs, COMMIT, sent at once; one transaction in flight"},
		{name: "copy", unit: "rows", load: copies{},
			about: "COPY … FROM STDIN on one session; a row counts when its COPY is acknowledged"},
		{name: "open", unit: "appends", load: appends{open: true},
			about: "one session at a fixed --rate whatever the cluster does: an append that waits is slow from when it was to begin"},
		{name: "scan", unit: "rows", load: scan{},
			about: "SELECT of all of --entries entries, over and over"},
		{name: "point", unit: "reads", load: pointRead{},
			about: "SELECT of one entry by its id, one in flight"},
		{name: "tail", unit: "entries", load: tail{},
			about: "from when an append was to begin, at --rate, until a TAIL on another node has the entry"},
		{name: "claim", unit: "claims", load: handOver{},
			about: "RELEASE on one node, CLAIM on another: until its first append is acknowledged"},
		{name: "force", unit: "claims", load: takeOver{}, rounds: true,
			about: "CLAIM … FORCE over a live writer with a --lease: until the first append is acknowledged"},
		{name: "kill", unit: "claims", load: takeOver{kill: true}, rounds: true, needsDemo: true,
			about: "kill -9 of the writer's node, CLAIM on another: until the first append is acknowledged"},
		{name: "readers", unit: "appends", load: beside{scanAll}, onRequest: true,
			about: "as open, while another session reads --entries entries over and over"},
		{name: "stopped", unit: "appends", load: beside{stopNode}, onRequest: true, needsDemo: true,
			about: "as open, while one of the three nodes is stopped (SIGSTOP)"},
		{name: "backfill", unit: "appends", load: beside{backfill}, duration: 30 * time.Second, onRequest: true, needsDemo: true,
			about: "as open, while a node fetches a --backlog that it has missed"},
		{name: "memory", unit: "appends", load: flood{}, duration: time.Minute, onRequest: true, needsDemo: true,
			about: "a writer that outruns the disk; shows the nodes' resident memory"},
	}
}

func kindOf(name string) (kind, error) {
	var names []string
	for _, k := range kinds() {
		if k.name == name {
			return k, nil
		}
		names = append(names, k.name)
	}
	return kind{}, fmt.Errorf("there is no load %q: there are %s", name, strings.Join(names, ", "))
}

// standard are the loads of a run that names none, for about a minute.
func standard(demo bool) []string {
	var names []string
	for _, k := range kinds() {
		if k.onRequest || k.needsDemo && !demo {
			continue
		}
		names = append(names, k.name)
		if k.name == "window" || k.name == "copy" || k.name == "scan" {
			names = append(names, k.name+":size=100")
		}
	}
	return names
}
