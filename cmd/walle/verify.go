package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// Exit codes of walle verify.
const (
	exitDamaged    = 1
	exitUnverified = 2 // a wrong command line, or not all could be read
)

// verifyError ends the program with a code of its own.
type verifyError struct {
	code int
	err  error
}

func (e *verifyError) Error() string { return e.err.Error() }
func (e *verifyError) Unwrap() error { return e.err }

func unverified(format string, args ...any) error {
	return &verifyError{exitUnverified, fmt.Errorf(format, args...)}
}

// verifyOptions are the flags of walle verify.
type verifyOptions struct {
	dir     string
	cluster string
	streams []string
	resume  string
	restart bool
	json    bool
}

func verifyCommand() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify {DIR | --cluster DSN}",
		Short: "Check the checksums and chains of all entries, of a data directory or of a cluster",
		Long: `Check what is stored.

With a data directory that no node runs on: every entry against its checksum,
the chain of all before it and the term history, and all that is kept beside the
entries. Nothing is changed. A run that was stopped goes on where it was: how far
it came is kept in a file beside the directory until it is through.

With --cluster: every replica of every stream of a running cluster, each read by
its own node, up to what is committed when the command begins; and the chains of
the replicas against each other.

The exit code is 0 if all is well, 1 if there is damage, and 2 if not all could
be verified, or the command line is wrong.`,
		Example: `  walle verify /var/lib/walle
  walle verify --stream orders --stream 17 /var/lib/walle
  walle verify --cluster postgres://app@10.0.0.1:7432/walle`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 || (len(args) == 1) == (o.cluster != "") {
				return unverified("verify what? Give one data directory, or --cluster with the address of a node")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			r := &verifyReport{out: cmd.OutOrStdout(), json: o.json, bar: newProgressBar(cmd.ErrOrStderr())}
			if o.cluster != "" {
				return r.end(verifyCluster(cmd.Context(), o, r))
			}
			o.dir = args[0]
			return r.end(verifyDir(cmd.Context(), o, r))
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &verifyError{exitUnverified, err} })
	f := cmd.Flags()
	f.StringVar(&o.cluster, "cluster", "", "compare the replicas of the running cluster that the node at this `DSN` belongs to")
	f.StringArrayVar(&o.streams, "stream", nil, "only this stream, by `name` or id; may be repeated")
	f.StringVar(&o.resume, "resume", "", "keep in this `file` how far a run over a directory has come (default: DIR.verify)")
	f.BoolVar(&o.restart, "restart", false, "begin anew, whatever an earlier run has verified")
	f.BoolVar(&o.json, "json", false, "print one JSON object a line: what is found, and in the end a summary")
	return cmd
}

// finding is one thing that is wrong.
type finding struct {
	Stream   string `json:"stream"`
	StreamID uint64 `json:"stream_id"`
	Node     string `json:"node,omitempty"`
	First    uint64 `json:"entry_id"` // 0 is what is kept beside the entries
	Last     uint64 `json:"last_entry_id"`
	What     string `json:"what"`
	Hint     string `json:"hint"`
}

func (f finding) String() string {
	where := fmt.Sprintf("stream %q (%d)", f.Stream, f.StreamID)
	if f.Node != "" {
		where += " on node " + f.Node
	}
	switch {
	case f.First == 0:
	case f.First == f.Last:
		where += fmt.Sprintf(", entry %d", f.First)
	default:
		where += fmt.Sprintf(", entries %d to %d", f.First, f.Last)
	}
	return fmt.Sprintf("DAMAGE: %s: %s\nHINT: %s", where, f.What, f.Hint)
}

// verifyReport is what a run tells, and the sum of it.
type verifyReport struct {
	out   io.Writer
	json  bool
	bar   *progressBar
	began time.Time

	tally
	Unread []string // what could not be verified
}

// tally is what a run has done so far, over all its resumptions.
type tally struct {
	Streams  int       `json:"streams"`
	Entries  uint64    `json:"entries"`
	Bytes    int64     `json:"bytes"`
	Findings []finding `json:"findings"`
}

// damage tells of something wrong.
func (r *verifyReport) damage(f finding) {
	f.What, _, _ = strings.Cut(f.What, "\n") // Pebble has more to say than people want to read
	r.Findings = append(r.Findings, f)
	r.tell(f)
}

func (r *verifyReport) tell(f finding) {
	r.bar.clear()
	if r.json {
		json.NewEncoder(r.out).Encode(f)
		return
	}
	fmt.Fprintln(r.out, f)
}

// unread tells of something that could not be verified.
func (r *verifyReport) unread(format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	r.Unread = append(r.Unread, what)
	r.bar.line("NOT VERIFIED: " + what)
}

// end sums up, and returns what decides on the exit code.
func (r *verifyReport) end(err error) error {
	r.bar.clear()
	if err != nil {
		var known *verifyError
		if !errors.As(err, &known) {
			err = &verifyError{exitUnverified, err}
		}
		return err
	}
	if r.json {
		json.NewEncoder(r.out).Encode(map[string]any{"streams": r.Streams, "entries": r.Entries, "damaged": len(r.Findings), "not_verified": r.Unread})
	} else {
		fmt.Fprintf(r.out, "verified %d streams, %d entries", r.Streams, r.Entries)
		if r.Bytes > 0 {
			fmt.Fprintf(r.out, ", %s", bytesText(float64(r.Bytes)))
		}
		fmt.Fprintf(r.out, " in %v\n", time.Since(r.began).Round(time.Millisecond))
	}
	switch n := len(r.Findings); {
	case n > 0:
		return &verifyError{exitDamaged, fmt.Errorf("damage in %d places", n)}
	case len(r.Unread) > 0:
		return unverified("not all could be verified")
	}
	return nil
}

// bytesText is a number of bytes for people.
func bytesText(n float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for n >= 1024 && i < len(units)-1 {
		n /= 1024
		i++
	}
	return fmt.Sprintf("%.3g %s", n, units[i])
}

// isTerminal reports whether w is one.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
