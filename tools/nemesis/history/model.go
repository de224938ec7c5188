package history

import (
	"time"

	"github.com/anishathalye/porcupine"
)

// modelPatience is how long porcupine may think about one window. A window in
// which it finds no order within that is reported as such.
const modelPatience = time.Minute

// windowSize is how many operations porcupine is given at once: what it needs
// grows with their square.
const windowSize = 1000

// state is what the model knows of a stream.
type state struct {
	tail int64
	hash uint64
	term int64
}

// step is the model: what an operation does to a stream, and whether it can be.
func step(before, input, _ any) (ok bool, after any) {
	st, op := before.(state), input.(operation)
	switch op.kind {
	case appending:
		// A writer may have taken a greater term for itself, so the terms of appends rise without claims.
		if op.first != st.tail+1 || op.term < st.term {
			return false, st
		}
		for _, d := range op.digests {
			st.hash = Chain(st.hash, Entry{op.term, d})
		}
		return true, state{op.tail, st.hash, op.term}
	case claiming:
		if op.tail != st.tail || op.hash != st.hash || op.term <= st.term {
			return false, st
		}
		return true, state{st.tail, st.hash, op.term}
	}
	return op.tail == st.tail && op.hash == st.hash, st
}

// checkModel gives the operations to porcupine, window by window of the log.
//
// Which operation comes before which is known from the log, but for claims and
// reads of the same tail: so a history is linearizable if each stretch of the log
// is, and no operation is over before another of an earlier stretch begins. The
// latter is checkOrder's.
func (s *Stream) checkModel(ops []operation) {
	start := state{}
	for len(ops) > 0 {
		n := windowEnd(ops)
		s.checkWindow(start, ops[:n])
		for _, op := range ops[:n] {
			start.term = max(start.term, op.term)
		}
		start.tail = ops[n-1].tail
		start.hash = s.hashLocked(min(start.tail, int64(len(s.chain))))
		ops = ops[n:]
	}
}

// windowEnd is how many of the operations, which are in the log's order, are in
// the first window: all of one tail are in the same.
func windowEnd(ops []operation) int {
	n := min(windowSize, len(ops))
	for n < len(ops) && ops[n].tail == ops[n-1].tail {
		n++
	}
	return n
}

func (s *Stream) checkWindow(start state, ops []operation) {
	model := porcupine.Model{Init: func() any { return start }, Step: step}
	list := make([]porcupine.Operation, len(ops))
	for i, op := range ops {
		list[i] = porcupine.Operation{Input: op, Call: int64(op.Call), Return: int64(op.Return)}
	}
	switch porcupine.CheckOperationsTimeout(model, list, modelPatience) {
	case porcupine.Illegal:
		s.complainLocked("the %d operations with entries %d to %d are not linearizable", len(ops), start.tail+1, ops[len(ops)-1].tail)
	case porcupine.Unknown:
		s.complainLocked("the %d operations with entries %d to %d are too many to be ordered within %v", len(ops), start.tail+1, ops[len(ops)-1].tail, modelPatience)
	}
}
