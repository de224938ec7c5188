package datum

import (
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a zone must not be unknown because the machine has no database
)

// SettingZone finds the zone that SET TimeZone names: hours east of UTC, or what LoadZone
// knows.
func SettingZone(name string) (*time.Location, error) {
	if hours, err := strconv.ParseFloat(strings.TrimSpace(name), 64); err == nil && hours > -168 && hours < 168 {
		return time.FixedZone("", int(hours*3600)), nil
	}
	return LoadZone(name)
}

// LoadZone finds the zone that AT TIME ZONE names: a name of the tz database in any case,
// an abbreviation, or an offset in POSIX's sense (west positive).
func LoadZone(name string) (*time.Location, error) {
	trimmed := strings.TrimSpace(name)
	if loc, ok := abbreviation(trimmed); ok {
		return loc, nil
	}
	if loc, ok := namedZone(trimmed); ok {
		return loc, nil
	}
	if off, ok := scanOffset(trimmed); ok {
		return time.FixedZone("", -off), nil
	}
	if loc, ok := posixZone(trimmed); ok {
		return loc, nil
	}
	return nil, Errorf("22023", "time zone \"%s\" not recognized", name)
}

// namedZone loads Area/City in the case in which the database has it.
func namedZone(name string) (*time.Location, bool) {
	if name == "" || strings.EqualFold(name, "local") || strings.Contains(name, "..") {
		return nil, false
	}
	if loc, err := time.LoadLocation(name); err == nil {
		return loc, true
	}
	parts := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '/' })
	for i, p := range parts {
		words := strings.Split(p, "_")
		for j, w := range words {
			if w != "" && w != "of" && w != "es" && w != "au" {
				words[j] = strings.ToUpper(w[:1]) + w[1:]
			}
		}
		parts[i] = strings.Join(words, "_")
	}
	for _, try := range []string{strings.Join(parts, "/"), strings.ToUpper(name)} {
		if loc, err := time.LoadLocation(try); err == nil {
			return loc, true
		}
	}
	return nil, false
}

// abbreviation finds PostgreSQL's default abbreviations of the zones people write.
func abbreviation(name string) (*time.Location, bool) {
	hours, ok := map[string]float64{
		"utc": 0, "gmt": 0, "z": 0, "zulu": 0, "ut": 0, "uct": 0, "wet": 0,
		"cet": 1, "cest": 2, "met": 1, "mest": 2, "eet": 2, "eest": 3, "bst": 1, "ist": 2, "msk": 3,
		"west": 1, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
		"akst": -9, "akdt": -8, "hst": -10, "ast": -4, "adt": -3, "nst": -3.5, "ndt": -2.5,
		"jst": 9, "kst": 9, "hkt": 8, "sgt": 8, "nzst": 12, "nzdt": 13, "aest": 10, "aedt": 11, "acst": 9.5, "awst": 8, "sast": 2,
	}[strings.ToLower(name)]
	if !ok {
		return nil, false
	}
	if hours == 0 && strings.EqualFold(name, "utc") {
		return time.UTC, true
	}
	return time.FixedZone(strings.ToUpper(name), int(hours*3600)), true
}

// scanOffset reads +hh, -hhmm, +hh:mm[:ss] as seconds east of UTC.
func scanOffset(s string) (seconds int, ok bool) {
	if len(s) < 2 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	parts := strings.Split(s[1:], ":")
	if len(parts) == 1 && len(parts[0]) > 2 {
		p := parts[0]
		parts = []string{p[:len(p)-2], p[len(p)-2:]}
	}
	if len(parts) > 3 {
		return 0, false
	}
	for i, unit := range []int{3600, 60, 1} {
		if i >= len(parts) {
			break
		}
		n, ok := smallInt(parts[i])
		if !ok || i > 0 && n >= 60 || i == 0 && n > 15 {
			return 0, false
		}
		seconds += n * unit
	}
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}

// posixZone reads ABC+3 or <+03>-03: the number counts hours west.
func posixZone(s string) (*time.Location, bool) {
	i := strings.LastIndexAny(s, "+-")
	if i <= 0 {
		return nil, false
	}
	name := strings.Trim(s[:i], "<>")
	off, ok := scanOffset(s[i:])
	if !ok || name == "" {
		return nil, false
	}
	return time.FixedZone(name, -off), true
}

func smallInt(s string) (int, bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// ZoneOffset returns the seconds east of UTC that hold in loc at a timestamptz.
func ZoneOffset(us int64, loc *time.Location) (seconds int, abbrev string) {
	abbrev, seconds = TimeOf(us).In(loc).Zone()
	return seconds, abbrev
}

// ToLocal turns a timestamptz into the wall clock of loc.
func ToLocal(us int64, loc *time.Location) int64 {
	if us == Infinity || us == NegInfinity {
		return us
	}
	if loc == time.UTC {
		return us
	}
	off, _ := ZoneOffset(us, loc)
	return us + int64(off)*MicrosPerSecond
}

// FromLocal turns the wall clock of loc into a timestamptz. A wall clock that a change
// skips or repeats is read with the offset from before the change, as PostgreSQL does for
// the skipped and with standard time for the repeated.
func FromLocal(us int64, loc *time.Location) int64 {
	if us == Infinity || us == NegInfinity || loc == time.UTC {
		return us
	}
	before, _ := ZoneOffset(us-MicrosPerDay, loc)
	after, _ := ZoneOffset(us+MicrosPerDay, loc)
	if before == after {
		off, _ := ZoneOffset(us-int64(before)*MicrosPerSecond, loc)
		if off == before {
			return us - int64(before)*MicrosPerSecond
		}
		return us - int64(off)*MicrosPerSecond
	}
	asBefore, asAfter := us-int64(before)*MicrosPerSecond, us-int64(after)*MicrosPerSecond
	offBefore, _ := ZoneOffset(asBefore, loc)
	offAfter, _ := ZoneOffset(asAfter, loc)
	switch validBefore, validAfter := offBefore == before, offAfter == after; {
	case validBefore && validAfter: // repeated: standard time is the later instant
		return max(asBefore, asAfter)
	case validBefore:
		return asBefore
	case validAfter:
		return asAfter
	}
	return asBefore // skipped
}
