// Package sql turns SQL text into statement values: what arrives as a Query or
// Parse message leaves as an *Insert, a *ClaimStream, a *Select.
package sql
