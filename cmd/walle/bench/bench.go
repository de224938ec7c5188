package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// defaultDSN leads to the nodes of walle demo.
const defaultDSN = "postgres://bench@127.0.0.1:7432,127.0.0.1:7442,127.0.0.1:7452/walle?sslmode=disable"

// options are the flags of walle bench.
type options struct {
	dsn     string
	demo    bool
	dir     string
	stream  string
	keep    bool
	json    string
	plot    string
	version string
	params  params
}

// Command is walle bench, of a program of that version.
func Command(version string) *cobra.Command {
	o := options{version: version, params: defaults()}
	cmd := &cobra.Command{
		Use:   "bench [flags] [LOAD[:flag=value,…] …]",
		Short: "Measure what a cluster does, and how long it takes",
		Long: `Put loads on a cluster, one after the other, and tell how long what took.

The cluster is the one at --dsn, or with --demo one of three processes of its own
on this machine, which is gone afterwards. Streams that were made are dropped.
With no load named those that are not on request run: about a minute. Ctrl-C
prints what has been measured so far.

` + listing(),
		Example: `  walle bench --demo
  walle bench --demo --plot latency.svg --json run.json window:size=100 window open:rate=20000
  walle bench --dsn postgres://app@10.0.0.1:7432,10.0.0.2:7432/walle sessions:sessions=200,spread
  walle bench --demo memory:duration=2m`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			r := &report{out: cmd.OutOrStdout(), progress: cmd.ErrOrStderr()}
			return explain(o.run(cmd.Context(), args, r))
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.dsn, "dsn", defaultDSN, "`address` of the cluster; several hosts are tried in turn")
	f.BoolVar(&o.demo, "demo", false, "start a cluster of three processes, and remove it afterwards")
	f.StringVar(&o.dir, "dir", os.TempDir(), "`directory` for the demo's data, on the disk that is to be measured")
	f.StringVar(&o.stream, "stream", "", "use this stream, which has to be there, and do not drop it; for loads of one stream")
	f.BoolVar(&o.keep, "keep", false, "do not drop the streams that were made")
	f.StringVar(&o.json, "json", "", "write all results to this `file`")
	f.StringVar(&o.plot, "plot", "", "draw latencies and throughput into this `file`, as SVG")
	o.params.flags(f)
	cmd.AddCommand(&cobra.Command{
		Use: "list", Short: "List the loads", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(cmd.OutOrStdout(), listing())
			return err
		},
	})
	return cmd
}

// listing tells of all loads.
func listing() string {
	var b strings.Builder
	fmt.Fprintln(&b, "Loads:")
	for _, k := range kinds() {
		about := k.about
		switch {
		case k.onRequest && k.needsDemo:
			about += " (on request, with --demo)"
		case k.onRequest:
			about += " (on request)"
		case k.needsDemo:
			about += " (with --demo)"
		}
		fmt.Fprintf(&b, "  %-12s %s\n", k.name, about)
	}
	fmt.Fprintln(&b, "\nWhat follows a load and a colon is a flag for it alone.")
	return b.String()
}

// specs are the loads to be run.
func (o *options) specs(args []string) ([]spec, error) {
	if err := o.params.validate(); err != nil {
		return nil, err
	}
	if o.stream != "" && o.demo {
		return nil, errors.New("--stream is of a cluster that is there already: leave out --demo or --stream")
	}
	if len(args) == 0 {
		args = standard(o.demo)
	}
	var list []spec
	for _, text := range args {
		sp, err := parseSpec(text, o.params)
		if err != nil {
			return nil, err
		}
		if sp.kind.needsDemo && !o.demo {
			return nil, fmt.Errorf("load %s does things to nodes: it needs --demo", sp.kind.name)
		}
		list = append(list, sp)
	}
	return list, nil
}

// run runs the loads and reports on all that were run, also when it is
// interrupted or one fails.
func (o *options) run(ctx context.Context, args []string, r *report) (err error) {
	specs, err := o.specs(args)
	if err != nil {
		return err
	}
	files, err := o.outputs()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.close()) }()
	r.summary = summary{
		Version: o.version, At: time.Now().Round(time.Second), System: runtime.GOOS + "/" + runtime.GOARCH,
		Go: runtime.Version(), Processors: runtime.NumCPU(), Demo: o.demo,
	}
	var d *demo
	dsn := o.dsn
	if o.demo {
		if d, err = openDemo(ctx, o.dir); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, d.close()) }()
		dsn = d.nodes[0].dsn()
	}
	s, err := openSite(ctx, dsn, o.stream, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.cleanUp(o.keep)) }()
	r.summary.Nodes = s.nodes
	dir := o.dir
	if d != nil {
		dir = d.dir
	}
	if r.summary.Probe, err = probe(ctx, dir, int(o.params.size.most)); err != nil {
		return err
	}
	r.head()
	err = r.runAll(ctx, &runner{site: s, progress: r.second}, specs)
	r.table()
	return errors.Join(err, files.write(&r.summary))
}

func (r *report) runAll(ctx context.Context, run *runner, specs []spec) error {
	for _, sp := range specs {
		res, err := run.run(ctx, sp)
		if res.Load != "" {
			r.summary.Results = append(r.summary.Results, res)
		}
		if ctx.Err() != nil {
			r.summary.Interrupted = true
			return nil
		}
		if err != nil {
			return fmt.Errorf("load %s: %w", sp.text, err)
		}
	}
	return nil
}

// outputs are the files that were asked for, opened before anything is measured.
type outputs struct{ json, plot *os.File }

func (o *options) outputs() (out outputs, err error) {
	for _, f := range []struct {
		name string
		file **os.File
	}{{o.json, &out.json}, {o.plot, &out.plot}} {
		if f.name == "" {
			continue
		}
		if *f.file, err = os.Create(f.name); err != nil {
			return out, errors.Join(err, out.close())
		}
	}
	return out, nil
}

func (f outputs) write(s *summary) error {
	var errs []error
	if f.json != nil {
		errs = append(errs, s.writeJSON(f.json))
	}
	if f.plot != nil {
		errs = append(errs, s.draw(f.plot))
	}
	return errors.Join(errs...)
}

func (f outputs) close() error {
	var errs []error
	for _, file := range []*os.File{f.json, f.plot} {
		if file != nil {
			errs = append(errs, file.Close())
		}
	}
	return errors.Join(errs...)
}
