package engine

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"walle/replication"
)

// scrub reads all that is committed on this node again and again, slowly, so
// that damage is found while the other members can still mend it. What it finds
// the replica takes for a gap, as it does with what a read has met, and fetches.
//
// It has one goroutine. It reads in small steps and rests after each for as long
// as the rate demands; no iterator stays open while it rests. It goes through
// the block cache, which holds on to what was used twice and so lets it pass by.
type scrub struct {
	engine  *Engine
	running sync.WaitGroup

	// The goroutine's.
	pending []damagedRun // reported, and not yet whole
	again   *time.Ticker // when to look at them

	mu    sync.Mutex // guards what follows
	seen  map[replication.StreamID]*Scrubbed
	total ScrubTotals
}

// Scrubbed is what the scrub of a node knows of one replica. It begins anew when
// the node starts.
type Scrubbed struct {
	To       replication.EntryID // the last entry that was verified
	At       int64               // when the last round over the replica ended, microseconds since 1970; 0 if none has
	Damaged  uint64              // entries found damaged
	Repaired uint64              // those of them that are whole again, or trimmed
}

// damagedRun is a run of damaged entries.
type damagedRun struct {
	stream      replication.StreamID
	first, last replication.EntryID
	ticks       int // since it was reported
}

const (
	// scrubStep is how much is read at a time.
	scrubStep = 256 << 10
	// scrubVisit is what a replica costs, beside its entries.
	scrubVisit = 4 << 10
	// scrubRecheck is after how long damage that was reported is looked at again.
	scrubRecheck = time.Second
	// scrubDelay is how long the first round waits for the node to learn what is
	// committed.
	scrubDelay = 5 * time.Second
)

func (s *scrub) start(e *Engine) {
	s.engine, s.seen = e, make(map[replication.StreamID]*Scrubbed)
	if e.cfg.ScrubBytes > 0 {
		s.running.Go(s.run)
	}
}

// run is the goroutine: one round after the other.
func (s *scrub) run() {
	s.again = time.NewTicker(scrubRecheck)
	defer s.again.Stop()
	if !s.rest(min(scrubDelay, s.engine.cfg.ScrubEvery)) {
		return
	}
	for {
		next := s.engine.cfg.Clock.Now().Add(s.engine.cfg.ScrubEvery)
		if !s.round() || !s.rest(next.Sub(s.engine.cfg.Clock.Now())) {
			return
		}
	}
}

// round goes over all replicas; false if the engine closes.
func (s *scrub) round() bool {
	streams, err := s.engine.cfg.Storage.Streams()
	if err != nil {
		s.engine.cfg.Logger.Error("the scrub cannot list replicas", "error", err)
		return s.engine.closing.Err() == nil
	}
	s.forget(streams)
	s.count(func(t *ScrubTotals) { t.Replicas, t.Done = len(streams), 0 })
	for _, id := range streams {
		if !s.replica(id) {
			return false
		}
		s.count(func(t *ScrubTotals) { t.Done++ })
	}
	s.count(func(t *ScrubTotals) { t.Rounds++ })
	return true
}

// forget drops what is known of streams that are not here any more.
func (s *scrub) forget(here []replication.StreamID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.seen {
		if _, ok := slices.BinarySearch(here, id); !ok {
			delete(s.seen, id)
		}
	}
}

// replica goes over one replica; false if the engine closes.
func (s *scrub) replica(id replication.StreamID) bool {
	w, err := s.engine.newWalk(id, 0)
	for ok := true; err == nil; {
		var r Run
		r, ok, err = w.step(limit{to: math.MaxInt64, bytes: scrubStep})
		if err != nil {
			break
		}
		if !ok {
			s.note(id, func(k *Scrubbed) { k.At = s.engine.cfg.Clock.Wall() })
			return s.pace(scrubVisit)
		}
		s.take(id, r)
		if !s.pace(r.Bytes) {
			return false
		}
	}
	if KindOf(err) != KindNoStream && s.engine.closing.Err() == nil {
		s.engine.cfg.Logger.Error("the scrub cannot read a replica", "stream", id, "error", err)
	}
	return s.pace(scrubVisit)
}

// take notes what was found.
func (s *scrub) take(id replication.StreamID, r Run) {
	n := uint64(r.Last - r.First + 1)
	s.note(id, func(k *Scrubbed) { k.To = max(k.To, r.Last) })
	if r.State == RunWhole {
		s.count(func(t *ScrubTotals) { t.Entries += n; t.Bytes += uint64(r.Bytes) })
	}
	known := func(d damagedRun) bool { return d.stream == id && d.first == r.First && d.last == r.Last }
	if r.State != RunDamaged || slices.ContainsFunc(s.pending, known) {
		return
	}
	s.note(id, func(k *Scrubbed) { k.Damaged += n })
	s.count(func(t *ScrubTotals) { t.Ranges++; t.Damaged += n })
	s.engine.cfg.Logger.Error("entries are damaged", "stream", id, "first", r.First, "last", r.Last, "error", r.Err)
	s.pending = append(s.pending, damagedRun{stream: id, first: r.First, last: r.Last})
	s.engine.node.Damaged(id, r.First, r.Last)
}

