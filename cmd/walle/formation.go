package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"walle/engine/store"
	"walle/replication"
	"walle/replication/grpcnet"
)

// formation is how nodes that start with empty disks become a cluster, and how
// a node of a cluster knows the others again.
//
// Each node is told the names and addresses of all founding members, and asks
// each for the identity of its data directory. It takes part in nothing before
// it knows them all. Then it writes them down, with the cluster's number, which
// is made of the names and identities: two nodes of one cluster cannot have
// written down anything else. From then on an identity that is not on the list
// is refused, whatever its name: a node whose disk was wiped has forgotten what
// it promised and acknowledged, and must not vote as if it had not.
type formation struct {
	self    replication.NodeID
	name    string
	cluster []member // as given by --cluster, perhaps none
	log     *slog.Logger

	mu       sync.Mutex // guards what follows
	founders []grpcnet.Peer
	number   uint64 // 0 until formed
}

// metaFounders is the record of the founding members: JSON, a list of peers.
const metaFounders = "founders"

// restore reads what was written down, and checks what was given against it.
func (f *formation) restore(s *store.Store) error {
	id := s.Identity()
	if !id.Formed() {
		return nil
	}
	text, ok, err := s.Meta(metaFounders)
	if err != nil {
		return fmt.Errorf("read the founding members: %w", err)
	}
	if !ok {
		return errors.New("the data directory belongs to a cluster, but does not say which nodes founded it")
	}
	var founders []grpcnet.Peer
	if err := json.Unmarshal(text, &founders); err != nil {
		return fmt.Errorf("read the founding members: %w", err)
	}
	if n := clusterNumber(founders); n != id.Cluster {
		return fmt.Errorf("the founding members make cluster %016x, the data directory is of cluster %016x", n, id.Cluster)
	}
	if len(f.cluster) > 0 {
		if given, was := memberNames(f.cluster), peerNames(founders); given != was {
			return fmt.Errorf("--cluster names %s, but the data directory belongs to the cluster of %s: leave --cluster out, or name the same nodes", given, was)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.number = id.Cluster
	f.founders = f.readdressed(founders)
	return nil
}

// readdressed returns founders with the addresses that --cluster gives.
func (f *formation) readdressed(founders []grpcnet.Peer) []grpcnet.Peer {
	out := slices.Clone(founders)
	for i := range out {
		for _, m := range f.cluster {
			if m.Name == out[i].Name {
				out[i].Addr = m.Addr
			}
		}
	}
	return out
}

// complete returns once the node is a member of a cluster and that is on disk.
func (f *formation) complete(ctx context.Context, s *store.Store, net *grpcnet.Net) error {
	if f.number != 0 {
		return nil
	}
	founders := []grpcnet.Peer{{ID: f.self, Name: f.name, Addr: net.Addr()}}
	if len(f.cluster) > 0 {
		var err error
		if founders, err = f.meet(ctx, net); err != nil {
			return err
		}
	}
	text, err := json.Marshal(founders)
	if err != nil {
		return err
	}
	if err := s.SetMeta(metaFounders, text); err != nil {
		return fmt.Errorf("write down the founding members: %w", err)
	}
	number := clusterNumber(founders)
	if err := s.Form(f.name, number); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.founders, f.number = founders, number
	return nil
}

const (
	meetEvery   = 100 * time.Millisecond
	meetTimeout = 2 * time.Second
	meetReport  = 50 // a line is logged every so many rounds
)

// meet asks all founding members who they are until all have answered.
func (f *formation) meet(ctx context.Context, net *grpcnet.Net) ([]grpcnet.Peer, error) {
	known := map[string]grpcnet.Peer{f.name: {ID: f.self, Name: f.name, Addr: addrIn(f.cluster, f.name)}}
	for round := 0; ; round++ {
		for _, m := range f.cluster {
			if _, ok := known[m.Name]; ok {
				continue
			}
			answer, err := f.greet(ctx, net, m)
			var refusal *grpcnet.Error
			switch {
			case errors.As(err, &refusal):
				return nil, fmt.Errorf("node %s at %s refuses this node: %s", m.Name, m.Addr, refusal.Message)
			case err != nil:
				if round%meetReport == 0 {
					f.log.Info("waiting for a founding member", "member", m.Name, "addr", m.Addr, "reason", err)
				}
				continue
			}
			if answer.Node.Name != m.Name {
				return nil, fmt.Errorf("--cluster says that %s is at %s, but the node there is %s", m.Name, m.Addr, answer.Node.Name)
			}
			if answer.Cluster != 0 { // formed without us having written it down
				return f.adopt(answer)
			}
			known[m.Name] = grpcnet.Peer{ID: answer.Node.ID, Name: m.Name, Addr: m.Addr}
		}
		if len(known) == len(f.cluster) {
			return sortedPeers(known), nil
		}
		select {
		case <-time.After(meetEvery):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (f *formation) greet(ctx context.Context, net *grpcnet.Net, m member) (grpcnet.Hello, error) {
	ctx, cancel := context.WithTimeout(ctx, meetTimeout)
	defer cancel()
	return net.Hello(ctx, m.Addr, f.hello())
}

// adopt returns the founders of the cluster that answer comes from, if this
// node is one of them.
func (f *formation) adopt(answer grpcnet.Hello) ([]grpcnet.Peer, error) {
	if n := clusterNumber(answer.Members); n != answer.Cluster {
		return nil, fmt.Errorf("node %s says it is of cluster %016x, and its founders make %016x", answer.Node.Name, answer.Cluster, n)
	}
	if err := f.stranger(answer.Members, grpcnet.Peer{ID: f.self, Name: f.name}); err != nil {
		return nil, err
	}
	return f.readdressed(answer.Members), nil
}

// stranger returns an error unless p is one of founders.
func (f *formation) stranger(founders []grpcnet.Peer, p grpcnet.Peer) error {
	for _, known := range founders {
		switch {
		case known.ID == p.ID && known.Name == p.Name:
			return nil
		case known.Name == p.Name:
			return fmt.Errorf("node %s of the cluster has identity %v, not %v: this is another data directory, or a wiped one. "+
				"It has forgotten what the first one promised, so it must not take its place; bring the first directory back", p.Name, known.ID, p.ID)
		}
	}
	return fmt.Errorf("node %s is no founding member of the cluster of %s", p.Name, peerNames(founders))
}

// hello is what this node says of itself.
func (f *formation) hello() grpcnet.Hello {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := grpcnet.Hello{Node: grpcnet.Peer{ID: f.self, Name: f.name, Addr: addrIn(f.cluster, f.name)}, Cluster: f.number, Version: version(), Members: f.founders}
	if f.number == 0 {
		for _, m := range f.cluster {
			h.Members = append(h.Members, grpcnet.Peer{Name: m.Name, Addr: m.Addr})
		}
	}
	return h
}

// answer is the handler of Hello: it introduces this node to one that may, and
// refuses one that may not be of its cluster.
func (f *formation) answer(_ context.Context, h grpcnet.Hello) (grpcnet.Hello, error) {
	me := f.hello()
	err := f.refusal(me, h)
	if err != nil {
		f.log.Warn("refused a node", "name", h.Node.Name, "id", h.Node.ID, "addr", h.Node.Addr, "reason", err)
		return grpcnet.Hello{}, &grpcnet.Error{Message: err.Error()}
	}
	return me, nil
}

func (f *formation) refusal(me, h grpcnet.Hello) error {
	if me.Cluster != 0 {
		if h.Cluster != 0 && h.Cluster != me.Cluster {
			return fmt.Errorf("node %s belongs to cluster %016x, node %s to cluster %016x", h.Node.Name, h.Cluster, me.Node.Name, me.Cluster)
		}
		return f.stranger(me.Members, h.Node)
	}
	if asks, here := peerNames(h.Members), peerNames(me.Members); asks != here {
		return fmt.Errorf("node %s was started with --cluster of %s, node %s with %s", h.Node.Name, asks, me.Node.Name, cmp.Or(here, "none"))
	}
	return nil
}

// clusterNumber is the number of the cluster that was founded by these nodes.
func clusterNumber(founders []grpcnet.Peer) uint64 {
	var lines []string
	for _, p := range founders {
		lines = append(lines, fmt.Sprintf("%s=%016x\n", p.Name, uint64(p.ID)))
	}
	slices.Sort(lines)
	return max(1, xxhash.Sum64String(strings.Join(lines, "")))
}

func addrIn(members []member, name string) string {
	for _, m := range members {
		if m.Name == name {
			return m.Addr
		}
	}
	return ""
}

func peerNames(peers []grpcnet.Peer) string {
	var members []member
	for _, p := range peers {
		members = append(members, member{Name: p.Name})
	}
	return memberNames(members)
}

func sortedPeers(byName map[string]grpcnet.Peer) []grpcnet.Peer {
	var peers []grpcnet.Peer
	for _, p := range byName {
		peers = append(peers, p)
	}
	slices.SortFunc(peers, func(a, b grpcnet.Peer) int { return strings.Compare(a.Name, b.Name) })
	return peers
}
