package pgfront

import (
	"context"
	"fmt"
	"time"

	"walle/catalog"
	"walle/pgfront/query"
	"walle/pgfront/wire"
	"walle/replication"
)

// claimWait looks what a CLAIM waits for, and tells the client in a NOTICE: a
// claim may wait for ever, for a writer that lives or for a majority that does
// not answer, and its client would like to know which.
type claimWait struct {
	session *session
	desc    catalog.Desc
	cancel  context.CancelFunc
	done    chan struct{}
	reason  string // read after done
}

// claimLook is how often it is looked what a claim waits for.
const claimLook = 2 * time.Second

func (s *session) waitForClaim(desc catalog.Desc) *claimWait {
	ctx, cancel := context.WithCancel(context.Background())
	w := &claimWait{session: s, desc: desc, cancel: cancel, done: make(chan struct{})}
	quiet := !s.wants("NOTICE")
	go w.run(ctx, quiet)
	return w
}

// end returns what was waited for at last, "" if it was not for long.
func (w *claimWait) end() string {
	w.cancel()
	<-w.done
	return w.reason
}

func (w *claimWait) run(ctx context.Context, quiet bool) {
	defer close(w.done)
	tick := time.NewTicker(claimLook)
	defer tick.Stop()
	told := ""
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		kind, reason := w.look(ctx)
		if ctx.Err() != nil {
			return
		}
		w.reason = reason
		if kind == told || quiet {
			continue
		}
		told = kind
		var out wire.Buffer
		sendNotice(&out, "NOTICE", &query.Error{Code: "00000", Message: fmt.Sprintf("claim of stream \"%s\" waits for %s", w.desc.Name, kind), Detail: reason})
		w.session.box.notify(out.Bytes())
	}
}

// look asks the members. kind changes when something else is waited for; reason
// is a sentence with the particulars.
func (w *claimWait) look(ctx context.Context) (kind, reason string) {
	cfg := w.session.server.cfg
	st := statusOf{desc: w.desc}
	var err error
	if st.replicas, err = cfg.Engine.Status(ctx, w.desc.ID, w.desc.Config); err != nil {
		return "a majority of its replicas", ""
	}
	reached := 0
	for _, r := range st.replicas {
		if r.Hosted {
			reached++
		}
	}
	if reached < w.desc.Config.Quorum() {
		return "a majority of its replicas", fmt.Sprintf("%d of %d members answer.", reached, len(w.desc.Config.Members))
	}
	if held, ok := writerOf(st); ok {
		return fmt.Sprintf("the lease of term %d", held.Promised), w.session.server.holder(held)
	}
	return "its replicas", ""
}

// holder is a sentence about who has a stream.
func (s *Server) holder(held replication.Status) string {
	node := nodeName(s.cfg.Catalog.Snapshot(), held.Claim.Node)
	return fmt.Sprintf("It belongs to writer \"%s\" on node %s, and runs for another %v unless it is renewed.",
		held.Holder, node, held.Remaining.Round(time.Millisecond))
}
