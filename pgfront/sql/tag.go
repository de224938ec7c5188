package sql

func (*CreateStream) Tag() string     { return "CREATE STREAM" }
func (*DropStream) Tag() string       { return "DROP STREAM" }
func (*AlterStream) Tag() string      { return "ALTER STREAM" }
func (*ClaimStream) Tag() string      { return "CLAIM STREAM" }
func (*RenewStream) Tag() string      { return "RENEW STREAM" }
func (*ReleaseStream) Tag() string    { return "RELEASE STREAM" }
func (*TrimStream) Tag() string       { return "TRIM STREAM" }
func (*TailStream) Tag() string       { return "TAIL STREAM" }
func (*Insert) Tag() string           { return "INSERT" }
func (*Select) Tag() string           { return "SELECT" }
func (*Explain) Tag() string          { return "EXPLAIN" }
func (*Copy) Tag() string             { return "COPY" }
func (*Commit) Tag() string           { return "COMMIT" }
func (*Rollback) Tag() string         { return "ROLLBACK" }
func (*Savepoint) Tag() string        { return "SAVEPOINT" }
func (*ReleaseSavepoint) Tag() string { return "RELEASE" }
func (*RollbackTo) Tag() string       { return "ROLLBACK" }
func (*Set) Tag() string              { return "SET" }
func (*SetTransaction) Tag() string   { return "SET" }
func (*Show) Tag() string             { return "SHOW" }
func (*Reset) Tag() string            { return "RESET" }
func (d *Discard) Tag() string        { return "DISCARD " + d.Target }
func (*Prepare) Tag() string          { return "PREPARE" }
func (*Execute) Tag() string          { return "EXECUTE" }
func (*DeclareCursor) Tag() string    { return "DECLARE CURSOR" }
func (*Listen) Tag() string           { return "LISTEN" }
func (*Unlisten) Tag() string         { return "UNLISTEN" }
func (*Empty) Tag() string            { return "" }
func (u *Unsupported) Tag() string    { return u.What }

// Tag tells BEGIN and START TRANSACTION apart, as PostgreSQL does.
func (b *Begin) Tag() string {
	if b.start {
		return "START TRANSACTION"
	}
	return "BEGIN"
}

// Tag is "DEALLOCATE", or "DEALLOCATE ALL".
func (d *Deallocate) Tag() string {
	if d.All {
		return "DEALLOCATE ALL"
	}
	return "DEALLOCATE"
}

// Tag is "FETCH" or "MOVE".
func (f *Fetch) Tag() string {
	if f.Move {
		return "MOVE"
	}
	return "FETCH"
}

// Tag is "CLOSE CURSOR", or "CLOSE CURSOR ALL".
func (c *CloseCursor) Tag() string {
	if c.All {
		return "CLOSE CURSOR ALL"
	}
	return "CLOSE CURSOR"
}

func (AddReplica) alterAction()     {}
func (DropReplica) alterAction()    {}
func (ReplaceReplica) alterAction() {}
func (SetOptions) alterAction()     {}
func (RenameStream) alterAction()   {}
