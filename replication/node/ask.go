package node

import (
	"context"
	"time"

	"walle/replication"
)

// askAgain is after how long a question is repeated to those who have not
// answered.
const askAgain = 200 * time.Millisecond

// ask is a question to the members of a stream. Its shard's owner owns it.
type ask struct {
	id      replication.ClaimID
	stream  replication.StreamID
	config  replication.Configuration
	msg     replication.Message
	want    int // answers that are no refusals
	answers map[replication.NodeID]replication.Message
	over    bool
	done    chan struct{} // closed once it has what it wants, or all have answered
}

// Ask sends one request to every member of config and collects the answers. It
// returns once want members have answered other than with a refusal, or all have
// answered, or ctx has ended, with what there is by then. It repeats the question
// to who does not answer, so m must be harmless when doubled: Probe and Trim are.
func (n *Node) Ask(ctx context.Context, stream replication.StreamID, config replication.Configuration, m replication.Message, want int) map[replication.NodeID]replication.Message {
	s := n.shardOf(stream)
	a := &ask{
		id:      replication.ClaimID{Node: n.config.Self, Nonce: n.config.Random()},
		stream:  stream,
		config:  config,
		msg:     m,
		want:    want,
		answers: make(map[replication.NodeID]replication.Message, len(config.Members)),
		done:    make(chan struct{}),
	}
	again := time.NewTicker(askAgain)
	defer again.Stop()
	for open := s.inbox.putCall(func() { s.ask(a) }); open; {
		select {
		case <-again.C:
			open = s.inbox.putCall(func() { s.ask(a) })
		case <-a.done:
			return a.answers
		case <-ctx.Done():
			return s.finish(a)
		case <-s.stopped:
			return s.finish(a)
		}
	}
	return s.finish(a)
}

// finish forgets a and returns its answers.
func (s *shard) finish(a *ask) map[replication.NodeID]replication.Message {
	if !s.call(func() { s.endAsk(a) }) {
		<-s.stopped // by then the owner has no more to do with a
	}
	return a.answers
}

// ask sends a's question to who has not answered. Only the owner calls it.
func (s *shard) ask(a *ask) {
	if a.over {
		return
	}
	s.asks[a.id] = a
	for _, m := range a.config.Members {
		if _, ok := a.answers[m]; ok {
			continue
		}
		s.send(replication.Envelope{
			Stream: a.stream,
			Config: a.config.Number,
			From:   s.node.config.Self,
			To:     m,
			Claim:  a.id,
			Msg:    a.msg,
		})
	}
}

// askAnswered notes an answer. Only the owner calls it.
func (s *shard) askAnswered(a *ask, e *replication.Envelope) {
	if !a.config.Has(e.From) {
		return
	}
	a.answers[e.From] = e.Msg
	if a.enough() {
		s.endAsk(a)
		close(a.done)
	}
}

// enough reports whether nothing more has to be waited for.
func (a *ask) enough() bool {
	if len(a.answers) == len(a.config.Members) {
		return true
	}
	useful := 0
	for _, m := range a.answers {
		if _, refused := m.(replication.Refused); !refused {
			useful++
		}
	}
	return useful >= a.want
}

// endAsk leaves a's answers to who asked.
func (s *shard) endAsk(a *ask) {
	a.over = true
	delete(s.asks, a.id)
}
