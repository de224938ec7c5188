// Package store keeps one node's replicas in a data directory, on Pebble.
package store
