// Package checks holds tests of the source itself: rules that a reviewer would otherwise have to
// remember. Each test names the rule, and the file and line that breaks it.
package checks
