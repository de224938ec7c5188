// Package size has the value of a flag that is a size.
package size

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bytes is a size, and a pflag.Value.
type Bytes int64

// units of sizes, the longest names first. PostgreSQL's names mean the same.
var units = []struct {
	name string
	size float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}, {"TB", 1 << 40}, {"B", 1}, {"", 1},
}

// Set parses a number with or without a unit.
func (b *Bytes) Set(text string) error {
	for _, u := range units {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || n <= 0 || n*u.size < 1 || n*u.size > math.MaxInt64/2 {
			return fmt.Errorf("%q is not a size such as 512MiB", text)
		}
		*b = Bytes(n * u.size)
		return nil
	}
	return nil // not reached: every text ends in ""
}

func (b *Bytes) String() string {
	for i := 3; i >= 0; i-- {
		if unit := Bytes(units[i].size); *b >= unit && *b%unit == 0 {
			return fmt.Sprintf("%d%s", *b/unit, units[i].name)
		}
	}
	return strconv.FormatInt(int64(*b), 10)
}

func (b *Bytes) Type() string { return "size" }
