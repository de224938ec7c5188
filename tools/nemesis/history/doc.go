// Package history records what the clients of a cluster were told, and says what
// is wrong with it. It knows nothing of clusters and faults.
//
// A [Stream] is filled while the clients run: Observe with every entry that
// anybody read or had acknowledged, Appended with every attempt to append, View
// with every claim and every read of a whole prefix, Leased with every time in
// which a program may answer from its own memory. What two observers see
// differently is told at once; [Stream.Check] judges the rest when the log can
// change no more, in two ways that share nothing but the records:
//
//   - directly, promise by promise (check.go);
//   - with porcupine, against a model of constant size: the tail, the chained
//     hash of all up to it, and the term (model.go).
//
// All times are of one monotonic clock, since the start of the run.
package history
