package replication

import "testing"

// loneReplica is a member of two with n entries, durable and committed up to
// commit, and the chain of each. Its writer is claim n1/1 of term 1.
func loneReplica(n, commit EntryID) (r *Replica, step func(Message, uint64) Output, log []Position) {
	r = NewReplica(1, 7, Configuration{Number: 1, Members: []NodeID{1, 2}})
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

// TestChangedBytesAreNoMark: what a disk gives is checked before a log is cut
// there, also where only its chain and its time are needed (I6).
func TestChangedBytesAreNoMark(t *testing.T) {
	r, step, log := loneReplica(4, 2)
	var out Output
	step(Prepare{Term: 2}, 9)
	r.Step(0, Synced{4}, &out)
	begin := Begin{Term: 2, History: History{{Term: 1, Start: 1}, {Term: 2, Start: 4}}, Commit: 2}
	right := Entry{ID: 3, Term: 1, GroupEnd: true}
	right.Seal(log[2].Chain)
	changed := right
	changed.AppendedAt++
	for _, e := range []Entry{changed, right} {
		reads := step(begin, 9).Reads
		if len(reads) != 1 || reads[0].To != 3 {
			t.Fatalf("Begin reads %+v", reads)
		}
		out.Reset()
		r.Step(0, ReadDone{Ref: reads[0].Ref, Prev: log[2], Entries: []Entry{e}}, &out)
		if cut := len(out.Writes) > 0; cut != (e.AppendedAt == right.AppendedAt) {
			t.Errorf("entry 3 of time %d: the log is cut there: %v", e.AppendedAt, cut)
		}
	}
}
