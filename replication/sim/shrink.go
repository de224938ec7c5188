package sim

// shrinkTries is how many seeds Shrink tries for each kind of fault.
const shrinkTries = 300

// Shrink looks for a run that fails by the same checker as that of o, with fewer
// kinds of faults, three nodes, and after fewer steps. A seed is a run, so what
// is left out changes everything: the seeds that follow are tried.
func Shrink(o Options) Options {
	f := Run(o).Failure
	if f == nil {
		return o
	}
	if o.Steps == 0 {
		o.Steps = DefaultSteps
	}
	best, most := o, f.Step
	for kind := Fault(1); kind < faultEnd; kind <<= 1 {
		o := best
		o.Without |= kind
		best, most = shorter(best, o, f.Checker, most)
	}
	if best.Nodes == 0 {
		o := best
		o.Nodes = 3
		best, _ = shorter(best, o, f.Checker, most)
	}
	return best
}

// shorter returns the run that fails by c after the fewest steps, at most so
// many, among those of o and of the seeds after it; or best, if there is none.
func shorter(best, o Options, c Checker, most int) (Options, int) {
	first := o.Seed
	for seed := first; seed < first+shrinkTries; seed++ {
		o.Seed = seed
		o.Steps = min(o.Steps, most) // without effect on what fails in the fault phase
		if f := Run(o).Failure; f != nil && f.Checker == c && f.Step <= most {
			best, most = o, f.Step
		}
	}
	return best, most
}
