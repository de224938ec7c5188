package sim

import (
	"walle/replication"
)

// question is a reader that asks a majority how far the log goes, to see all
// that was acknowledged before it asked.
type question struct {
	claim   replication.ClaimID
	acked   replication.EntryID // when it was asked
	flush   replication.EntryID // the highest answer
	answers []replication.NodeID
}

// questionsMax is how many are remembered.
const questionsMax = 4

// ask probes all members from h.
func (w *world) ask(h *host) {
	w.nonce++
	q := question{claim: replication.ClaimID{Node: h.id, Nonce: w.nonce}, acked: w.ledger.acked}
	if len(w.questions) == questionsMax {
		w.questions = w.questions[1:]
	}
	w.questions = append(w.questions, q)
	for _, m := range w.config.Members {
		w.send(h, replication.Envelope{Stream: stream, Config: w.config.Number, From: h.id, To: m, Claim: q.claim, Msg: replication.Probe{}})
	}
}

// askTrim asks all members to drop a prefix, as somebody does who is not the
// writer.
func (w *world) askTrim(h *host) {
	w.nonce++
	claim := replication.ClaimID{Node: h.id, Nonce: w.nonce}
	first := replication.EntryID(w.rand.Uint64N(uint64(w.ledger.frontier())+2)) + 1
	w.ledger.trims = max(w.ledger.trims, first-1)
	for _, m := range w.config.Members {
		w.send(h, replication.Envelope{Stream: stream, Config: w.config.Number, From: h.id, To: m, Claim: claim, Msg: replication.Trim{First: first}})
	}
}

// answer takes a Status for a question, if it is one.
func (w *world) answer(env replication.Envelope) bool {
	status, ok := env.Msg.(replication.Status)
	for i := range w.questions {
		q := &w.questions[i]
		if !ok || q.claim != env.Claim {
			continue
		}
		for _, n := range q.answers {
			if n == env.From {
				return true
			}
		}
		q.answers = append(q.answers, env.From)
		q.flush = max(q.flush, status.Flush)
		if len(q.answers) == w.config.Quorum() {
			w.took(pathQuorumRead)
			if q.flush < q.acked {
				w.fail(CheckRead, "a majority's logs reach %d; %d was acknowledged before it was asked", q.flush, q.acked)
			}
		}
		return true
	}
	return false
}
