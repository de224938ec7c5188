package pgdata

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// row is a line of an embedded file. The files are part of the program: a line that does
// not parse is a bug, and panics.
type row []string

func rows(tsv string) iter.Seq[row] {
	return func(yield func(row) bool) {
		for line := range strings.Lines(tsv) {
			r := row(strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
			for i := range r {
				r[i] = strings.ReplaceAll(r[i], `\\`, `\`)
			}
			if !yield(r) {
				return
			}
		}
	}
}

func (r row) int(i int) int {
	n, err := strconv.Atoi(r[i])
	if err != nil {
		panic(fmt.Sprintf("pgdata: column %d of %q: %v", i, r, err))
	}
	return n
}

func (r row) oid(i int) uint32 {
	if r[i] == "-" {
		return 0
	}
	return uint32(r.int(i))
}

func (r row) bool(i int) bool { return r[i] == "t" }

func (r row) char(i int) byte {
	if r[i] == "" {
		return 0
	}
	return r[i][0]
}

func (r row) oids(i int) []uint32 {
	var list []uint32
	for _, f := range strings.Fields(r[i]) {
		n, err := strconv.ParseUint(f, 10, 32)
		if err != nil {
			panic(fmt.Sprintf("pgdata: column %d of %q: %v", i, r, err))
		}
		list = append(list, uint32(n))
	}
	return list
}

// names splits a list in which a name may be empty.
func (r row) names(i int) []string {
	if r[i] == "" {
		return nil
	}
	return strings.Split(r[i], " ")
}
