package main

import "time"

// A rule is what a fault does to packets on the links that it names. Host 0 is
// the clients.
type rule struct {
	link   func(from, to int) bool
	loss   float64       // chance that a packet is lost
	double float64       // that it arrives twice
	delay  time.Duration // at most; each packet has its own, so they overtake each other
}

// between is the links of some nodes with all other nodes, both ways.
func between(some map[int]bool) func(from, to int) bool {
	return func(from, to int) bool { return from != 0 && to != 0 && some[from] != some[to] }
}
