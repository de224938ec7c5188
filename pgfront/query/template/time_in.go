package template

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"walle/pgfront/query/datum"
)

// A Reading is a moment that was read by a template.
type Reading struct {
	Days   int64 // since 2000-01-01
	Micros int64 // of the day
	Zoned  bool  // a time zone was given: Offset seconds east
	Offset int
}

// ParseTime reads text by a template, as to_timestamp and to_date do.
func ParseTime(text, template string) (Reading, error) {
	p := timeParser{text: text, rest: text, fields: map[string]int{}}
	nodes := parse(template, timeKeywords, true)
	for i := range nodes {
		if p.rest == "" {
			break
		}
		if err := p.step(nodes, i); err != nil {
			return Reading{}, err
		}
	}
	return p.finish()
}

// timeParser holds what has been read. fields are PostgreSQL's: "year", "cc", "mm" …
type timeParser struct {
	text, rest string
	exact      bool // FX
	skipped    int  // characters of the input that no part of the template asked for
	fields     map[string]int
	yearDigits int
	half       bool // a twelve-hour clock
	isoMode    bool
	mode       string
	zoneSign   int
}

func (p *timeParser) skipSpace() {
	for p.rest != "" && isSpace(p.rest[0]) {
		p.rest = p.rest[1:]
		p.skipped++
	}
}

func (p *timeParser) skipRune() {
	if p.rest != "" {
		_, size := utf8.DecodeRuneInString(p.rest)
		p.rest = p.rest[size:]
	}
}

func (p *timeParser) step(nodes []node, i int) error {
	n := nodes[i]
	if !p.exact && n.kind != literal && (n.kind == action || i == 0) {
		p.skipSpace()
		if p.rest == "" && n.kind != action {
			return nil
		}
	}
	switch n.kind {
	case space, separator:
		if p.exact {
			p.skipRune()
			return nil
		}
		p.skipped--
		if p.rest != "" && (isSpace(p.rest[0]) || isSeparator(p.rest[0])) {
			p.rest = p.rest[1:]
			p.skipped++
		}
		return nil
	case literal:
		if !p.exact && p.skipped > 0 {
			p.skipped--
			return nil
		}
		p.skipRune()
		return nil
	}
	if err := p.field(nodes, i); err != nil {
		return err
	}
	if !p.exact {
		p.skipped = 0
		p.skipSpace()
	}
	return nil
}

// numbers are the keywords of plain numbers: their field and how many digits they have.
var numbers = map[string]struct {
	field  string
	digits int
}{
	"HH": {"hh", 2}, "HH12": {"hh", 2}, "HH24": {"hh", 2}, "MI": {"mi", 2}, "SS": {"ss", 2}, "SSSS": {"ssss", 4}, "SSSSS": {"ssss", 5},
	"MM": {"mm", 2}, "DDD": {"ddd", 3}, "IDDD": {"ddd", 3}, "DD": {"dd", 2}, "D": {"d", 1}, "WW": {"ww", 2}, "IW": {"ww", 2},
	"CC": {"cc", 2}, "W": {"w", 1}, "J": {"j", 1}, "Q": {"", 1}, "TZM": {"tzm", 2},
}

func (p *timeParser) field(nodes []node, i int) error {
	n := nodes[i]
	key := strings.ToUpper(n.text)
	if err := p.setMode(key); err != nil {
		return err
	}
	if def, ok := numbers[key]; ok {
		p.half = p.half || key == "HH" || key == "HH12"
		if key == "TZM" && p.zoneSign == 0 {
			p.zoneSign = 1
		}
		if _, err := p.number(nodes, i, def.field, def.digits); err != nil {
			return err
		}
		p.skipOrdinal(n)
		return nil
	}
	switch key {
	case "FX":
		p.exact = true
		return nil
	case "TZ", "OF":
		return datum.Errorf("0A000", "formatting field \"%s\" is only supported in to_char", n.text)
	case "AM", "PM", "A.M.", "P.M.":
		p.half = true
		return p.word(n, "pm", marks("am", "pm", n.text), 0)
	case "AD", "BC", "A.D.", "B.C.":
		return p.word(n, "bc", marks("ad", "bc", n.text), 0)
	case "MONTH":
		return p.word(n, "mm", months, 1)
	case "MON":
		return p.word(n, "mm", abbreviated(months), 1)
	case "DAY":
		return p.word(n, "d", weekdays, 1)
	case "DY":
		return p.word(n, "d", abbreviated(weekdays), 1)
	case "RM":
		return p.roman(n)
	case "TZH":
		return p.zoneHour(nodes, i)
	case "ID":
		return p.isoWeekday(nodes, i)
	case "Y,YYY":
		return p.commaYear(n)
	case "YYYY", "IYYY", "YYY", "IYY", "YY", "IY", "Y", "I":
		return p.year(nodes, i, len(key))
	}
	return p.fraction(nodes, i, key)
}

