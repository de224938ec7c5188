package sim

import (
	"math"
	"math/rand/v2"
	"time"

	"walle/replication"
)

// weights are what a seed decides before anything happens (swarm testing: most
// seeds switch most faults off and so reach deeper with the rest).
type weights struct {
	on Fault

	fifo             bool // links keep their order
	loss, double     float64
	garble           float64
	delayMin         time.Duration
	delayMax         time.Duration
	spike            float64 // chance of a delay of up to spikeMax
	spikeMax         time.Duration
	syncMin, syncMax time.Duration
	readMax          time.Duration
	skew             float64 // clocks run between 1-skew and 1+skew
	faultEvery       time.Duration
	outageMax        time.Duration // how long crashes, cuts and pauses last
	tornStep         float64       // a step
	aim              float64       // a message of the aimed kind
	aimed            message
	clients          int
	pace             time.Duration // between a client's acts
	burst            int           // groups proposed at one time
	groupMax         int
	payloadMax       int
	leases           []time.Duration
	wait, noWait     float64 // modes of claims; the rest force
	release, drop    float64 // an act of a serving client
	trim             float64
	patience         time.Duration // a claim's deadline
	proposalDeadline time.Duration // 0 for none
	compete          float64       // chance that a client claims while another serves
	vigilant         bool          // messages are printed when sent and compared when delivered
	limits           replication.Limits
	tickLate         time.Duration // a timer is late by
	quiet            float64       // chance that a session renews by itself
	silentRot        bool          // disks do not notice it: changed bytes are read
	capacity         int           // bytes of entries that fit on a disk, about; 0 when disks never fill
}

// drawWeights decides them.
func drawWeights(r *rand.Rand, without Fault) weights {
	w := weights{
		fifo:     r.IntN(2) == 0,
		delayMin: between(r, 10*time.Microsecond, 500*time.Microsecond),
		syncMin:  between(r, 10*time.Microsecond, 300*time.Microsecond),
		pace:     between(r, 300*time.Microsecond, 20*time.Millisecond),
		clients:  1 + r.IntN(4),
		burst:    1 + r.IntN(8),
		groupMax: 1 + r.IntN(5),
		leases:   make([]time.Duration, 1+r.IntN(2)),
		patience: between(r, 200*time.Millisecond, 5*time.Second),
		vigilant: r.IntN(64) == 0,
		limits:   drawLimits(r),
	}
	w.delayMax = w.delayMin + between(r, 0, 2*time.Millisecond)
	w.syncMax = w.syncMin + between(r, 0, 2*time.Millisecond)
	w.readMax = between(r, 0, 3*time.Millisecond)
	w.tickLate = between(r, 0, 500*time.Microsecond)
	w.payloadMax = 14 + r.IntN(200)
	for i := range w.leases {
		w.leases[i] = logBetween(r, 20*time.Millisecond, 2*time.Second)
	}
	for i := range faultNames {
		if r.IntN(2) == 0 {
			w.on |= 1 << i
		}
	}
	if r.IntN(8) != 0 {
		w.on &^= FaultWild // leases are to be checked in most runs
	}
	w.on &^= without
	if w.on&FaultLoss != 0 {
		w.loss = r.Float64() * r.Float64() * 0.3
	}
	if w.on&FaultGarble != 0 {
		w.garble = logFloat(r, 0.0003, 0.03)
	}
	if w.on&FaultDouble != 0 {
		w.double = r.Float64() * r.Float64() * 0.3
	}
	if w.on&FaultReorder == 0 {
		w.fifo = true
	}
	if w.on&FaultDelay != 0 {
		w.spike = r.Float64() * 0.05
		w.spikeMax = logBetween(r, 2*time.Millisecond, 500*time.Millisecond)
	}
	if w.on&FaultSkew != 0 {
		w.skew = 0.11 // (1+0.11)/(1-0.11) < 1.25
	}
	if w.on&FaultWild != 0 {
		w.skew = 0.6
	}
	w.faultEvery = logBetween(r, 10*time.Millisecond, 3*time.Second)
	w.outageMax = logBetween(r, 5*time.Millisecond, 2*time.Second)
	if w.on&FaultTornStep != 0 {
		w.tornStep = logFloat(r, 0.0003, 0.01)
	}
	if w.on&FaultAim != 0 {
		w.aim = logFloat(r, 0.003, 0.3)
		w.aimed = aims[r.IntN(len(aims))]
	}
	w.wait, w.noWait = r.Float64(), r.Float64()*0.3
	w.release = w.often(r, 50*time.Millisecond, 20*time.Second)
	if w.on&FaultDrop != 0 {
		w.drop = w.often(r, 50*time.Millisecond, 20*time.Second)
	}
	if w.on&FaultTrim != 0 {
		w.trim = w.often(r, 20*time.Millisecond, 2*time.Second)
	}
	if w.on&FaultCompete != 0 {
		w.compete = w.often(r, 20*time.Millisecond, 10*time.Second)
	}
	if r.IntN(4) == 0 {
		w.quiet = r.Float64()
	}
	w.silentRot = w.on&FaultRot != 0 && r.IntN(3) == 0
	if w.on&(FaultFill|FaultOverflow) != 0 {
		w.capacity = int(logFloat(r, 2<<10, 128<<10))
	}
	if r.IntN(2) == 0 {
		w.proposalDeadline = logBetween(r, 5*time.Millisecond, time.Second)
	}
	return w
}

