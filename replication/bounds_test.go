package replication

import (
	"testing"
	"time"
)

// loneReplica is a member of two with n entries, durable and committed up to
// commit, and the chain of each. Its writer is claim n1/1 of term 1.
func loneReplica(n, commit EntryID) (r *Replica, step func(Message, uint64) Output, log []Position) {
	r = NewReplica(1, 7, Configuration{Number: 1, Members: []NodeID{1, 2}}, 0)
	step = func(m Message, nonce uint64) Output {
		var out Output
		claim := ClaimID{1, nonce}
		from := NodeID(1)
		if nonce == 0 {
			claim, from = ClaimID{}, 2
		}
		r.Step(0, Received{Envelope{Stream: 7, Config: 1, From: from, To: 1, Claim: claim, Msg: m}}, &out)
		return out
	}
	log = []Position{{}}
	var entries []Entry
	for id := EntryID(1); id <= n; id++ {
		e := Entry{ID: id, Term: 1, GroupEnd: true}
		e.Seal(log[id-1].Chain)
		entries, log = append(entries, e), append(log, e.Position())
	}
	var out Output
	step(Prepare{Term: 1}, 1)
	r.Step(0, Synced{1}, &out)
	step(Begin{Term: 1, History: History{{Term: 1, Start: 1}}}, 1)
	step(Append{Term: 1, Entries: entries, Commit: commit}, 1)
	r.Step(0, Synced{3}, &out)
	return r, step, log
}

// TestWhatOthersAskForIsBounded: a replica whose disk hangs remembers only so
// many of those who wait for it.
func TestWhatOthersAskForIsBounded(t *testing.T) {
	const askers = 100
	r, step, _ := loneReplica(2, 2)
	reads := 0
	for i := range uint64(askers) {
		reads += len(step(Fetch{From: 1, To: 2, MaxBytes: 1}, i+2).Reads)
	}
	if reads == 0 || reads > maxFetches {
		t.Errorf("%d reads are under way for %d askers", reads, askers)
	}
	for i := range uint64(askers) {
		step(Trim{First: 3}, i+2)
	}
	var out Output
	r.Step(0, Synced{4}, &out)
	if n := len(out.Sends); n == 0 || n > maxTrims {
		t.Errorf("%d of %d askers wait for a trim", n, askers)
	}
}

// TestTrimGoesNoFurtherThanItWasMeant: whoever asks for more than is committed
// has not seen what is committed later.
func TestTrimGoesNoFurtherThanItWasMeant(t *testing.T) {
	r, step, log := loneReplica(4, 2)
	step(Trim{First: 9}, 5)
	step(Append{Term: 1, Prev: log[4], Commit: 4}, 1)
	if r.Commit() != 4 || r.trim.wanted != 3 {
		t.Errorf("commit is %d; entries below %d are to go, below 3 were asked for", r.Commit(), r.trim.wanted)
	}
}

// TestBackfillIsWhatTheLogGoesOnFrom: of two logs that are each whole, only the
// one that ends in the chain after the gap fills it (I6).
func TestBackfillIsWhatTheLogGoesOnFrom(t *testing.T) {
	r, step, _ := loneReplica(0, 0)
	var right, wrong Entry
	right = Entry{ID: 1, Term: 1, GroupEnd: true, Data: []byte("right")}
	wrong = Entry{ID: 1, Term: 1, GroupEnd: true, Data: []byte("wrong")}
	right.Seal(0)
	wrong.Seal(0)
	step(Append{Term: 1, Prev: right.Position(), Commit: 1, Jump: true}, 1)
	var out Output
	r.Step(Time(backfillPause), Tick{}, &out)
	for _, e := range []Entry{wrong, right} {
		got := step(Fetched{From: 1, To: 1, Answer: Have, Entries: []Entry{e}, First: 1}, 0)
		if stored := len(got.Writes) > 0; stored != (e.Chain == right.Chain) {
			t.Errorf("entry %q is stored: %v", e.Data, stored)
		}
		r.Step(Time(5*backfillPause), Tick{}, &out)
	}
}