// setMode refuses to mix the calendar with ISO weeks.
func (p *timeParser) setMode(key string) error {
	mode := ""
	switch key {
	case "ID", "IDDD", "IW", "IYYY", "IYY", "IY", "I":
		mode = "iso"
	case "CC", "DDD", "DD", "D", "MM", "MONTH", "MON", "RM", "WW", "W", "Y,YYY", "YYYY", "YYY", "YY", "Y", "DAY", "DY", "AD", "BC", "A.D.", "B.C.":
		mode = "calendar"
		if key == "DAY" || key == "DY" || strings.HasPrefix(key, "A") || strings.HasPrefix(key, "B") {
			mode = ""
		}
	}
	if mode != "" && p.mode != "" && p.mode != mode {
		return datum.Errorf("22007", "invalid combination of date conventions").
			WithHint("Do not mix Gregorian and ISO week date conventions in a formatting template.")
	}
	if mode != "" {
		p.mode = mode
	}
	p.isoMode = p.mode == "iso"
	return nil
}

func (p *timeParser) skipOrdinal(n node) {
	if n.ordinal != "" {
		p.skipRune()
		p.skipRune()
	}
}

func (p *timeParser) set(n node, field string, value int) error {
	if field == "" {
		return nil
	}
	if have := p.fields[field]; have != 0 && have != value {
		return datum.Errorf("22007", "conflicting values for \"%s\" field in formatting string", n.text).
			WithDetail("This value contradicts a previous setting for the same field type.")
	}
	p.fields[field] = value
	return nil
}

// number reads a number of at most that many digits, or as many as come if what follows in
// the template is no number. It returns how many characters were taken.
func (p *timeParser) number(nodes []node, i int, field string, digits int) (taken int, err error) {
	n := nodes[i]
	start := len(p.rest)
	p.skipLeading()
	word := p.rest[:min(digits, len(p.rest))]
	whole := p.rest
	if !n.fill && !endsNumber(nodes, i) {
		if len(p.rest) < digits {
			return 0, datum.Errorf("22007", "source string too short for \"%s\" formatting field", n.text).
				WithDetail("Field requires %d characters, but only %d remain.", digits, len(p.rest))
		}
		whole = word
	}
	value, used, ok := leadingInt(whole)
	if used > 0 && used < len(whole) && len(whole) == digits && !n.fill && !endsNumber(nodes, i) {
		return 0, datum.Errorf("22007", "invalid value \"%s\" for \"%s\"", word, n.text).
			WithDetail("Field requires %d characters, but only %d could be parsed.", digits, used)
	}
	if used == 0 {
		return 0, datum.Errorf("22007", "invalid value \"%s\" for \"%s\"", word, n.text).WithDetail("Value must be an integer.")
	}
	if !ok {
		return 0, datum.Errorf("22008", "value for \"%s\" in source string is out of range", n.text).
			WithDetail("Value must be in the range %d to %d.", math.MinInt32, math.MaxInt32)
	}
	p.rest = p.rest[used:]
	return start - len(p.rest), p.set(n, field, value)
}

func (p *timeParser) skipLeading() {
	for p.rest != "" && isSpace(p.rest[0]) {
		p.rest = p.rest[1:]
	}
}

// leadingInt is C's strtol over the whole of an int4.
func leadingInt(s string) (value, used int, ok bool) {
	i := 0
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	first := i
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	if i == first {
		return 0, 0, true
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(strings.TrimLeft(s[:i], " \t\n\v\f\r"), "+"), 10, 32)
	return int(n), i, err == nil
}

// endsNumber says whether a number ends at the latest where the next part begins.
func endsNumber(nodes []node, i int) bool {
	if nodes[i].ordinal != "" || i+1 == len(nodes) {
		return true
	}
	next := nodes[i+1]
	if next.kind == action {
		return !isNumberField(strings.ToUpper(next.text))
	}
	return len(next.text) != 1 || !isDigit(next.text[0])
}

func isNumberField(key string) bool {
	switch key {
	case "A.D.", "A.M.", "AD", "AM", "B.C.", "BC", "P.M.", "PM", "DAY", "DY", "MONTH", "MON", "RM", "TZ", "OF", "FX", "TZH":
		return false
	}
	return true
}

func abbreviated(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s[:3]
	}
	return out
}

func marks(first, second, like string) []string {
	if strings.Contains(like, ".") {
		return []string{first[:1] + "." + first[1:] + ".", second[:1] + "." + second[1:] + "."}
	}
	return []string{first, second}
}

