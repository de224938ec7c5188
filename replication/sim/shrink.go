package sim

// shrinkTries is how many neighbouring seeds Shrink tries for each set of
// faults.
const shrinkTries = 300

// Shrink looks for a shorter run that fails by the same checker as that of o:
// with fewer kinds of faults, fewer nodes, and after fewer steps. A seed is a run,
// so other seeds are tried with less in them.
func Shrink(o Options) Options {
	r := Run(o)
	if r.Failure == nil {
		return o
	}
	best, steps := o, r.Failure.Step
	for kind := Fault(1); kind < faultEnd; kind <<= 1 {
		o := best
		o.Without |= kind
		if n, ok := shortest(&o, r.Failure.Checker, steps+steps/4); ok {
			best, steps = o, min(n, steps)
		}
	}
	o = best
	o.Nodes = 3
	if _, ok := shortest(&o, r.Failure.Checker, steps); ok {
		best = o
	}
	return best
}

// shortest looks among the seeds from o.Seed on for the run that fails by c after
// the fewest steps, at most so many, and sets o to it.
func shortest(o *Options, c Checker, most int) (steps int, ok bool) {
	best := o.Seed
	for seed := o.Seed; seed < o.Seed+shrinkTries; seed++ {
		try := *o
		try.Seed, try.Steps = seed, most
		f := Run(try).Failure
		if f != nil && f.Checker == c && f.Step <= most {
			best, most, ok = seed, f.Step, true
		}
	}
	o.Seed = best
	if ok && (o.Steps == 0 || o.Steps > most) {
		o.Steps = 0
	}
	return most, ok
}