// TestBackfillGoesAheadOfTheDisk: the next chunk of a gap is asked for while the one
// before is written, but a disk that hangs does not make a replica ask for more and
// more of them.
func TestBackfillGoesAheadOfTheDisk(t *testing.T) {
	const missing = 6
	_, _, log := loneReplica(missing, missing)
	r, step, _ := loneReplica(0, 0)
	out := step(Append{Term: 1, Prev: log[missing], Commit: missing, Jump: true}, 1)
	jumped := out.Writes[0].Seq
	for left := EntryID(missing); left > missing-backfillAhead; left-- {
		if n := len(out.Sends); n != 1 || out.Sends[0].Msg != (Fetch{From: 1, To: left, MaxBytes: backfillBytes}) {
			t.Fatalf("with 1..%d missing, it says %v", left, out.Sends)
		}
		e := Entry{ID: left, Term: 1, GroupEnd: true}
		e.Seal(log[left-1].Chain)
		out = step(Fetched{From: 1, To: left, Answer: Have, Prev: log[left-1], Entries: []Entry{e}, First: 1}, 0)
	}
	if len(out.Sends) > 0 || r.Deadline() <= Time(backfillPatience) {
		t.Fatalf("with %d chunks on their way to the disk, it says %v", backfillAhead, out.Sends)
	}
	out = Output{}
	r.Step(0, Synced{jumped + 1}, &out)
	if n := len(out.Sends); n != 2 || out.Sends[1].Msg.(Fetch).To != missing-backfillAhead {
		t.Fatalf("with one of them durable, it says %v", out.Sends)
	}
}

// TestDamageIsFilledWithWhatTheLogGoesOnFrom: where the chain at a gap's end is not
// known, only what the entry above goes on from fills it (I6).
func TestDamageIsFilledWithWhatTheLogGoesOnFrom(t *testing.T) {
	r, step, log := loneReplica(3, 3)
	var out Output
	r.Step(0, Damaged{2, 2}, &out)
	if len(out.Reads) != 1 || out.Reads[0].To != 3 {
		t.Fatalf("damage reads %+v", out.Reads)
	}
	above := Entry{ID: 3, Term: 1, GroupEnd: true}
	above.Seal(log[2].Chain)
	r.Step(0, ReadDone{Ref: out.Reads[0].Ref, Bad: 2, Entries: []Entry{above}}, &out)
	right, wrong := Entry{ID: 2, Term: 1, GroupEnd: true}, Entry{ID: 2, Term: 1, GroupEnd: true, Data: []byte("wrong")}
	right.Seal(log[1].Chain)
	wrong.Seal(log[1].Chain)
	for _, e := range []Entry{wrong, right} {
		got := step(Fetched{From: 2, To: 2, Answer: Have, Prev: log[1], Entries: []Entry{e}, First: 1}, 0)
		if stored := len(got.Writes) > 0; stored != (e.Chain == right.Chain) {
			t.Errorf("entry %q is stored: %v", e.Data, stored)
		}
		r.Step(Time(5*backfillPause), Tick{}, &out)
	}
}

// TestTailIsWhatTheLogGoesOnFrom: of a tail that is read in pieces, each must be
// what the log goes on from above it (I6).
func TestTailIsWhatTheLogGoesOnFrom(t *testing.T) {
	claim := ClaimID{1, 1}
	w := NewWriter(WriterConfig{Self: 1, Stream: 7, Config: Configuration{Number: 1, Members: []NodeID{1}}, Claim: claim, Mode: ClaimForce, Lease: time.Minute})
	var out Output
	say := func(m Message) {
		w.Step(0, Received{Envelope{Stream: 7, Config: 1, From: 1, To: 1, Claim: claim, Msg: m}}, &out)
		w.Step(0, Tick{}, &out)
	}
	right, wrong := Entry{ID: 1, Term: 1, GroupEnd: true}, Entry{ID: 1, Term: 1, GroupEnd: true, Data: []byte("wrong")}
	right.Seal(0)
	wrong.Seal(0)
	tail := Entry{ID: 2, Term: 1, GroupEnd: true}
	tail.Seal(right.Chain)
	w.Step(0, Tick{}, &out)
	say(Status{Promised: 1})
	say(Promise{Term: 2, History: History{{Term: 1, Start: 1}}, Tail: tail.Position()})
	say(Fetched{From: 1, To: 2, Answer: Have, Entries: []Entry{tail}, First: 1}) // what it follows is not known
	for _, e := range []Entry{wrong, right} {
		say(Fetched{From: 1, To: 1, Answer: Have, Entries: []Entry{e}, First: 1})
		if opened := w.opened(); opened != (e.Chain == right.Chain) {
			t.Errorf("with entry %q the term begins: %v", e.Data, opened)
		}
	}
}

