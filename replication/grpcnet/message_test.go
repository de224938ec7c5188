package grpcnet

import (
	"bytes"
	"math/rand"
	"reflect"
	"testing"
	"testing/quick"

	"google.golang.org/grpc/mem"
	"walle/replication"
)

// samples has one message of every kind.
var samples = []replication.Message{
	replication.Probe{}, replication.Status{}, replication.Summarize{}, replication.Summary{}, replication.Prepare{}, replication.Promise{}, replication.Refused{},
	replication.Begin{}, replication.Append{}, replication.Appended{}, replication.Fetch{}, replication.Fetched{},
	replication.Release{}, replication.Released{}, replication.Trim{}, replication.Trimmed{}, ping{}, pong{},
}

// randomEnvelope is an envelope with any values in all the fields of m's type.
func randomEnvelope(r *rand.Rand, m replication.Message) replication.Envelope {
	value := func(t reflect.Type) reflect.Value {
		v, ok := quick.Value(t, r)
		if !ok {
			panic("no random " + t.String())
		}
		return v
	}
	e := replication.Envelope{From: 1, To: 2, Msg: value(reflect.TypeOf(m)).Interface().(replication.Message)}
	e.Stream = replication.StreamID(r.Uint64())
	e.Config = replication.ConfigNumber(r.Uint64() >> r.Intn(64))
	if r.Intn(2) == 0 {
		e.Claim = value(reflect.TypeOf(e.Claim)).Interface().(replication.ClaimID)
	}
	switch m := e.Msg.(type) {
	case replication.Append:
		spread(r, m.Prev.ID, m.Entries)
	case replication.Fetched:
		spread(r, m.Prev.ID, m.Entries)
	}
	return normal(e)
}

// spread makes some entries follow each other, and some large enough not to be
// copied.
func spread(r *rand.Rand, prev replication.EntryID, list []replication.Entry) {
	for i := range list {
		if r.Intn(2) == 0 {
			list[i].ID = prev + 1
		}
		if r.Intn(2) == 0 && i > 0 {
			list[i].Term, list[i].AppendedAt = list[i-1].Term, list[i-1].AppendedAt
		}
		if r.Intn(8) == 0 {
			list[i].Data = bytes.Repeat([]byte{byte(i)}, copyBelow+r.Intn(100))
		}
		prev = list[i].ID
	}
}

// normal maps what the wire does not tell apart to one value: empty lists to
// nil, nil data to empty data.
func normal(e replication.Envelope) replication.Envelope {
	tidy := func(list []replication.Entry) []replication.Entry {
		for i := range list {
			if list[i].Data == nil {
				list[i].Data = []byte{}
			}
		}
		return list[:len(list):len(list)]
	}
	switch m := e.Msg.(type) {
	case replication.Append:
		if m.Entries = tidy(m.Entries); len(m.Entries) == 0 {
			m.Entries = nil
		}
		e.Msg = m
	case replication.Fetched:
		if m.Entries = tidy(m.Entries); len(m.Entries) == 0 {
			m.Entries = nil
		}
		e.Msg = m
	case replication.Begin:
		if len(m.History) == 0 {
			m.History = nil
		}
		e.Msg = m
	case replication.Promise:
		if len(m.History) == 0 {
			m.History = nil
		}
		e.Msg = m
	case replication.Summary:
		if len(m.History) == 0 {
			m.History = nil
		}
		e.Msg = m
	}
	return e
}

// TestRoundTrip would fail if a field of any message were not sent, or if a
// frame were larger than what its queue counted.
func TestRoundTrip(t *testing.T) {
	k := new(codec)
	check := func(seed int64) bool {
		r := rand.New(rand.NewSource(seed))
		var sent envelopes
		for _, i := range r.Perm(len(samples)) {
			sent.list = append(sent.list, randomEnvelope(r, samples[i]))
		}
		out, err := k.Marshal(&sent)
		if err != nil {
			t.Log(err)
			return false
		}
		if out.Len() > sent.size() {
			t.Logf("frame of %d bytes, counted %d", out.Len(), sent.size())
			return false
		}
		got := envelopes{from: 1, to: 2}
		if err := k.Unmarshal(out, &got); err != nil {
			t.Log(err)
			return false
		}
		out.Free()
		for i := range sent.list {
			if i >= len(got.list) || !reflect.DeepEqual(sent.list[i], got.list[i]) {
				t.Logf("sent %v\ngot  %v", sent.list, got.list)
				return false
			}
		}
		return len(got.list) == len(sent.list)
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 500}); err != nil {
		t.Error(err)
	}
}

