package sim

import (
	"fmt"
	"io"
	"strings"
	"time"

	"walle/replication"
)

// Options say what to run. The zero value with a Seed is a run of the usual
// size with everything chosen by the seed.
type Options struct {
	Seed    uint64
	Nodes   int       // members: 1, 3 or 5; 0 lets the seed choose
	Steps   int       // machine steps of the fault phase; 0 means DefaultSteps
	Without Fault     // kinds of faults that are switched off
	Trace   io.Writer // every event is written here as it happens; nil for none
	Last    int       // how many of the last events Result.Trace keeps; 0 for none
	Crash   CrashPoint

	// Storage makes what a member keeps its replica on, with chance of its own
	// from the seed; nil leaves all to the model.
	Storage func(node replication.NodeID, seed uint64) (Storage, error)
}

// DefaultSteps is the length of a usual run's fault phase.
const DefaultSteps = 3000

// Result is what became of a run.
type Result struct {
	Seed      uint64
	Nodes     int
	Steps     int           // machine steps, of both phases
	Writes    int           // of the fault phase
	Crash     CrashPoint    // as asked for
	Simulated time.Duration // true time that passed in the world
	Healed    time.Duration // of it, from the end of faults to the end
	Failure   *Failure      // nil when every checker was content
	Trace     []string
	Coverage  Coverage
}

// Failure is the first broken invariant of a run.
type Failure struct {
	Checker Checker
	Message string
	Step    int
}

func (f *Failure) Error() string {
	return fmt.Sprintf("step %d: %s: %s", f.Step, f.Checker, f.Message)
}

// Fault is a set of fault kinds.
type Fault uint32

const (
	FaultLoss Fault = 1 << iota
	FaultDouble
	FaultReorder
	FaultDelay     // spikes
	FaultPartition // both ways
	FaultOneWay
	FaultCrash
	FaultCrashMany
	FaultTornStep // a crash between a step's writes and its sends
	FaultPause
	FaultSlowDisk
	FaultSyncFail
	FaultDamage
	FaultSkew
	FaultWild // clocks beyond the assumption; leases are not checked
	FaultWall
	FaultAim // what strikes at a certain message
	FaultCompete
	FaultDrop // sessions that vanish
	FaultTrim
	FaultPartial  // partitions of single pairs of nodes
	FaultFill     // disks that become nearly full
	FaultOverflow // disks that are full: a write fails, the node stops
	FaultRot      // bits that flip wherever another copy is in order
	FaultGarble   // bits of entries that flip on their way
	faultEnd
)

// NoFaults switches all kinds off.
const NoFaults = faultEnd - 1

var faultNames = [...]string{
	"loss", "double", "reorder", "delay", "partition", "oneway", "crash", "crashmany", "tornstep", "pause",
	"slowdisk", "syncfail", "damage", "skew", "wild", "wall", "aim", "compete", "drop", "trim",
	"partial", "fill", "overflow", "rot", "garble",
}

func (f Fault) String() string {
	var names []string
	for i, name := range faultNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// ParseFaults reads a list of names as String prints it.
func ParseFaults(s string) (Fault, error) {
	var set Fault
	for name := range strings.SplitSeq(s, ",") {
		if name == "" {
			continue
		}
		found := false
		for i, known := range faultNames {
			if name == known {
				set |= 1 << i
				found = true
			}
		}
		if !found {
			return 0, fmt.Errorf("no kind of fault is called %q; there are %s", name, NoFaults)
		}
	}
	return set, nil
}

// Checker names an invariant that a run broke.
type Checker string

const (
	CheckAssertion Checker = "assertion"             // the machine itself found its state broken
	CheckLost      Checker = "committed is lost"     // or moved, or changed
	CheckMajority  Checker = "commit is a majority"  // committed without a durable majority
	CheckDense     Checker = "ids are dense"         // or the chain breaks
	CheckMatching  Checker = "logs match"            // one term, one entry_id, two logs
	CheckGroup     Checker = "groups are whole"      //
	CheckOrigin    Checker = "entries are original"  // what nobody appended, or changed bytes
	CheckTerms     Checker = "terms rise"            // of a replica's promises, of a log's entries
	CheckPromise   Checker = "promises are kept"     // one claim a term, durable before it is answered
	CheckWriter    Checker = "one writer a term"     //
	CheckNot       Checker = "not applied stays out" //
	CheckReply     Checker = "one reply"             // each proposal, within its deadline
	CheckTruncate  Checker = "commit is not cut"     // truncated below the commit
	CheckTrim      Checker = "trim is asked for"     // nothing uncommitted, nothing beyond what was asked
	CheckDurable   Checker = "acks are durable"      // answered before it was synced
	CheckAnswer    Checker = "answers are true"      // three-valued answers, positions, committed reads
	CheckBackfill  Checker = "back-fill is original" //
	CheckLease     Checker = "leases exclude"        // a lease window overlaps a later writer
	CheckRead      Checker = "reads see acks"        // a linearizable read misses an acknowledged entry
	CheckOrder     Checker = "time does not fall"    // AppendedAt along the stream
	CheckSpace     Checker = "full disks are spared" // they take what is on its way, and no more
	CheckMemory    Checker = "memory is bounded"     //
	CheckMutation  Checker = "messages are values"   // changed after they were sent
	CheckSpin      Checker = "machines rest"         // a machine asks for ever more steps at one time
	CheckProgress  Checker = "progress"              // after healing: claim, append, commit
	CheckConverge  Checker = "replicas converge"     // after healing: equal logs, no gaps
)
