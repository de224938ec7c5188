package main

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"walle/replication"
	"walle/replication/grpcnet"
)

var threeMembers = []member{{"n1", "h1:1"}, {"n2", "h2:1"}, {"n3", "h3:1"}}

func unformed(name string, id replication.NodeID) *formation {
	return &formation{self: id, name: name, cluster: threeMembers, log: slog.New(slog.DiscardHandler)}
}

func formed(name string, id replication.NodeID) *formation {
	f := unformed(name, id)
	f.founders = []grpcnet.Peer{{ID: 11, Name: "n1", Addr: "h1:1"}, {ID: 12, Name: "n2", Addr: "h2:1"}, {ID: 13, Name: "n3", Addr: "h3:1"}}
	f.number = clusterNumber(f.founders)
	return f
}

// Whom a node of a cluster, and one that is yet to be of one, may know must not
// depend on more than names, identities and the cluster.
func TestRefusal(t *testing.T) {
	elsewhere := formed("n3", 13)
	elsewhere.number++
	fewer := unformed("n1", 11)
	fewer.cluster = threeMembers[:2]
	for _, test := range []struct {
		name      string
		me, other *formation
		says      string // "" lets it in
	}{
		{"both new", unformed("n1", 11), unformed("n2", 12), ""},
		{"new, told fewer members", unformed("n1", 11), fewer, "n1, n2, n3"},
		{"member that has not written it down", formed("n1", 11), unformed("n2", 12), ""},
		{"member", formed("n1", 11), formed("n2", 12), ""},
		{"wiped member", formed("n1", 11), unformed("n2", 99), "wiped"},
		{"stranger", formed("n1", 11), unformed("n4", 14), "no founding member"},
		{"member of another cluster", formed("n1", 11), elsewhere, "belongs to cluster"},
	} {
		_, err := test.me.answer(context.Background(), test.other.hello())
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", test.name, err, test.says)
		}
	}
}

// A node that was met but died before it had written down the cluster learns of
// it from the others, with the addresses that it was given now.
func TestAdopt(t *testing.T) {
	f := unformed("n2", 12)
	f.cluster = slices.Clone(threeMembers)
	f.cluster[2].Addr = "moved:1"
	founders, err := f.adopt(formed("n1", 11).hello())
	if err != nil || len(founders) != 3 || founders[2].Addr != "moved:1" || founders[2].ID != 13 {
		t.Fatalf("%+v, %v", founders, err)
	}
	wiped := unformed("n2", 99)
	if _, err := wiped.adopt(formed("n1", 11).hello()); err == nil {
		t.Fatal("a wiped node adopted the cluster of the node it was")
	}
	lie := formed("n1", 11).hello()
	lie.Cluster++
	if _, err := f.adopt(lie); err == nil {
		t.Fatal("adopted a cluster whose number is not its founders'")
	}
}

// The number must be the same on all members, and another for any other set.
func TestClusterNumber(t *testing.T) {
	peers := formed("n1", 11).founders
	number := clusterNumber(peers)
	turned := []grpcnet.Peer{peers[2], peers[0], peers[1]}
	turned[0].Addr = "elsewhere:1"
	if clusterNumber(turned) != number {
		t.Fatal("order or addresses change the number")
	}
	turned[1].ID++
	if clusterNumber(turned) == number {
		t.Fatal("another identity does not change the number")
	}
}

func TestAdvertised(t *testing.T) {
	for _, test := range []struct{ addr, other, want string }{
		{"10.0.0.1:1", "h:2", "10.0.0.1:1"},
		{"db.example.org:1", "", "db.example.org:1"},
		{"0.0.0.0:1", "h:2", "h:1"},
		{"[::]:1", "10.0.0.1:2", "10.0.0.1:1"},
		{":1", "h:2", "h:1"},
	} {
		if got := advertised(test.addr, test.other); got != test.want {
			t.Errorf("advertised(%q, %q) = %q, want %q", test.addr, test.other, got, test.want)
		}
	}
}