// TestLargestMessages would fail if the bound of a message's size were too low
// for values that take the most bytes.
func TestLargestMessages(t *testing.T) {
	for _, m := range samples {
		v := reflect.New(reflect.TypeOf(m)).Elem()
		fillHighest(v)
		e := replication.Envelope{Stream: 1<<64 - 1, Config: 1<<64 - 1, Claim: replication.ClaimID{Node: 1, Nonce: 1}, Msg: v.Interface().(replication.Message)}
		f := envelopes{list: []replication.Envelope{e}}
		if n := len(encode(&f)); n > f.size() {
			t.Errorf("%T takes %d bytes, counted %d", m, n, f.size())
		}
	}
}

// fillHighest sets every number to the value with the longest encoding.
func fillHighest(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fillHighest(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range v.Len() {
			fillHighest(v.Index(i))
		}
	case reflect.Int, reflect.Int64:
		v.SetInt(-1 << 63)
	case reflect.Uint64:
		v.SetUint(1<<64 - 1)
	case reflect.Uint8:
		v.SetUint(1<<8 - 1)
	case reflect.String:
		v.SetString("somebody")
	case reflect.Bool:
		v.SetBool(true)
	}
}

// TestEntriesAreNotCopied would fail if a large payload were copied on its way
// into a frame.
func TestEntriesAreNotCopied(t *testing.T) {
	data := make([]byte, copyBelow)
	out, err := new(codec).Marshal(&envelopes{list: []replication.Envelope{{Msg: replication.Append{Entries: []replication.Entry{{Data: data}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range out {
		if b.Len() == len(data) && &b.ReadOnlyData()[0] == &data[0] {
			return
		}
	}
	t.Errorf("payload is in none of %d buffers", len(out))
}

// TestBadFrames shows that wrong bytes are refused, and lengths checked before
// anything is allocated for them.
func TestBadFrames(t *testing.T) {
	huge := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}
	for name, b := range map[string][]byte{
		"kind 0":             {0, 1, 1},
		"unknown kind":       {0x7f, 1, 1},
		"no config":          {byte(kindProbe), 1},
		"cut claim":          {byte(kindProbe | hasClaim), 1, 1, 5},
		"endless number":     {byte(kindTrim), 1, 1, 0x80, 0x80},
		"history of 2^64":    append([]byte{byte(kindBegin), 1, 1, 1}, huge...),
		"holder of 2^64":     append([]byte{byte(kindPrepare), 1, 1, 1}, huge...),
		"flag of 2":          {byte(kindPrepare), 1, 1, 1, 0, 0, 2},
		"entries of 2^64":    append(append([]byte{byte(kindAppend), 1, 1}, make([]byte, 15)...), huge...),
		"unknown entry flag": append(append([]byte{byte(kindAppend), 1, 1}, make([]byte, 15)...), append([]byte{1, 0x80}, make([]byte, 30)...)...),
	} {
		if err := decode(b, new(envelopes)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	allocated := testing.AllocsPerRun(10, func() {
		decode(append([]byte{byte(kindBegin), 1, 1, 1}, huge...), new(envelopes))
	})
	if allocated > 20 {
		t.Errorf("%v allocations for a short frame", allocated)
	}
}

// FuzzDecodeFrame would fail if bytes from the network could panic the decoder,
// or decode to what does not encode to the same messages again.
func FuzzDecodeFrame(f *testing.F) {
	r := rand.New(rand.NewSource(1))
	for _, m := range samples {
		f.Add(encode(&envelopes{list: []replication.Envelope{randomEnvelope(r, m)}}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var first, second envelopes
		if decode(b, &first) != nil {
			return
		}
		if err := decode(encode(&first), &second); err != nil {
			t.Fatalf("%v does not decode again: %v", first.list, err)
		}
		if len(first.list) > 0 && !reflect.DeepEqual(first.list, second.list) {
			t.Fatalf("%v came back as %v", first.list, second.list)
		}
	})
}

// TestBlockPool would fail if a block came back shorter than asked for, or if
// one of a foreign size were handed out again.
func TestBlockPool(t *testing.T) {
	var p blockPool
	var _ mem.BufferPool = &p
	for _, n := range []int{0, 1, 1 << 10, 1<<10 + 1, 2 << 10, 2<<10 + 1, 100 << 10, 1 << 20, 1<<20 + 1, 5 << 20} {
		for range 3 {
			b := p.Get(n)
			if len(*b) != n {
				t.Errorf("block of %d bytes, asked for %d", len(*b), n)
			}
			p.Put(b)
		}
	}
	odd := make([]byte, 3000)
	p.Put(&odd)
	if b := p.Get(4000); len(*b) != 4000 {
		t.Errorf("block of %d bytes, asked for 4000", len(*b))
	}
}
