package main

// storeMutants are ways to get the storage wrong that is below the protocol.
func storeMutants() []mutant {
	list := []mutant{
		// What a batch is.
		{name: "the state is not in the batch of the entries", file: "apply.go", rests: "one Apply is one batch",
			old: "return b.Set(key, encodeState(w.Stream, w.State), nil)", new: "return s.db.Set(key, encodeState(w.Stream, w.State), pebble.NoSync)"},
		{name: "the commit is written before the entries", file: "apply.go", rests: "one Apply is one batch", quick: true,
			old: "if err := b.Set(key, encodeCommit(w.Stream, w.Commit), nil); err != nil {", new: "if err := s.db.Set(key, encodeCommit(w.Stream, w.Commit), pebble.NoSync); err != nil {"},
		{name: "a cut drops one entry too many", file: "apply.go", rests: "Write.Above", quick: true,
			old: "deleteEntries(b, w.Stream, w.Above+1, lastEntryID)", new: "deleteEntries(b, w.Stream, w.Above, lastEntryID)"},
		{name: "a cut leaves one entry", file: "apply.go", rests: "Write.Above",
			old: "deleteEntries(b, w.Stream, w.Above+1, lastEntryID)", new: "deleteEntries(b, w.Stream, w.Above+2, lastEntryID)"},
		{name: "a cut goes on into the next stream", file: "apply.go", rests: "streams share nothing",
			old: "deleteEntries(b, w.Stream, w.Above+1, lastEntryID)", new: "b.DeleteRange(appendEntryKey(nil, w.Stream, w.Above+1), appendEntryKey(nil, w.Stream+2, 0), nil)"},
		{name: "a trim in the store drops one entry too many", file: "apply.go", rests: "Write.Below", quick: true,
			old: "deleteEntries(b, w.Stream, low, w.Below-1)", new: "deleteEntries(b, w.Stream, low, w.Below)"},
		{name: "a trim in the store leaves one entry", file: "apply.go", rests: "Write.Below",
			old: "deleteEntries(b, w.Stream, low, w.Below-1)", new: "deleteEntries(b, w.Stream, low, w.Below-2)"},
		{name: "a range deletion leaves its last entry", file: "apply.go", rests: "Write.Below",
			old: "appendEntryKeyAfter(nil, stream, high), nil)", new: "appendEntryKey(nil, stream, high), nil)"},
		{name: "a trim begins above what the last one left", file: "trims.go", rests: "Write.Below",
			old: "low = t.below[stream]\n", new: "low = t.below[stream] + 1\n"},

		// What durable is.
		{name: "a batch is written without a sync", file: "apply.go", rests: "Pending.Wait", quick: true,
			old: "if sync {\n\t\t// An empty", new: "if false {\n\t\t// An empty"},
		{name: "an empty batch does not sync those before it", file: "apply.go", rests: "Pending.Wait",
			old: "if b.Empty() {", new: "if false {"},
		{name: "a sync that failed is reported as done", file: "apply.go", rests: "Pending.Wait", quick: true,
			old: "if p.err = p.failure.first(); p.err != nil {", new: "if false {"},
		{name: "a sync may fail and another be tried", file: "failstop.go", rests: "the first failure is the last",
			old: "if err := do(); err != nil {", new: "if err := do(); err != nil && what != \"sync\" {"},
		{name: "a write that failed is taken as done", file: "failstop.go", rests: "the first failure is the last",
			old: "f.fs.change(\"write\", f.name, func() error {\n\t\t_, err := f.File.Write(p)\n\t\treturn err", new: "f.fs.change(\"write\", f.name, func() error {\n\t\tf.File.Write(p)\n\t\treturn nil"},

		// What is read.
		{name: "the checksum of an entry is not compared", file: "scan.go", rests: "damage is a gap",
			old: "err = c.entry.Check()", new: "err = nil"},
		{name: "the log's first entry is taken for its last", file: "load.go", rests: "Loaded.Tail",
			old: "if c.last() {\n\t\te := c.entry\n\t\te.Data", new: "if c.first() {\n\t\te := c.entry\n\t\te.Data"},
	}
	for i := range list {
		list[i].dir, list[i].hunter = "engine/store", stores
	}
	return list
}
