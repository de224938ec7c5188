// Package datum holds SQL values: their representation, their text and binary forms,
// comparison, and the arithmetic of the types that Go does not have (dates, intervals,
// numerics, arrays, json).
//
// It knows nothing of expressions, plans or relations; package query is built on it.
// Start with Value (value.go), then Codec (codec.go).
package datum
