package sim

import (
	"fmt"
	"io"

	"walle/replication"
)

// message is the kind of a message.
type message uint8

const (
	messageProbe message = iota
	messagePrepare
	messageBegin
	messageAppend
	messageFetch
	messageRelease
	messageTrim
	messageSummarize
	messageStatus
	messagePromise
	messageRefused
	messageAppended
	messageFetched
	messageReleased
	messageTrimmed
	messageSummary
	messages
)

var messageNames = [messages]string{"Probe", "Prepare", "Begin", "Append", "Fetch", "Release", "Trim", "Summarize",
	"Status", "Promise", "Refused", "Appended", "Fetched", "Released", "Trimmed", "Summary"}

func kindOf(m replication.Message) message {
	switch m.(type) {
	case replication.Probe:
		return messageProbe
	case replication.Prepare:
		return messagePrepare
	case replication.Begin:
		return messageBegin
	case replication.Append:
		return messageAppend
	case replication.Fetch:
		return messageFetch
	case replication.Release:
		return messageRelease
	case replication.Trim:
		return messageTrim
	case replication.Summarize:
		return messageSummarize
	case replication.Status:
		return messageStatus
	case replication.Promise:
		return messagePromise
	case replication.Refused:
		return messageRefused
	case replication.Appended:
		return messageAppended
	case replication.Fetched:
		return messageFetched
	case replication.Released:
		return messageReleased
	case replication.Trimmed:
		return messageTrimmed
	case replication.Summary:
		return messageSummary
	}
	panic(fmt.Sprintf("message %T is not known here", m))
}

// path is something that a run may or may not come by.
type path uint8

const (
	pathClaim path = iota
	pathServing
	pathClaimFailed
	pathRise
	pathRetermed
	pathFenced
	pathReleased
	pathAdopted
	pathTruncated
	pathGapOpened
	pathGapShrunk
	pathGapClosed
	pathGapAtRestart
	pathTrimmed
	pathTrimOverGap
	pathRefusedTerm
	pathRefusedLease
	pathHave
	pathHaveNot
	pathCannotTell
	pathHole
	pathJump
	pathHeartbeat
	pathResent
	pathLateAnswer
	pathApplied
	pathNotAppliedFenced
	pathNotAppliedNoQuorum
	pathNotAppliedClosed
	pathNotAppliedFull
	pathNotAppliedMoved
	pathNotAppliedNoSpace
	pathUnknownFenced
	pathUnknownClosed
	pathUnknownTimeout
	pathTwoWriters
	pathLeaseRead
	pathQuorumRead
	pathUnsyncedLost
	pathUnsyncedKept
	pathFreshRestart
	pathReadDamage
	pathScrubbed
	pathDamageGap
	pathRecoveredPieces
	pathPutBack
	pathPutBackPieces
	pathWriterAway
	pathCrashInClaim
	pathAllDown
	pathMeasured
	pathRestartLow
	pathClaimFull
	pathTrimFull
	pathAlone
	pathLow
	pathRoomAgain
	pathFull
	pathRotUncommitted
	paths
)

var pathNames = [paths]string{
	"claim started", "claim won", "claim refused, held by another", "living writer asked for a new term", "living writer took a new term",
	"writer fenced", "lease released", "claim adopted an uncommitted tail",
	"replica truncated a tail", "gap opened", "gap shrank", "gap closed", "restart with a gap", "entries trimmed", "trim went over a gap",
	"refused: term", "refused: lease", "fetched: have", "fetched: have not", "fetched: cannot tell",
	"append did not connect", "append jumped", "heartbeat", "entries sent again", "answer to a claim that is gone",
	"applied", "not applied: fenced", "not applied: no quorum", "not applied: closed", "not applied: full", "not applied: moved", "not applied: no space",
	"unknown: fenced", "unknown: closed", "unknown: timeout", "two writers alive, one fenced without knowing",
	"read under a lease", "read by asking a majority", "crash lost unsynced writes", "crash kept unsynced writes", "restart with an empty disk", "read met damage",
	"damage was found by a scrub", "damage became a gap", "claim read the tail in several pieces", "claim put entries back",
	"claim put back in several Appends", "writer on a node without a replica", "claimant crashed in mid-claim", "all nodes were down",
	"commit found without a writer", "restart with a disk that is nearly full", "claim won with a majority of full disks",
	"trim on a disk that is nearly full", "gaps closed while nobody wrote",
	"a replica was told that its disk is nearly full", "a replica was told that there is room again", "a writer was told of a full disk", "uncommitted entry damaged",
}

// event kinds of faults that struck, for the summary: a bit of Fault each, and
// those that aim by the message they aimed at.
const faultKinds = len(faultNames)

// Coverage counts what happened in one run, or in many.
type Coverage struct {
	Sent, Delivered [messages]uint64
	Paths           [paths]uint64
	Faults          [faultKinds]uint64
	Aimed           [messages]uint64
	LongestClaim    int64 // nanoseconds that a claim after healing took at most
	LongestHeal     int64
}

// Add adds what o counted.
func (c *Coverage) Add(o *Coverage) {
	for i := range c.Sent {
		c.Sent[i] += o.Sent[i]
		c.Delivered[i] += o.Delivered[i]
		c.Aimed[i] += o.Aimed[i]
	}
	for i := range c.Paths {
		c.Paths[i] += o.Paths[i]
	}
	for i := range c.Faults {
		c.Faults[i] += o.Faults[i]
	}
	c.LongestClaim = max(c.LongestClaim, o.LongestClaim)
	c.LongestHeal = max(c.LongestHeal, o.LongestHeal)
}

// Missing names what never happened.
func (c *Coverage) Missing() []string {
	var out []string
	for i, n := range c.Delivered {
		if n == 0 {
			out = append(out, "message "+messageNames[i])
		}
	}
	for i, n := range c.Paths {
		if n == 0 {
			out = append(out, pathNames[i])
		}
	}
	for i, n := range c.Faults {
		if n == 0 {
			out = append(out, "fault "+faultNames[i])
		}
	}
	return out
}

// Write prints all counters.
func (c *Coverage) Write(out io.Writer) {
	fmt.Fprintf(out, "%-44s %14s %14s %10s\n", "message", "sent", "delivered", "aimed at")
	for i := range c.Sent {
		fmt.Fprintf(out, "%-44s %14d %14d %10d\n", messageNames[i], c.Sent[i], c.Delivered[i], c.Aimed[i])
	}
	fmt.Fprintf(out, "%-44s %14s\n", "fault", "struck")
	for i := range c.Faults {
		fmt.Fprintf(out, "%-44s %14d\n", faultNames[i], c.Faults[i])
	}
	fmt.Fprintf(out, "%-44s %14s\n", "path", "taken")
	for i := range c.Paths {
		fmt.Fprintf(out, "%-44s %14d\n", pathNames[i], c.Paths[i])
	}
}