// word reads one of a list, in any case; its value is its place, from base.
func (p *timeParser) word(n node, field string, list []string, base int) error {
	for i, w := range list {
		if len(p.rest) >= len(w) && strings.EqualFold(p.rest[:len(w)], w) {
			p.rest = p.rest[len(w):]
			return p.set(n, field, i+base)
		}
	}
	return datum.Errorf("22007", "invalid value \"%s\" for \"%s\"", firstWord(p.rest), n.text).
		WithDetail("The given value did not match any of the allowed values for this field.")
}

func firstWord(s string) string {
	if i := strings.IndexAny(s, " \t\n\v\f\r"); i >= 0 {
		return s[:i]
	}
	return s
}

// roman reads a month; of those that fit the longest is meant.
func (p *timeParser) roman(n node) error {
	order := []int{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}
	best := -1
	for _, i := range order {
		if w := romans[i]; len(p.rest) >= len(w) && strings.EqualFold(p.rest[:len(w)], w) && (best < 0 || len(w) > len(romans[best])) {
			best = i
		}
	}
	if best < 0 {
		return p.word(n, "mm", nil, 0)
	}
	p.rest = p.rest[len(romans[best]):]
	return p.set(n, "mm", best+1)
}

func (p *timeParser) zoneHour(nodes []node, i int) error {
	p.zoneSign = 1
	switch {
	case p.rest != "" && strings.IndexByte("+- ", p.rest[0]) >= 0:
		if p.rest[0] == '-' {
			p.zoneSign = -1
		}
		p.rest = p.rest[1:]
	case p.skipped > 0 && len(p.rest) < len(p.text) && p.text[len(p.text)-len(p.rest)-1] == '-':
		p.zoneSign = -1
	}
	_, err := p.number(nodes, i, "tzh", 2)
	return err
}

// isoWeekday counts from Monday; the field counts from Sunday.
func (p *timeParser) isoWeekday(nodes []node, i int) error {
	if _, err := p.number(nodes, i, "d", 1); err != nil {
		return err
	}
	p.fields["d"]++
	if p.fields["d"] > 7 {
		p.fields["d"] = 1
	}
	p.skipOrdinal(nodes[i])
	return nil
}

func (p *timeParser) commaYear(n node) error {
	var thousands, years int
	head, tail, found := strings.Cut(p.rest, ",")
	value, used, ok := leadingInt(head)
	digits := min(3, len(tail))
	low, lowUsed, _ := leadingInt(tail[:digits])
	if !found || !ok || used == 0 || used != len(head) || lowUsed == 0 {
		return datum.Errorf("22007", "invalid input string for \"Y,YYY\"")
	}
	thousands, years = value, low
	p.rest = tail[lowUsed:]
	p.yearDigits = 4
	p.skipOrdinal(n)
	return p.set(n, "year", years+thousands*1000)
}

// year reads a year of so many digits; fewer than four mean one near 2020.
func (p *timeParser) year(nodes []node, i, digits int) error {
	before := p.fields["year"]
	delete(p.fields, "year")
	taken, err := p.number(nodes, i, "year", digits)
	if err != nil {
		return err
	}
	year := p.fields["year"]
	if digits < 4 && taken < 4 {
		year = nearYear(year)
	}
	p.fields["year"] = before
	p.yearDigits = digits
	p.skipOrdinal(nodes[i])
	return p.set(nodes[i], "year", year)
}

func nearYear(y int) int {
	switch {
	case y < 70:
		return y + 2000
	case y < 100:
		return y + 1900
	case y < 520:
		return y + 2000
	case y < 1000:
		return y + 1000
	}
	return y
}

// fraction reads MS, US and FF1 to FF6.
func (p *timeParser) fraction(nodes []node, i int, key string) error {
	field, digits := "us", 6
	switch key {
	case "MS":
		field, digits = "ms", 3
	case "US":
	default:
		digits = int(key[2] - '0')
	}
	places := 6
	if key == "MS" {
		places = 3
	}
	taken, err := p.number(nodes, i, field, digits)
	if err != nil {
		return err
	}
	for ; taken < places; taken++ {
		p.fields[field] *= 10
	}
	p.skipOrdinal(nodes[i])
	return nil
}

// finish makes a moment of the fields.
func (p *timeParser) finish() (Reading, error) {
	f := p.fields
	d := date{month: 1, day: 1}
	if err := p.date(&d); err != nil {
		return Reading{}, err
	}
	us, err := p.clock()
	if err != nil {
		return Reading{}, err
	}
	out := Reading{Days: datum.DayNumber(d.year, d.month, d.day), Micros: us}
	if p.zoneSign != 0 {
		if f["tzh"] < 0 || f["tzh"] > 15 || f["tzm"] < 0 || f["tzm"] >= 60 {
			return Reading{}, datum.Errorf("22009", "time zone displacement out of range: \"%s\"", p.text)
		}
		out.Zoned, out.Offset = true, p.zoneSign*(f["tzh"]*3600+f["tzm"]*60)
	}
	return out, nil
}

