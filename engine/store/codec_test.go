package store

import (
	"bytes"
	"math"
	"reflect"
	"testing"
	"time"

	"walle/replication"
)

func exampleState() replication.State {
	return replication.State{
		Config:   replication.Configuration{Number: 3, Members: []replication.NodeID{5, 6, math.MaxUint64}},
		Promised: 12, Claim: replication.ClaimID{Node: 6, Nonce: 99}, Holder: "app@10.0.0.1",
		Lease: 10 * time.Second, Wait: -1, Released: true,
		History: replication.History{{Term: 1, Start: 1}, {Term: 12, Start: 40}},
		First:   7, Base: replication.Position{ID: 6, Chain: 1 << 63}, BaseAt: -5,
		Gaps: []replication.Gap{{Lo: 10, Hi: 20, LoChain: 1, HiChain: 2, HiAt: 3}},
	}
}

// A field that is not stored is forgotten by a restart. The example has
// something in each, so that a new one is noticed here.
func TestStateFields(t *testing.T) {
	st := exampleState()
	checkNoZero(t, reflect.ValueOf(st), "State")
	got, err := decodeState(5, encodeState(5, &st))
	if err != nil || !reflect.DeepEqual(got, st) {
		t.Fatalf("%v\n got %+v\nwant %+v", err, got, st)
	}
}

func checkNoZero(t *testing.T, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			checkNoZero(t, v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	case reflect.Slice:
		if v.Len() == 0 {
			t.Errorf("%s is empty", path)
			return
		}
		checkNoZero(t, v.Index(0), path+"[0]")
	default:
		if v.IsZero() {
			t.Errorf("%s is zero", path)
		}
	}
}

// Damage anywhere in a value is noticed, and so is a value under another key.
func TestDamagedState(t *testing.T) {
	st := exampleState()
	value := encodeState(5, &st)
	for i := range value {
		for bit := range 8 {
			bad := bytes.Clone(value)
			bad[i] ^= 1 << bit
			if _, err := decodeState(5, bad); err == nil {
				t.Fatalf("bit %d of byte %d makes no difference", bit, i)
			}
		}
		if _, err := decodeState(5, value[:i]); err == nil {
			t.Fatalf("%d bytes of %d make a state", i, len(value))
		}
	}
	if _, err := decodeState(6, value); err == nil {
		t.Fatal("stream 6 took the state of stream 5")
	}
	if _, err := decodeCommit(6, encodeCommit(5, 1)); err == nil {
		t.Fatal("stream 6 took the commit of stream 5")
	}
}

// Damage anywhere in an entry's value is noticed, but for its chain: that is
// compared with the chains beside it.
func TestDamagedValue(t *testing.T) {
	e := replication.Entry{ID: 7, Term: 3, AppendedAt: -9, GroupEnd: true, Data: []byte("some data")}
	e.Seal(77)
	value := make([]byte, entryValueSize(&e))
	encodeEntry(value, &e)
	var got replication.Entry
	if err := decodeEntry(&got, 7, value); err != nil || got.Check() != nil || !reflect.DeepEqual(got, e) {
		t.Fatalf("%v\n got %+v\nwant %+v", err, got, e)
	}
	for i := range value {
		bad := bytes.Clone(value)
		bad[i] ^= 4
		err := decodeEntry(&got, 7, bad)
		if err == nil {
			err = got.Check()
		}
		if err == nil && got.Chain == e.Chain {
			t.Fatalf("byte %d makes no difference", i)
		}
	}
	if err := decodeEntry(&got, 8, value); err != nil || got.Check() == nil {
		t.Fatalf("entry 7 passes for entry 8: %v", err)
	}
}

// Whatever the bytes, a decoder returns, and what it takes it would write again.
func FuzzDecodeState(f *testing.F) {
	st := exampleState()
	f.Add(encodeState(5, &st)[1:])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		// Sealed here: else hardly any input would get past the checksum.
		body = body[:max(0, len(body)-sealSize)]
		value := appendSeal(append([]byte{stateVersion}, body...), 5)
		st, err := decodeState(5, value)
		if err != nil {
			return
		}
		if again := encodeState(5, &st); !bytes.Equal(again, value) {
			t.Fatalf("%x decodes to %+v, which encodes to %x", value, st, again)
		}
	})
}

func FuzzDecodeEntry(f *testing.F) {
	e := replication.Entry{ID: 7, Term: 3, AppendedAt: 9, GroupEnd: true, Data: []byte("some data")}
	e.Seal(77)
	value := make([]byte, entryValueSize(&e))
	encodeEntry(value, &e)
	f.Add(value)
	f.Add(value[:entryHeaderSize-1])
	f.Fuzz(func(t *testing.T, value []byte) {
		var e replication.Entry
		if err := decodeEntry(&e, 7, value); err != nil {
			return
		}
		again := make([]byte, entryValueSize(&e))
		encodeEntry(again, &e)
		if !bytes.Equal(again, value) {
			t.Fatalf("%x decodes to %+v, which encodes to %x", value, e, again)
		}
	})
}

// A stamp is taken only as it is written.
func FuzzParseStamp(f *testing.F) {
	f.Add(stamp{identity: Identity{NodeID: 12345, Name: "n \"1\"\n", Cluster: 7}, created: true}.String())
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := parseStamp([]byte(text)); err == nil && s.String() != text {
			t.Fatalf("%q is taken for %q", text, s)
		}
	})
}