// note changes what is known of a replica.
func (s *scrub) note(id replication.StreamID, change func(*Scrubbed)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.seen[id]
	if k == nil {
		k = &Scrubbed{}
		s.seen[id] = k
	}
	change(k)
}

// pace rests for as long as reading bytes should have taken.
func (s *scrub) pace(bytes int64) bool {
	return s.rest(time.Duration(float64(bytes) / float64(s.engine.cfg.ScrubBytes) * float64(time.Second)))
}

// rest returns after d, or with false when the engine closes. Meanwhile it looks
// after what was found damaged.
func (s *scrub) rest(d time.Duration) bool {
	over := time.NewTimer(d)
	defer over.Stop()
	for {
		select {
		case <-s.engine.closing.Done():
			return false
		case <-over.C:
			return true
		case <-s.again.C:
			s.recheck()
		}
	}
}

// recheck looks at what was reported, at each ever more rarely: looking is dear,
// and on a lone replica it stays as it is.
func (s *scrub) recheck() {
	left := s.pending[:0]
	for _, d := range s.pending {
		d.ticks++
		if d.ticks&(d.ticks-1) != 0 || !s.settled(d) {
			left = append(left, d)
		}
	}
	s.pending = left
}

// settled looks at damaged entries again: they are whole, or on their way, or it
// reports them once more.
func (s *scrub) settled(d damagedRun) bool {
	w, err := s.engine.newWalk(d.stream, d.first)
	for err == nil {
		var r Run
		var ok bool
		r, ok, err = w.step(limit{to: d.last, bytes: math.MaxInt64})
		switch {
		case err != nil:
		case !ok:
			n := uint64(d.last - d.first + 1)
			s.note(d.stream, func(k *Scrubbed) { k.Repaired += n })
			s.count(func(t *ScrubTotals) { t.Repaired += n })
			s.engine.cfg.Logger.Info("damaged entries are whole again", "stream", d.stream, "first", d.first, "last", d.last)
			return true
		case r.State == RunDamaged:
			s.engine.node.Damaged(d.stream, r.First, r.Last)
			return false
		case r.State == RunGap:
			return false
		}
	}
	return KindOf(err) == KindNoStream
}

// methodScrubbed asks a node what its scrub knows of some of its replicas:
//
//	request  [stream 8]      answer  [to 8 | at 8 | damaged 8 | repaired 8]
const methodScrubbed = callPrefix + "scrubbed"

const scrubbedSize = 32

// Scrubbed asks a node what its scrub knows of its replicas of some streams.
func (e *Engine) Scrubbed(ctx context.Context, member replication.NodeID, ids []replication.StreamID) ([]Scrubbed, error) {
	if member == e.cfg.Self {
		return e.scrub.about(ids), nil
	}
	body := make([]byte, 0, 8*len(ids))
	for _, id := range ids {
		body = binary.BigEndian.AppendUint64(body, uint64(id))
	}
	ctx, cancel := context.WithTimeout(ctx, e.cfg.QuestionTimeout)
	defer cancel()
	answer, err := e.cfg.Peers.Call(ctx, member, methodScrubbed, body)
	if err != nil {
		return nil, FromPeer(err)
	}
	if len(answer) != scrubbedSize*len(ids) {
		return nil, fmt.Errorf("node %v answered %d bytes for the scrub of %d streams", member, len(answer), len(ids))
	}
	list := make([]Scrubbed, len(ids))
	for i := range list {
		b := answer[scrubbedSize*i:]
		list[i] = Scrubbed{
			To:       replication.EntryID(binary.BigEndian.Uint64(b)),
			At:       int64(binary.BigEndian.Uint64(b[8:])),
			Damaged:  binary.BigEndian.Uint64(b[16:]),
			Repaired: binary.BigEndian.Uint64(b[24:]),
		}
	}
	return list, nil
}

// serveScrubbed is the other side of methodScrubbed.
func (e *Engine) serveScrubbed(body []byte) []byte {
	ids := make([]replication.StreamID, len(body)/8)
	for i := range ids {
		ids[i] = replication.StreamID(binary.BigEndian.Uint64(body[8*i:]))
	}
	answer := make([]byte, 0, scrubbedSize*len(ids))
	for _, k := range e.scrub.about(ids) {
		answer = binary.BigEndian.AppendUint64(answer, uint64(k.To))
		answer = binary.BigEndian.AppendUint64(answer, uint64(k.At))
		answer = binary.BigEndian.AppendUint64(answer, k.Damaged)
		answer = binary.BigEndian.AppendUint64(answer, k.Repaired)
	}
	return answer
}

// about is what is known of some replicas.
func (s *scrub) about(ids []replication.StreamID) []Scrubbed {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Scrubbed, len(ids))
	for i, id := range ids {
		if k := s.seen[id]; k != nil {
			list[i] = *k
		}
	}
	return list
}