// often is the chance that a client's act is one that it does about every so
// often, between lo and hi.
func (w *weights) often(r *rand.Rand, lo, hi time.Duration) float64 {
	return min(0.5, float64(w.pace)/float64(logBetween(r, lo, hi)))
}

// aims are the messages at which an aimed fault may strike: those of a claim
// more often than those of everyday.
var aims = [...]message{messageStatus, messagePrepare, messagePrepare, messagePromise, messagePromise, messageBegin, messageBegin, messageFetch,
	messageFetched, messageAppend, messageAppended, messageRelease, messageReleased, messageRefused, messageTrim}

// between returns a duration in [lo, hi).
func between(r *rand.Rand, lo, hi time.Duration) time.Duration {
	if hi <= lo {
		return lo
	}
	return lo + time.Duration(r.Int64N(int64(hi-lo)))
}

// logBetween returns a duration between lo and hi, each magnitude as likely as
// any other.
func logBetween(r *rand.Rand, lo, hi time.Duration) time.Duration {
	return time.Duration(logFloat(r, float64(lo), float64(hi)))
}

func logFloat(r *rand.Rand, lo, hi float64) float64 {
	return lo * math.Pow(hi/lo, r.Float64())
}

// drawLimits makes limits so small that they matter.
func drawLimits(r *rand.Rand) replication.Limits {
	if r.IntN(4) == 0 {
		return replication.Limits{}
	}
	return replication.Limits{
		Window: int(logFloat(r, 1<<10, 64<<10)),
		Keep:   int(logFloat(r, 1, 32<<10)),
		Peer:   int(logFloat(r, 1, 32<<10)),
		Batch:  int(logFloat(r, 1, 8<<10)),
	}
}

// pendingMax is how many bytes of new entries a replica may have taken that are
// not durable yet: its share of the writer's memory and the batch that exceeds it.
// It obeys no other writer before all of that is durable.
func (w *weights) pendingMax() int {
	if w.limits.Window == 0 {
		return 33 << 20
	}
	return w.limits.Peer + max(w.limits.Batch, w.group())
}

// heldMax is how many bytes of entries a writer may hold at most.
func (w *weights) heldMax() int {
	if w.limits.Window == 0 {
		return 96 << 20
	}
	return w.limits.Window + w.limits.Keep + 2*w.group()
}

// group is how many bytes a group may take.
func (w *weights) group() int { return w.groupMax * (w.payloadMax + 64) }
