package pgdata

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed keywords.tsv
var keywordsTSV string

//go:embed zones.tsv
var zonesTSV string

// Keyword is a word that the grammar knows.
type Keyword struct {
	Word  string
	Class byte // U unreserved, C no name of a function or type, T only such a name, R reserved
	Bare  bool // may be a label without AS
}

// Keywords lists the keywords in the order of their words.
var Keywords = sync.OnceValue(func() []Keyword {
	var list []Keyword
	for r := range rows(keywordsTSV) {
		list = append(list, Keyword{Word: r[0], Class: r.char(1), Bare: r.bool(2)})
	}
	return list
})

// Zones lists the names of time zones, in order.
var Zones = sync.OnceValue(func() []string { return strings.Fields(zonesTSV) })
