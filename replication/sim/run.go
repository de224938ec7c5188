package sim

import (
	"fmt"
	"runtime/debug"
	"time"
)

// healSteps is how many machine steps healing may take before the run counts
// as one that makes no progress.
const healSteps = 300_000

// Run runs one world from its seed to its end.
func Run(o Options) Result {
	if o.Steps == 0 {
		o.Steps = DefaultSteps
	}
	if o.Storage != nil {
		o.Without |= FaultRot // a replica whose last entry cannot be read stays out
	}
	w := newWorld(o)
	w.play()
	w.closeStorage()
	r := Result{Seed: o.Seed, Nodes: len(w.config.Members), Steps: w.step, Writes: w.writes, Crash: o.Crash, Simulated: time.Duration(w.now),
		Failure: w.failure, Trace: w.trace.lines(), Coverage: w.coverage}
	if w.healing != nil {
		r.Healed = time.Duration(w.now - w.healing.began)
	}
	return r
}

// play goes through both phases. A panic of a machine is a failed assertion.
func (w *world) play() {
	defer func() {
		if r := recover(); r != nil {
			w.fail(CheckAssertion, "%v\n%s", r, debug.Stack())
		}
	}()
	w.run(w.options.Steps, func() bool { return false })
	if w.failure != nil {
		return
	}
	w.mend()
	w.run(w.step+healSteps, w.healing.done)
	if w.failure == nil && !w.healing.done() {
		w.fail(CheckProgress, "%d steps were not enough to heal: stage %d", healSteps, w.healing.stage)
	}
}

func (r Result) String() string {
	s := fmt.Sprintf("seed %d: %d nodes, %d steps, %v simulated, %v of it healing", r.Seed, r.Nodes, r.Steps, r.Simulated, r.Healed)
	if r.Crash.Write != 0 {
		s += fmt.Sprintf(", crash at %v", r.Crash)
	}
	if r.Failure != nil {
		s += "\n" + r.Failure.Error()
	}
	return s
}
