package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"walle/catalog"
	"walle/engine/store"
	"walle/replication"
)

// verifyStep is how many bytes are checked between two looks at the progress.
const verifyStep = 4 << 20

// systemName is what the stream of the catalog is called here.
const systemName = "system"

// dirVerify is a run over a data directory.
type dirVerify struct {
	store   *store.Store
	names   *catalog.Snapshot
	report  *verifyReport
	state   *verifyState
	keeping bool // the state can be written
}

func verifyDir(ctx context.Context, o verifyOptions, r *verifyReport) (err error) {
	// Pebble would tell the damage that it meets on the way, in its words.
	s, err := store.Open(store.Config{Dir: o.dir, ReadOnly: true, Logger: slog.New(slog.DiscardHandler)})
	var refused *store.DirectoryError
	switch {
	case errors.As(err, &refused) && refused.Kind == store.Locked:
		return unverified("%w. Stop the node that runs on it, or verify the running cluster with --cluster", err)
	case errors.Is(err, fs.ErrNotExist):
		return unverified("%s is no data directory: %w", o.dir, err)
	case err != nil:
		return unverified("%w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()

	if o.resume == "" {
		o.resume = filepath.Clean(o.dir) + ".verify"
	}
	v := &dirVerify{store: s, report: r, keeping: true}
	v.readNames()
	resumed := false
	if v.state, resumed, err = loadVerifyState(o, s.Identity().NodeID); err != nil {
		return err
	}
	streams, err := v.chosen(o.streams)
	if err != nil {
		return err
	}
	r.began, r.tally = time.Now(), v.state.Tally
	if resumed {
		r.bar.line(fmt.Sprintf("going on where a run that began at %s was stopped; --restart begins anew", v.state.Began.Format(time.DateTime)))
		for _, f := range r.Findings {
			r.tell(f)
		}
	}
	return v.run(ctx, streams)
}

// readNames takes the names of streams from the catalog. What cannot be read of
// it is found damaged when its stream's turn comes.
func (v *dirVerify) readNames() {
	f := &formation{}
	if err := f.restore(v.store); err != nil {
		v.report.bar.line("the founders of the cluster are not known: " + err.Error())
	}
	var founders []catalog.Node
	for _, p := range f.founders {
		founders = append(founders, catalog.Node{ID: p.ID, Name: p.Name})
	}
	var err error
	if v.names, err = catalog.Inspect(v.store, v.store, founders); err != nil {
		v.report.bar.line("names of streams may be missing: " + err.Error())
	}
}

func (v *dirVerify) name(id replication.StreamID) string {
	if d, ok := v.names.StreamByID(id); ok {
		return d.Name
	}
	if id == replication.SystemStream {
		return systemName
	}
	return ""
}

// chosen lists the streams that are asked for, by name or id; without any, all.
func (v *dirVerify) chosen(asked []string) ([]replication.StreamID, error) {
	here, err := v.store.VerifiedStreams()
	if err != nil || len(asked) == 0 {
		return here, err
	}
	var ids []replication.StreamID
	for _, a := range asked {
		i := slices.IndexFunc(here, func(id replication.StreamID) bool { return v.name(id) == a })
		if n, err := strconv.ParseUint(a, 10, 64); i < 0 && err == nil {
			i = slices.Index(here, replication.StreamID(n))
		}
		if i < 0 {
			return nil, unverified("there is no stream %s in this data directory", a)
		}
		ids = append(ids, here[i])
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// run checks one stream after the other.
func (v *dirVerify) run(ctx context.Context, streams []replication.StreamID) error {
	total := v.state.Tally.Entries
	for _, id := range streams {
		if id <= v.state.Through {
			continue
		}
		left, err := v.left(id)
		if err != nil {
			return err
		}
		total += left
	}
	v.report.bar.start(v.state.Tally.Entries, total)
	for _, id := range streams {
		if id <= v.state.Through {
			continue
		}
		if err := v.stream(ctx, id); err != nil {
			return err
		}
		v.report.Streams++
		v.state.Through, v.state.In, v.state.At, v.state.Tally = id, 0, store.Checkpoint{}, v.report.tally
		v.keep(false)
	}
	return v.state.remove()
}

// left is how many entries of a stream are to be checked.
func (v *dirVerify) left(id replication.StreamID) (uint64, error) {
	check, err := v.store.Verify(id, v.at(id))
	if err != nil {
		return 0, err
	}
	return check.Left(), nil
}

// at is where to go on with a stream.
func (v *dirVerify) at(id replication.StreamID) store.Checkpoint {
	if id == v.state.In {
		return v.state.At
	}
	return store.Checkpoint{}
}

func (v *dirVerify) stream(ctx context.Context, id replication.StreamID) error {
	check, err := v.store.Verify(id, v.at(id))
	if err != nil {
		return err
	}
	name := v.name(id)
	for done := false; !done; {
		if ctx.Err() != nil {
			v.keep(true)
			return unverified("stopped at %.0f %%; the same command goes on from there", v.report.bar.part()*100)
		}
		var bytes int64
		var found []store.Damage
		before := check.Left()
		bytes, found, done, err = check.Step(verifyStep)
		if err != nil {
			return fmt.Errorf("stream %q (%d), at entry %d: %w", name, id, check.Next(), err)
		}
		for _, d := range found {
			v.report.damage(finding{
				Stream: name, StreamID: uint64(id), First: uint64(d.First), Last: uint64(d.Last), What: d.What, Hint: v.hint(check, d),
			})
		}
		n := before - min(before, check.Left())
		v.report.Entries += n
		v.report.Bytes += bytes
		v.report.bar.add(n, fmt.Sprintf("stream %q, entry %d", name, check.Next()))
		// Right behind damage there is nothing to go on from.
		if at := check.Checkpoint(); at.Next != 0 {
			v.state.In, v.state.At, v.state.Tally = id, at, v.report.tally
			v.keep(false)
		}
	}
	return nil
}

// keep writes down how far it is. It is not worth an error if that fails.
func (v *dirVerify) keep(now bool) {
	if err := v.state.save(now); err != nil && v.keeping {
		v.keeping = false
		v.report.bar.line("a run that is stopped will begin anew: " + err.Error())
	}
}

// hint is what to do about d.
func (v *dirVerify) hint(check *store.Verifier, d store.Damage) string {
	var others []string
	for _, m := range check.Members() {
		if m == v.store.Identity().NodeID {
			continue
		}
		name := m.String()
		if n, ok := v.names.NodeByID(m); ok {
			name = n.Name
		}
		others = append(others, name)
	}
	slices.Sort(others)
	switch {
	case d.First == 0:
		return "Keep the directory. The replica keeps out of everything, until the stream is dropped; the stream is safe while a majority of its other replicas is."
	case len(others) == 0:
		return "There is no other replica: these entries are lost, unless there is a backup. All others can be read."
	}
	return fmt.Sprintf("Start the node: it fetches these entries from %s.", strings.Join(others, ", "))
}
