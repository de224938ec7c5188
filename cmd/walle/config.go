package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"walle/catalog"
	"walle/cmd/walle/size"
)

// config is how one node runs. It is made from flags, validated once, and not
// changed.
type config struct {
	Node     string // the node's name; "" takes that of the data directory, or n1
	Data     string
	SQL      string // listens here for clients
	Peer     string // listens here for other nodes
	HTTP     string // serves metrics and health here; "" does not
	Cluster  []member
	Insecure bool       // may listen beyond loopback
	Scrub    float64    // MiB that the scrub reads in a second; 0: it is off
	MinFree  size.Bytes // of the disk that are kept free; 0 leaves it to the size of the disk
	Queries  size.Bytes // of heap beyond which no query keeps more; 0 leaves it to the machine's memory
}

const (
	// scrubDefault costs about a hundredth of a core, and of a disk.
	scrubDefault = 4
	scrubMost    = 1 << 20
)

// member is a founding member as --cluster names it.
type member struct{ Name, Addr string }

func (c *config) validate() error {
	if c.Data == "" {
		return errors.New("--data is empty")
	}
	for _, l := range []struct{ flag, addr string }{{"--sql", c.SQL}, {"--peer", c.Peer}, {"--http", c.HTTP}} {
		if l.addr == "" && l.flag == "--http" {
			continue
		}
		if err := checkListen(l.flag, l.addr, c.Insecure); err != nil {
			return err
		}
	}
	if c.Scrub < 0 || c.Scrub > scrubMost {
		return fmt.Errorf("--scrub-rate %v: from 0 to %d", c.Scrub, scrubMost)
	}
	if len(c.Cluster) == 0 {
		return nil
	}
	if c.Node == "" {
		return errors.New("--cluster needs --node, to say which of its members this node is")
	}
	if c.addrOf(c.Node) == "" {
		return fmt.Errorf("--cluster does not name this node, %s: it has %s", c.Node, memberNames(c.Cluster))
	}
	return nil
}

// addrOf is the address that --cluster gives for a node.
func (c *config) addrOf(name string) string {
	for _, m := range c.Cluster {
		if m.Name == name {
			return m.Addr
		}
	}
	return ""
}

func checkListen(flag, addr string, insecure bool) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%s %q: %w", flag, addr, err)
	}
	if insecure || isLoopback(host) {
		return nil
	}
	return fmt.Errorf("%s %s listens beyond loopback, and there is no authentication yet: whoever reaches it can read and write everything. "+
		"Give --insecure if that is what you want", flag, addr)
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// parseCluster parses the value of --cluster: n1=host:port,n2=host:port,…
func parseCluster(text string) ([]member, error) {
	if text == "" {
		return nil, nil
	}
	var members []member
	for _, part := range strings.Split(text, ",") {
		name, addr, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--cluster: %q is not name=host:port", part)
		}
		if len(name) > catalog.NameMax {
			return nil, fmt.Errorf("--cluster: the name %q has more than %d bytes", name, catalog.NameMax)
		}
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return nil, fmt.Errorf("--cluster: %s: %w", name, err)
		}
		if slices.ContainsFunc(members, func(m member) bool { return m.Name == name || m.Addr == addr }) {
			return nil, fmt.Errorf("--cluster: %s=%s repeats a name or an address", name, addr)
		}
		members = append(members, member{name, addr})
	}
	return members, nil
}

func memberNames(members []member) string {
	var names []string
	for _, m := range members {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
