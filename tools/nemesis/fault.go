package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"time"
)

// A fault is one kind of harm.
type fault struct {
	name   string
	lane   lane
	strike func(s *scene) (strike, error)
}

// A lane is what a fault needs. Faults of different lanes come at once.
type lane int

const (
	processes lane = iota
	links
	disks
)

// A strike is one fault that has struck.
type strike struct {
	what string
	hits []int // the writers on these nodes suffer from it
	heal func()
}

// A scene is what a fault has to choose from.
type scene struct {
	cluster *cluster
	streams []*stream
	rand    *rand.Rand
}

// someNode is a node, in half of all cases one with a writer.
func (s *scene) someNode() *node {
	if s.rand.IntN(2) == 0 {
		return s.writersNode()
	}
	return s.cluster.nodes[s.rand.IntN(len(s.cluster.nodes))]
}

// writersNode is the node of some stream's writer.
func (s *scene) writersNode() *node {
	at := max(1, int(s.streams[s.rand.IntN(len(s.streams))].writer.Load()))
	return s.cluster.nodes[at-1]
}

// shuffled is all nodes' numbers in any order.
func (s *scene) shuffled() []int {
	order := s.rand.Perm(len(s.cluster.nodes))
	for i := range order {
		order[i]++
	}
	return order
}

// faults are all kinds there are.
func faults() []fault {
	return []fault{
		{"kill", processes, func(s *scene) (strike, error) { return s.end(syscall.SIGKILL, s.someNode()) }},
		{"kill-writer", processes, func(s *scene) (strike, error) { return s.end(syscall.SIGKILL, s.writersNode()) }},
		{"kill-all", processes, func(s *scene) (strike, error) { return s.end(syscall.SIGKILL, s.cluster.nodes...) }},
		{"term", processes, func(s *scene) (strike, error) { return s.end(syscall.SIGTERM, s.someNode()) }},
		{"pause", processes, pauseOne},
		{"isolate", links, isolate},
		{"halves", links, halves},
		{"bridge", links, bridge},
		{"oneway", links, oneWay},
		{"lossy", links, lossy},
		{"slow", links, slow},
		{"clients", links, cutClients},
		{"full", disks, fillDisks},
	}
}

// end ends processes; they stay down until it is healed.
func (s *scene) end(sig syscall.Signal, nodes ...*node) (strike, error) {
	st := strike{what: fmt.Sprintf("%v:", sig)}
	var ups []func()
	for _, n := range nodes {
		st.what += " " + n.name
		st.hits = append(st.hits, n.number)
		ups = append(ups, n.down(sig))
	}
	st.heal = func() {
		for _, up := range ups {
			up()
		}
	}
	return st, nil
}

func pauseOne(s *scene) (strike, error) {
	n := s.someNode()
	n.signal(syscall.SIGSTOP)
	return strike{"SIGSTOP: " + n.name, []int{n.number}, func() { n.signal(syscall.SIGCONT) }}, nil
}

func (s *scene) impose(r *rule, hits []int, format string, args ...any) (strike, error) {
	return strike{fmt.Sprintf(format, args...), hits, s.cluster.network.impose(r)}, nil
}

func isolate(s *scene) (strike, error) {
	n := s.someNode()
	return s.impose(&rule{link: between(map[int]bool{n.number: true}), loss: 1}, []int{n.number}, "%s meets no other node", n.name)
}

func halves(s *scene) (strike, error) {
	order := s.shuffled()
	fewer := order[:len(order)/2]
	return s.impose(&rule{link: between(set(fewer)), loss: 1}, fewer, "%s meet no others", names(fewer))
}

// bridge splits the nodes but for one, which meets all.
func bridge(s *scene) (strike, error) {
	order := s.shuffled()
	middle, fewer := order[0], order[1:1+len(order)/2]
	split := between(set(fewer))
	link := func(from, to int) bool { return from != middle && to != middle && split(from, to) }
	return s.impose(&rule{link: link, loss: 1}, order, "%s meet the others only through %s", names(fewer), names(order[:1]))
}

// oneWay loses what a node sends to others, or what it is sent.
func oneWay(s *scene) (strike, error) {
	n := s.someNode()
	link := func(from, to int) bool { return from == n.number && to != 0 }
	what := "is not heard by"
	if s.rand.IntN(2) == 0 {
		link = func(from, to int) bool { return to == n.number && from != 0 }
		what = "does not hear"
	}
	return s.impose(&rule{link: link, loss: 1}, []int{n.number}, "%s %s other nodes", n.name, what)
}

// lossy is bad weather between all, the clients too.
func lossy(s *scene) (strike, error) {
	r := &rule{
		link: func(int, int) bool { return true },
		loss: 0.02 + 0.1*s.rand.Float64(), double: 0.1, delay: time.Duration(1+s.rand.IntN(20)) * time.Millisecond,
	}
	return s.impose(r, s.shuffled(), "everywhere %.0f %% lost, 10 %% doubled, delays up to %v", 100*r.loss, r.delay)
}

func slow(s *scene) (strike, error) {
	n := s.someNode()
	r := &rule{link: between(map[int]bool{n.number: true}), delay: time.Duration(50+s.rand.IntN(450)) * time.Millisecond}
	return s.impose(r, []int{n.number}, "delays up to %v between %s and other nodes", r.delay, n.name)
}

// cutClients takes a node from the clients, but not from the cluster.
func cutClients(s *scene) (strike, error) {
	n := s.someNode()
	link := func(from, to int) bool { return from == 0 && to == n.number }
	if s.rand.IntN(2) == 0 {
		link = func(from, to int) bool { return to == 0 && from == n.number }
	}
	return s.impose(&rule{link: link, loss: 1}, []int{n.number}, "clients and %s do not understand each other", n.name)
}

// fillDisks fills one disk, and now and then several.
func fillDisks(s *scene) (strike, error) {
	chosen := []*node{s.someNode()}
	if s.rand.IntN(4) == 0 {
		chosen = nil
		for _, number := range s.shuffled()[:1+s.rand.IntN(len(s.cluster.nodes))] {
			chosen = append(chosen, s.cluster.nodes[number-1])
		}
	}
	var st strike
	var frees []func()
	st.heal = func() {
		for _, free := range frees {
			free()
		}
	}
	for _, n := range chosen {
		free, err := n.disk.fill()
		if err != nil {
			st.heal()
			return strike{}, fmt.Errorf("fill the disk of %s: %w", n.name, err)
		}
		st.hits, frees = append(st.hits, n.number), append(frees, free)
	}
	st.what = "disk full: " + names(st.hits)
	return st, nil
}

func set(numbers []int) map[int]bool {
	m := map[int]bool{}
	for _, n := range numbers {
		m[n] = true
	}
	return m
}

func names(numbers []int) string {
	var list []string
	for _, n := range numbers {
		list = append(list, fmt.Sprintf("n%d", n))
	}
	return strings.Join(list, ", ")
}
