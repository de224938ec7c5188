package bench

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"walle/cmd/walle/size"
)

// params are what a load can be told.
type params struct {
	warmUp   time.Duration
	duration time.Duration // 0 leaves it to the load
	count    int64         // of operations, instead of a time; 0 goes by time

	size     sizes
	inFlight int
	sessions int
	streams  int
	group    int
	rate     float64 // 0 leaves it to the load
	entries  int
	lease    time.Duration
	rounds   int64
	backlog  size.Bytes
	binary   bool
	spread   bool
}

func defaults() params {
	return params{
		warmUp: time.Second, size: sizes{1 << 10, 1 << 10}, inFlight: 1000, sessions: 64, group: 100, entries: 200_000,
		lease: time.Second, rounds: 3, backlog: 1 << 30,
	}
}

// flags adds a flag for each parameter. Their defaults are what p has.
func (p *params) flags(f *pflag.FlagSet) {
	f.DurationVar(&p.warmUp, "warm-up", p.warmUp, "how long a load runs before it is measured")
	f.DurationVar(&p.duration, "duration", p.duration, "how long it is measured (default 3s, 30s for backfill, and 1m for memory)")
	f.Int64Var(&p.count, "count", p.count, "measure `n` operations, from the first on, instead of a time")
	f.Var(&p.size, "size", "`bytes` of an entry: 100, 1KiB, or evenly spread, 100..4KiB")
	f.IntVar(&p.inFlight, "in-flight", p.inFlight, "how many operations a session has in flight, where a load has many")
	f.IntVar(&p.sessions, "sessions", p.sessions, "how many sessions, where a load has many; each has a stream of its own")
	f.IntVar(&p.streams, "streams", p.streams, "how many streams there are in the load sessions, those without a session included")
	f.IntVar(&p.group, "group", p.group, "entries of a group, where a load has groups")
	f.Float64Var(&p.rate, "rate", p.rate, "operations a second of an open loop (default: 80 % of what window reached in this run; 500 for tail)")
	f.IntVar(&p.entries, "entries", p.entries, "how many entries there are to be read")
	f.DurationVar(&p.lease, "lease", p.lease, "of the writers in force and kill")
	f.Int64Var(&p.rounds, "rounds", p.rounds, "how often force and kill take over")
	f.Var(&p.backlog, "backlog", "what a node has missed in the load backfill")
	f.BoolVar(&p.binary, "binary", p.binary, "COPY in binary format instead of text")
	f.BoolVar(&p.spread, "spread", p.spread, "spread sessions over the nodes, instead of having all on the first")
}

func (p *params) validate() error {
	for _, least := range []struct {
		flag         string
		value, least float64
	}{
		{"warm-up", p.warmUp.Seconds(), 0}, {"duration", p.duration.Seconds(), 0}, {"count", float64(p.count), 0},
		{"in-flight", float64(p.inFlight), 1}, {"sessions", float64(p.sessions), 1}, {"streams", float64(p.streams), 0},
		{"group", float64(p.group), 1}, {"rate", p.rate, 0}, {"entries", float64(p.entries), 1}, {"rounds", float64(p.rounds), 1},
	} {
		if least.value < least.least {
			return fmt.Errorf("--%s %v: at least %v", least.flag, least.value, least.least)
		}
	}
	return nil
}

// A spec is a load and what it is told, as in window:size=100,in-flight=10.
type spec struct {
	text   string
	kind   kind
	params params
}

// parseSpec returns the load that text names, with params but for those that text sets.
func parseSpec(text string, p params) (spec, error) {
	name, rest, _ := strings.Cut(text, ":")
	k, err := kindOf(name)
	if err != nil {
		return spec{}, err
	}
	f := pflag.NewFlagSet(name, pflag.ContinueOnError)
	p.flags(f)
	for _, setting := range strings.FieldsFunc(rest, func(r rune) bool { return r == ',' }) {
		key, value, ok := strings.Cut(setting, "=")
		if !ok && f.Lookup(key) != nil {
			value = f.Lookup(key).NoOptDefVal
		}
		if err := f.Set(key, value); err != nil {
			return spec{}, fmt.Errorf("load %s: %w", text, err)
		}
	}
	if err := p.validate(); err != nil {
		return spec{}, fmt.Errorf("load %s: %w", text, err)
	}
	return spec{text, k, p}, nil
}

// sizes are the sizes of entries, evenly spread. It is the value of a flag.
type sizes struct{ least, most size.Bytes }

// sizeMost is below what a group may have.
const sizeMost = 8 << 20

func (s *sizes) Set(text string) error {
	from, to, spread := strings.Cut(text, "..")
	if !spread {
		to = from
	}
	var next sizes
	if err := next.least.Set(from); err != nil {
		return err
	}
	if err := next.most.Set(to); err != nil {
		return err
	}
	if next.least > next.most || next.most > sizeMost {
		return fmt.Errorf("%q: sizes go from the smaller to the larger, up to %d", text, sizeMost)
	}
	*s = next
	return nil
}

func (s *sizes) String() string {
	if s.least == s.most {
		return s.least.String()
	}
	return s.least.String() + ".." + s.most.String()
}

func (s *sizes) Type() string { return "sizes" }

// payloads makes up the data of entries. It is used by one goroutine.
type payloads struct {
	sizes  sizes
	random *rand.Rand
	chance []byte // what is taken from: it does not compress
}

func newPayloads(s sizes, seed uint64) *payloads {
	var key [32]byte
	key[0] = byte(seed)
	p := &payloads{sizes: s, random: rand.New(rand.NewPCG(seed, 1)), chance: make([]byte, max(1<<20, 2*int(s.most)))}
	_, _ = rand.NewChaCha8(key).Read(p.chance) // it never fails
	return p
}

// next is valid for good, and is not to be changed.
func (p *payloads) next() []byte {
	n := int(p.sizes.least)
	if spread := int(p.sizes.most) - n; spread > 0 {
		n += p.random.IntN(spread + 1)
	}
	from := p.random.IntN(len(p.chance) - n)
	return p.chance[from : from+n]
}
