// Package wire frames the PostgreSQL protocol, version 3: it cuts what a client
// sends into messages and puts what the server says into few writes. What is in
// the messages is pgproto3's.
//
// A length is checked before anything is allocated for it: what a client that
// nobody has let in yet may send is small, and what it may send later is
// bounded. A message in the making costs what has arrived of it, not what its
// length promises.
package wire
