package main

import "slices"

// mutants are the ways in which this protocol, or one of its family, has been or
// could be got wrong: one line each.
func mutants() []mutant {
	return slices.Concat(promiseMutants(), recoveryMutants(), appendMutants(), gapMutants(), progressMutants(), storeMutants())
}
