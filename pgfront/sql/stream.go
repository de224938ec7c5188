package sql

// isStream tells whether the piece is in our own grammar rather than in
// PostgreSQL's: a verb and the word STREAM. RELEASE STREAM and nothing more
// releases a savepoint of that name.
func (p piece) isStream() bool {
	if len(p.tokens) < 2 || !p.isWord(p.tokens[1], "stream") {
		return false
	}
	switch lower(p.text(p.tokens[0])) {
	case "create", "drop", "alter", "claim", "renew", "trim", "tail":
		return true
	case "release":
		return len(p.tokens) > 2
	}
	return false
}

// hasOwnVerb tells of the verbs that SQL does not have, of which PostgreSQL's
// parser would only say that it knows none such.
func (p piece) hasOwnVerb() bool {
	switch lower(p.text(p.tokens[0])) {
	case "claim", "renew", "trim", "tail":
		return true
	}
	return false
}

// parseStream reads a statement of our own grammar.
func (p piece) parseStream() (Statement, *Error) {
	src, err := p.source()
	if err != nil {
		return nil, err
	}
	v := &verbParser{piece: p, next: 1}
	v.word("stream")
	statement := v.statement(lower(p.text(p.tokens[0])), src)
	v.end()
	if v.err != nil {
		return nil, v.err
	}
	return statement, nil
}

func (v *verbParser) statement(verb string, src Source) Statement {
	switch verb {
	case "create":
		return v.create(src)
	case "drop":
		ifExists := v.maybe("if", "exists")
		return &DropStream{Source: src, IfExists: ifExists, Stream: v.name()}
	case "alter":
		return v.alter(src)
	case "claim":
		return v.claim(src)
	case "renew":
		return &RenewStream{Source: src, Stream: v.name()}
	case "release":
		return &ReleaseStream{Source: src, Stream: v.name()}
	case "trim":
		return v.trim(src)
	}
	return v.tail(src)
}

func (v *verbParser) create(src Source) *CreateStream {
	s := &CreateStream{Source: src}
	s.IfNotExists = v.maybe("if", "not", "exists")
	s.Stream = v.name()
	if v.maybe("with") {
		s.Options = v.options()
	}
	return s
}

func (v *verbParser) alter(src Source) *AlterStream {
	s := &AlterStream{Source: src}
	s.IfExists = v.maybe("if", "exists")
	s.Stream = v.name()
	switch {
	case v.maybe("add", "replica"):
		s.Action = AddReplica{Node: v.node()}
	case v.maybe("drop", "replica"):
		s.Action = DropReplica{Node: v.node()}
	case v.maybe("replace", "replica"):
		old := v.node()
		v.word("with")
		s.Action = ReplaceReplica{Old: old, New: v.node()}
	case v.maybe("set"):
		s.Action = SetOptions{Options: v.options()}
	case v.maybe("rename", "to"):
		s.Action = RenameStream{To: v.identifier()}
	default:
		v.fail(v.errUnexpected())
	}
	return s
}

func (v *verbParser) claim(src Source) *ClaimStream {
	s := &ClaimStream{Source: src, Stream: v.name()}
	switch {
	case v.maybe("nowait"):
		s.Mode = ClaimNoWait
	case v.maybe("force"):
		s.Mode = ClaimForce
	default:
		v.maybe("wait")
	}
	if v.maybe("resume") {
		s.Resume = v.string()
	}
	if v.maybe("with") {
		s.Options = v.options()
	}
	return s
}

func (v *verbParser) trim(src Source) *TrimStream {
	s := &TrimStream{Source: src, Stream: v.name()}
	v.word("to")
	s.To = v.value()
	return s
}

func (v *verbParser) tail(src Source) *TailStream {
	s := &TailStream{Source: src, Stream: v.name()}
	if v.maybe("from") {
		from := v.value()
		s.From = &from
	}
	if v.maybe("where") {
		s.Where = v.expression()
	}
	return s
}
