// Package node runs the machines of package replication on one node.
package node
