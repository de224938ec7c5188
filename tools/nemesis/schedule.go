package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// How the faults of a run follow each other: all kinds once, each alone, in any
// order; then a storm in which every lane strikes by itself; and again.
const (
	stormTime   = 20 * time.Second
	calmAtLeast = time.Second
	calmAtMost  = 60 * time.Second // for the appends to go on after a fault
)

// A schedule strikes until its context ends, and heals whatever it has struck.
type schedule struct {
	scene *scene
	kinds []fault
	stats *stats
	say   func(format string, args ...any)
	now   func() time.Duration
	fail  func(format string, args ...any)
}

func (s *schedule) run(ctx context.Context) {
	if len(s.kinds) == 0 {
		<-ctx.Done()
	}
	for ctx.Err() == nil {
		for _, i := range s.scene.rand.Perm(len(s.kinds)) {
			s.calm(ctx)
			s.once(ctx, s.scene, s.kinds[i], s.kinds[i].name, 6*time.Second)
		}
		s.calm(ctx)
		s.storm(ctx)
	}
}

// once strikes, waits, and heals. The fault is measured as one of the kind told.
func (s *schedule) once(ctx context.Context, scene *scene, f fault, kind string, most time.Duration) {
	if ctx.Err() != nil {
		return
	}
	at := s.now()
	st, err := f.strike(scene)
	if err != nil {
		s.fail("fault %s: %v", f.name, err)
		return
	}
	defer st.heal()
	lasts := time.Duration(float64(most) * (0.1 + 0.9*scene.rand.Float64()))
	s.say("%s: %s, for %v", f.name, st.what, lasts.Round(100*time.Millisecond))
	s.stats.struck(f.name)
	for _, stream := range scene.streams {
		if slices.Contains(st.hits, int(stream.writer.Load())) {
			stream.hit(kind, at)
		}
	}
	_ = pause(ctx, lasts) // a run that ends heals at once
}

// calm waits until every stream that was hit has had an append acknowledged.
func (s *schedule) calm(ctx context.Context) {
	healed := s.now()
	_ = pause(ctx, calmAtLeast)
	for ctx.Err() == nil {
		waiting := slices.IndexFunc(s.scene.streams, (*stream).suffers)
		if waiting < 0 {
			return
		}
		if s.now()-healed > calmAtMost {
			s.fail("%s: no append is acknowledged, %v after all was healed", s.scene.streams[waiting].Name, calmAtMost)
			return
		}
		_ = pause(ctx, 50*time.Millisecond)
	}
}

// storm lets every lane strike by itself.
func (s *schedule) storm(ctx context.Context) {
	s.say("storm: all kinds at once")
	ctx, cancel := context.WithTimeout(ctx, stormTime)
	defer cancel()
	var lanes sync.WaitGroup
	for _, l := range []lane{processes, links, disks} {
		kinds := slices.DeleteFunc(slices.Clone(s.kinds), func(f fault) bool { return f.lane != l })
		if len(kinds) == 0 {
			continue
		}
		scene := *s.scene
		scene.rand = rand.New(rand.NewPCG(s.scene.rand.Uint64(), uint64(l)))
		lanes.Go(func() {
			for ctx.Err() == nil {
				_ = pause(ctx, time.Duration(scene.rand.Int64N(int64(3*time.Second))))
				s.once(ctx, &scene, kinds[scene.rand.IntN(len(kinds))], "several at once", 5*time.Second)
			}
		})
	}
	lanes.Wait()
}
