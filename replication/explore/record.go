package explore

import (
	"slices"

	"walle/replication"
)

// record is what has become true in a world and may never change again. It is a
// value, and part of the world: two worlds in which different things were
// acknowledged are different.
type record struct {
	committed []fact              // of entries 1.., once anybody takes them for committed
	writers   []int               // by term: the number of the claim that sent entries or a Begin, plus 1
	denied    uint64              // groups that were reported as surely not applied, as bits
	acked     replication.EntryID // the last entry that was reported as applied
}

// fact is a committed entry.
type fact struct {
	chain replication.Chain
	term  replication.Term
	end   bool // of its group
}

func factOf(e *replication.Entry) fact { return fact{chain: e.Chain, term: e.Term, end: e.GroupEnd} }

// frontier is the last entry known to be committed.
func (r *record) frontier() replication.EntryID { return replication.EntryID(len(r.committed)) }

// before is the last committed entry of a term below t.
func (r *record) before(t replication.Term) replication.EntryID {
	n := len(r.committed)
	for n > 0 && r.committed[n-1].term >= t {
		n--
	}
	return replication.EntryID(n)
}

// writer is the number of the claim that term t belongs to, plus 1; 0 if nobody
// used it yet.
func (r *record) writer(t replication.Term) int {
	if int(t) < len(r.writers) {
		return r.writers[t]
	}
	return 0
}

// opened is the record once claim number i has used term t.
func (r record) opened(t replication.Term, i int) record {
	r.writers = slices.Clone(r.writers)
	for int(t) >= len(r.writers) {
		r.writers = append(r.writers, 0)
	}
	r.writers[t] = i + 1
	return r
}

// learned is the record once e is known to be committed.
func (r record) learned(e *replication.Entry) record {
	r.committed = append(slices.Clip(r.committed), factOf(e))
	return r
}

// holds reports whether log reaches to committed entry id and is the committed
// one there.
func (r *record) holds(log *image, id replication.EntryID) bool {
	if e := log.entry(id); e != nil {
		return e.Chain == r.committed[id-1].chain
	}
	return log.missing(id) || id < log.state.First
}
