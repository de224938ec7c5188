package explore

import (
	"reflect"
	"slices"

	"walle/replication"
)

// A replica numbers its writes and reads. Only which of them are done tells two
// states apart, not how many there ever were; and redelivered questions would
// make endlessly many states of one. So after each step the writes are numbered
// anew, those that are synced being 0, and so are the reads, which are all done.
// This needs the names of the fields. If there are others, nothing is renumbered.

// counters are all fields of a Replica that are plain numbers: of writes, of
// reads, and the nonce of a claim. No number of a read is kept when all are done,
// but for the last.
var counters = []string{
	"backfill.ref", "fetches.ref", "lastRef", "lastSeq", "marks.ref", "pending.seq", "state.Claim.Nonce", "synced", "trim.seq", "vowedSeq",
}

// countersKnown reports whether these are all.
func countersKnown() bool {
	found := countersOf(reflect.TypeFor[replication.Replica](), "")
	slices.Sort(found)
	return slices.Equal(found, counters)
}

// countersOf lists the fields of type uint64 in t.
func countersOf(t reflect.Type, name string) (found []string) {
	switch t.Kind() {
	case reflect.Uint64:
		if t == reflect.TypeFor[uint64]() {
			return []string{name}
		}
	case reflect.Slice, reflect.Array, reflect.Pointer:
		return countersOf(t.Elem(), name)
	case reflect.Struct:
		if t == envelopeType {
			return nil
		}
		for i := range t.NumField() {
			f := t.Field(i)
			inner := f.Name
			if name != "" {
				inner = name + "." + f.Name
			}
			found = append(found, countersOf(f.Type, inner)...)
		}
	}
	return found
}

// renumber numbers n's writes and reads anew.
func (n *node) renumber() {
	r := reflect.ValueOf(n.replica).Elem()
	synced := r.FieldByName("synced").Uint()
	lower := func(v reflect.Value) {
		v = open(v)
		v.SetUint(v.Uint() - min(v.Uint(), synced))
	}
	pending := r.FieldByName("pending")
	for i := range pending.Len() {
		lower(pending.Index(i).FieldByName("seq"))
	}
	lower(r.FieldByName("lastSeq"))
	lower(r.FieldByName("vowedSeq"))
	lower(r.FieldByName("trim").FieldByName("seq"))
	lower(r.FieldByName("synced"))
	open(r.FieldByName("lastRef")).SetUint(0)
	for i := range n.pending {
		n.pending[i].Seq -= synced
	}
}