func (p *timeParser) outOfRange() error {
	return datum.Errorf("22008", "date/time field value out of range: \"%s\"", p.text)
}

func (p *timeParser) clock() (int64, error) {
	f := p.fields
	hour, minute, second := f["ssss"]/3600, f["ssss"]%3600/60, f["ssss"]%60
	set := func(to *int, field string) {
		if f[field] != 0 {
			*to = f[field]
		}
	}
	set(&hour, "hh")
	set(&minute, "mi")
	set(&second, "ss")
	if p.half {
		if hour < 1 || hour > 12 {
			return 0, datum.Errorf("22007", "hour \"%d\" is invalid for the 12-hour clock", hour).
				WithHint("Use the 24-hour clock, or give an hour between 1 and 12.")
		}
		if hour %= 12; f["pm"] != 0 {
			hour += 12
		}
	}
	micros := f["ms"]*1000 + f["us"]
	if hour < 0 || hour >= 24 || minute < 0 || minute >= 60 || second < 0 || second >= 60 || micros < 0 || micros >= datum.MicrosPerSecond {
		return 0, p.outOfRange()
	}
	return int64(hour)*datum.MicrosPerHour + int64(minute)*datum.MicrosPerMinute + int64(second)*datum.MicrosPerSecond + int64(micros), nil
}

type date struct{ year, month, day int }

func (d *date) setDays(days int64) { d.year, d.month, d.day = datum.DateOf(days) }

func (p *timeParser) date(d *date) error {
	f := p.fields
	known := p.setYear(d)
	if f["j"] != 0 {
		d.setDays(int64(f["j"]) - datum.JulianDay(0))
		known = true
	}
	if f["ww"] != 0 && p.isoMode {
		monday := isoWeekStart(d.year, f["ww"])
		if f["d"] > 1 {
			monday += int64(f["d"] - 2)
		} else if f["d"] == 1 {
			monday += 6
		}
		d.setDays(monday)
		known = true
	} else if f["ww"] != 0 {
		f["ddd"] = (f["ww"]-1)*7 + 1
	}
	if f["w"] != 0 {
		f["dd"] = (f["w"]-1)*7 + 1
	}
	if f["dd"] != 0 {
		d.day, known = f["dd"], true
	}
	if f["mm"] != 0 {
		d.month, known = f["mm"], true
	}
	if f["ddd"] != 0 && (d.month <= 1 || d.day <= 1) {
		if err := p.setYearDay(d); err != nil {
			return err
		}
		known = true
	}
	if known && (d.month < 1 || d.month > 12 || d.day < 1 || d.day > datum.DaysIn(d.year, d.month)) {
		return p.outOfRange()
	}
	return nil
}

func (p *timeParser) setYear(d *date) bool {
	f := p.fields
	century := f["cc"]
	if f["bc"] != 0 {
		century = -century
	}
	switch {
	case f["year"] != 0 && century != 0 && p.yearDigits <= 2:
		d.year = f["year"] % 100
		switch {
		case d.year != 0 && century >= 0:
			d.year += (century - 1) * 100
		case d.year != 0:
			d.year = (century+1)*100 - d.year + 1
		case century >= 0:
			d.year = century * 100
		default:
			d.year = century*100 + 1
		}
	case f["year"] != 0:
		d.year = f["year"]
		if f["bc"] != 0 {
			d.year = -d.year
		}
		if d.year < 0 {
			d.year++
		}
	case century > 0:
		d.year = (century-1)*100 + 1
	case century < 0:
		d.year = century*100 + 1
	default:
		return false
	}
	return true
}

// setYearDay takes month and day from the day of the year, as far as they are not given.
func (p *timeParser) setYearDay(d *date) error {
	if d.year == 0 && p.fields["bc"] == 0 {
		return datum.Errorf("22007", "cannot calculate day of year without year information")
	}
	if p.isoMode {
		d.setDays(isoWeekStart(d.year, 1) - 1 + int64(p.fields["ddd"]))
		return nil
	}
	rest, month := p.fields["ddd"], 1
	for month < 13 && rest > datum.DaysIn(d.year, min(month, 12)) {
		rest -= datum.DaysIn(d.year, month)
		month++
	}
	if d.month <= 1 {
		d.month = month
	}
	if d.day <= 1 {
		d.day = rest
	}
	return nil
}

// isoWeekStart is the Monday of a week.
func isoWeekStart(year, week int) int64 {
	fourth := datum.DayNumber(year, 1, 4)
	return fourth - int64((datum.Weekday(fourth)+6)%7) + int64(week-1)*7
}