// TestChangedBytesAreNoMark: what a disk gives is checked before a log begins
// there, also where only its chain and its time are needed (I6).
func TestChangedBytesAreNoMark(t *testing.T) {
	r, step, log := loneReplica(4, 2)
	right := Entry{ID: 2, Term: 1, GroupEnd: true}
	right.Seal(log[1].Chain)
	changed := right
	changed.AppendedAt++
	for _, e := range []Entry{changed, right} {
		reads := step(Trim{First: 3}, 5).Reads
		if len(reads) != 1 || reads[0].To != 2 {
			t.Fatalf("Trim reads %+v", reads)
		}
		var out Output
		r.Step(0, ReadDone{Ref: reads[0].Ref, Prev: log[1], Entries: []Entry{e}}, &out)
		if trimmed := r.First() == 3; trimmed != (e.AppendedAt == right.AppendedAt) {
			t.Errorf("entry 2 of time %d: the log begins behind it: %v", e.AppendedAt, trimmed)
		}
	}
}

// TestWritesUnderWayDoNotOutlastACut: what was written before a cut says nothing
// of the log's end after it.
func TestWritesUnderWayDoNotOutlastACut(t *testing.T) {
	r, step, log := loneReplica(4, 2)
	var out Output
	step(Prepare{Term: 2}, 9)
	r.Step(0, Synced{4}, &out)
	reads := step(Trim{First: 3}, 5).Reads
	if len(reads) != 1 || reads[0].To != 2 {
		t.Fatalf("Trim reads %+v", reads)
	}
	e := Entry{ID: 2, Term: 1, GroupEnd: true}
	e.Seal(log[1].Chain)
	r.Step(0, ReadDone{Ref: reads[0].Ref, Prev: log[1], Entries: []Entry{e}}, &out)
	step(Begin{Term: 2, History: History{{Term: 1, Start: 1}, {Term: 2, Start: 4}}, Mark: log[3], Commit: 2}, 9)
	r.Step(0, Synced{5}, &out) // the trim, not yet the cut
	if r.Tail().ID != 3 || r.Flush() > 3 {
		t.Errorf("the log ends at %v; %d is said to be durable", r.Tail(), r.Flush())
	}
}

// TestRecoveryGoesOnWhileEntriesCome: a long tail that comes in small pieces, each
// of them late, is not begun anew.
func TestRecoveryGoesOnWhileEntriesCome(t *testing.T) {
	const n = 40
	claim := ClaimID{1, 1}
	w := NewWriter(WriterConfig{Self: 1, Stream: 7, Config: Configuration{Number: 1, Members: []NodeID{1}}, Claim: claim, Mode: ClaimForce, Lease: time.Minute})
	var out Output
	var now Time
	hear := func(m Message) {
		out.Reset()
		w.Step(now, Received{Envelope{Stream: 7, Config: 1, From: 1, To: 1, Claim: claim, Msg: m}}, &out)
	}
	var entries []Entry
	end := Position{}
	for id := EntryID(1); id <= n; id++ {
		e := Entry{ID: id, Term: 1, GroupEnd: true}
		e.Seal(end.Chain)
		entries, end = append(entries, e), e.Position()
	}
	w.Step(now, Tick{}, &out)
	hear(Status{Promised: 1})
	hear(Promise{Term: 2, History: History{{Term: 1, Start: 1}}, Tail: end})
	for i := n - 1; i >= 0; i-- {
		for range 2 {
			now = now.Add(claimRetry)
			w.Step(now, Tick{}, &out)
		}
		prev := Position{}
		if i > 0 {
			prev = entries[i-1].Position()
		}
		hear(Fetched{From: 1, To: EntryID(i + 1), Answer: Have, Prev: prev, Entries: entries[i : i+1]})
	}
	if w.Term() != 2 || w.Next() != n+1 || !w.opened() {
		t.Errorf("the claim is %v at term %d, its log ends at %d, begun %v", w.Phase(), w.Term(), w.Next()-1, w.opened())
	}
}
