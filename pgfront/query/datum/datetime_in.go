package datum

import (
	"strings"
	"time"
)

// datetime is what was found in the text of a date or time.
type datetime struct {
	special string // now, today, tomorrow, yesterday, epoch, infinity, -infinity
	civil   Civil
	hasDate bool
	hasTime bool
	zone    *time.Location // nil if none was written
	bc      bool
	// shortYear is a year that was written with two digits.
	shortYear int
}

// Clock gives the transaction's time to inputs like 'now' and 'today'.
type Clock func() time.Time

// parseDatetime reads the fields of a date, time or timestamp in any order that PostgreSQL
// takes: ISO 8601, dates in the session's order, names of months, zones, special words.
func (s Style) parseDatetime(typ, text string) (*datetime, error) {
	tokens, ok := scanDatetime(text)
	if !ok || len(tokens) == 0 {
		return nil, invalidDatetime(typ, text)
	}
	p := datetimeParser{style: s, typ: typ, text: text}
	for i, t := range tokens {
		if err := p.take(t, i); err != nil {
			return nil, err
		}
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	return &p.out, nil
}

type tokenKind uint8

const (
	wordToken tokenKind = iota
	numberToken
	dateToken
	timeToken
	offsetToken
)

type datetimeToken struct {
	kind tokenKind
	text string
}

// scanDatetime cuts the text into words, numbers, dates (with separators), times (with
// colons) and offsets (with a sign).
func scanDatetime(text string) ([]datetimeToken, bool) {
	var tokens []datetimeToken
	for i := 0; i < len(text); {
		c, start := text[i], i
		switch {
		case c == ' ' || c == ',' || c == '\t' || c == '\n':
			i++
			continue
		case isDigit(c):
			kind := numberToken
			i, kind = scanNumber(text, i)
			tokens = append(tokens, datetimeToken{kind, text[start:i]})
		case isLetter(c):
			for i < len(text) && (isLetter(text[i]) || text[i] == '/' || text[i] == '_' ||
				(text[i] == '-' || isDigit(text[i]) || text[i] == '+') && strings.Contains(text[start:i], "/")) {
				i++
			}
			// T10:00 and J2451187 put digits straight behind the letter; Jan-08-1999 goes on.
			if i < len(text) && text[i] == '-' && monthOf(text[start:i]) > 0 {
				for i < len(text) && (isLetter(text[i]) || isDigit(text[i]) || text[i] == '-') {
					i++
				}
				tokens = append(tokens, datetimeToken{dateToken, text[start:i]})
				continue
			}
			tokens = append(tokens, datetimeToken{wordToken, strings.ToLower(text[start:i])})
		case c == '+' || c == '-':
			for i++; i < len(text) && (isDigit(text[i]) || text[i] == ':' || isLetter(text[i])); i++ {
			}
			tokens = append(tokens, datetimeToken{offsetToken, strings.ToLower(text[start:i])})
		default:
			return nil, false
		}
	}
	return tokens, true
}

// scanNumber reads what starts with a digit.
func scanNumber(text string, i int) (end int, kind tokenKind) {
	start := i
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	if i == len(text) {
		return i, numberToken
	}
	switch c := text[i]; {
	case c == ':':
		for i < len(text) && (isDigit(text[i]) || text[i] == ':' || text[i] == '.') {
			i++
		}
		return i, timeToken
	case c == '-' || c == '/' || c == '.' && strings.Count(text[start:], ".") > 1:
		for i < len(text) && (isDigit(text[i]) || isLetter(text[i]) || text[i] == c) {
			if (text[i] == 'T' || text[i] == 't') && i+1 < len(text) && isDigit(text[i+1]) {
				break
			}
			i++
		}
		return i, dateToken
	case c == '.':
		for i++; i < len(text) && isDigit(text[i]); i++ {
		}
	}
	return i, numberToken
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// monthOf returns 1 to 12 for the name of a month or its first three letters.
func monthOf(word string) int {
	if strings.EqualFold(word, "sept") {
		return 9
	}
	for i, name := range MonthNames {
		if strings.EqualFold(word, name) || strings.EqualFold(word, name[:3]) {
			return i + 1
		}
	}
	return 0
}

func isDayName(word string) bool {
	for _, name := range DayNames {
		if strings.EqualFold(word, name) || strings.EqualFold(word, name[:3]) {
			return true
		}
	}
	switch word {
	case "tues", "wednes", "weds", "thur", "thurs":
		return true
	}
	return false
}

type datetimeParser struct {
	style   Style
	typ     string
	text    string
	out     datetime
	month   int      // named
	numbers []string // bare numbers of the date, in order
	pm, am  bool
	julian  bool
}

func (p *datetimeParser) bad() error      { return invalidDatetime(p.typ, p.text) }
func (p *datetimeParser) overflow() error { return datetimeField(p.text) }
func (p *datetimeParser) wrongOrder() error {
	return datetimeField(p.text).WithHint("Perhaps you need a different \"datestyle\" setting.")
}

func (p *datetimeParser) take(t datetimeToken, index int) error {
	switch t.kind {
	case dateToken:
		return p.takeDate(t.text)
	case timeToken:
		return p.takeTime(t.text)
	case numberToken:
		return p.takeNumber(t.text)
	case offsetToken:
		return p.takeOffset(t.text, index)
	}
	return p.takeWord(t.text)
}

func (p *datetimeParser) takeDate(text string) error {
	if p.out.hasDate {
		return p.bad()
	}
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == '-' || r == '/' || r == '.' })
	if len(parts) != 3 {
		return p.bad()
	}
	for i, part := range parts {
		if m := monthOf(part); m > 0 && p.month == 0 {
			p.month = m
			p.numbers = append(p.numbers, parts[:i]...)
			p.numbers = append(p.numbers, parts[i+1:]...)
			return p.settleNamed()
		}
	}
	order := p.style.DateOrder
	if len(parts[0]) > 2 {
		order = YMD
	}
	year, month, day := parts[2], parts[0], parts[1]
	switch order {
	case YMD:
		year, month, day = parts[0], parts[1], parts[2]
	case DMY:
		day, month = parts[0], parts[1]
	}
	return p.setDate(year, month, day)
}

func (p *datetimeParser) setDate(year, month, day string) error {
	y, ok1 := smallInt(year)
	m, ok2 := smallInt(month)
	d, ok3 := smallInt(day)
	if !ok1 || !ok2 || !ok3 {
		return p.bad()
	}
	if len(year) <= 2 {
		p.out.shortYear = y
		if y < 70 {
			y += 2000
		} else {
			y += 1900
		}
	}
	p.out.civil.Year, p.out.civil.Month, p.out.civil.Day = y, m, d
	p.out.hasDate = true
	return nil
}

// settleNamed sets the date once a month's name and two numbers are there.
func (p *datetimeParser) settleNamed() error {
	if p.month == 0 || len(p.numbers) < 2 || p.out.hasDate {
		return nil
	}
	day, year := p.numbers[0], p.numbers[1]
	if len(day) > 2 || p.style.DateOrder == YMD && len(year) <= 2 {
		day, year = year, day
	}
	if err := p.setDate(year, "1", day); err != nil {
		return err
	}
	p.out.civil.Month = p.month
	return nil
}

func (p *datetimeParser) takeTime(text string) error {
	if p.out.hasTime {
		return p.bad()
	}
	clock, frac, hasFrac := strings.Cut(text, ".")
	parts := strings.Split(clock, ":")
	if len(parts) < 2 || len(parts) > 3 || hasFrac && len(parts) == 2 {
		return p.bad()
	}
	fields := [3]int{}
	for i, part := range parts {
		n, ok := smallInt(part)
		if !ok {
			return p.bad()
		}
		fields[i] = n
	}
	c := &p.out.civil
	c.Hour, c.Minute, c.Second = fields[0], fields[1], fields[2]
	us, ok := fractionMicros(frac)
	if !ok {
		return p.bad()
	}
	c.Micros = us
	p.out.hasTime = true
	return nil
}

// fractionMicros reads the digits after the point of a second, rounded to the µs (which
// may give a whole second).
func fractionMicros(digits string) (int, bool) {
	us, unit := 0, 100000
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return 0, false
		}
		switch {
		case unit > 0:
			us += int(digits[i]-'0') * unit
			unit /= 10
		case i == 6 && digits[i] >= '5':
			us++
		}
	}
	return us, true
}

func (p *datetimeParser) takeNumber(text string) error {
	whole, frac, _ := strings.Cut(text, ".")
	switch {
	case p.julian:
		return p.takeJulian(whole)
	case len(whole) == 14 && !p.out.hasDate && !p.out.hasTime:
		if err := p.setDate(whole[:4], whole[4:6], whole[6:8]); err != nil {
			return err
		}
		return p.takeTime(whole[8:10] + ":" + whole[10:12] + ":" + whole[12:] + "." + frac)
	case len(whole) == 8 && !p.out.hasDate && frac == "":
		return p.setDate(whole[:4], whole[4:6], whole[6:])
	case len(whole) == 6 && (p.out.hasDate || p.typ == "time") && !p.out.hasTime:
		return p.takeTime(whole[:2] + ":" + whole[2:4] + ":" + whole[4:] + "." + frac)
	case len(whole) == 4 && (p.out.hasDate || p.typ == "time") && !p.out.hasTime && frac == "" && p.month == 0:
		return p.takeTime(whole[:2] + ":" + whole[2:] + ":00")
	case len(whole) == 6 && !p.out.hasDate && frac == "":
		return p.setDate(whole[:2], whole[2:4], whole[4:])
	case frac != "" || len(p.numbers) >= 2 || p.out.hasDate:
		return p.bad()
	}
	p.numbers = append(p.numbers, whole)
	return p.settleNamed()
}

func (p *datetimeParser) takeJulian(text string) error {
	n, ok := smallInt(text[:min(len(text), 7)])
	if !ok || len(text) > 7 {
		return p.bad()
	}
	c := &p.out.civil
	c.Year, c.Month, c.Day = DateOf(int64(n) - julianEpoch)
	p.out.hasDate, p.julian = true, false
	return nil
}

func (p *datetimeParser) takeOffset(text string, index int) error {
	if index == 0 && (text == "-infinity" || text == "-inf" || text == "+infinity" || text == "+inf") {
		return p.setSpecial(strings.Replace(strings.TrimPrefix(text, "+"), "inf", "infinity", 1))
	}
	off, ok := scanOffset(text)
	if !ok {
		if strings.Trim(text[1:], "0123456789:") == "" && len(text) > 1 {
			return Errorf("22009", "time zone displacement out of range: \"%s\"", p.text)
		}
		return p.bad()
	}
	if !p.out.hasTime && !p.out.hasDate || p.out.zone != nil && p.out.zone != time.UTC {
		return p.bad()
	}
	p.out.zone = time.FixedZone("", off)
	return nil
}

func (p *datetimeParser) setSpecial(word string) error {
	if strings.HasPrefix(word, "infinityinity") || strings.HasPrefix(word, "-infinityinity") {
		word = strings.Replace(word, "infinityinity", "infinity", 1)
	}
	if p.out.special != "" || p.out.hasDate {
		return p.bad()
	}
	p.out.special = word
	return nil
}

func (p *datetimeParser) takeWord(word string) error {
	switch word {
	case "t":
		if !p.out.hasDate {
			return p.bad()
		}
		return nil
	case "j":
		p.julian = true
		return nil
	case "bc", "ad":
		p.out.bc = word == "bc"
		return nil
	case "am":
		p.am = true
		return nil
	case "pm":
		p.pm = true
		return nil
	case "now", "today", "tomorrow", "yesterday", "epoch", "infinity":
		return p.setSpecial(word)
	case "inf":
		return p.setSpecial("infinity")
	case "allballs":
		p.out.hasTime, p.out.zone = true, time.UTC
		return nil
	}
	if m := monthOf(word); m > 0 && p.month == 0 {
		p.month = m
		return p.settleNamed()
	}
	if isDayName(word) {
		return nil
	}
	return p.takeZone(word)
}

func (p *datetimeParser) takeZone(word string) error {
	if p.out.zone != nil || !p.out.hasDate && !p.out.hasTime {
		return p.bad()
	}
	if loc, ok := abbreviation(word); ok {
		p.out.zone = loc
		return nil
	}
	loc, ok := namedZone(word)
	if !ok {
		if strings.Contains(word, "/") {
			return Errorf("22023", "time zone \"%s\" not recognized", word)
		}
		return p.bad()
	}
	p.out.zone = loc
	return nil
}

// finish checks the fields against each other.
func (p *datetimeParser) finish() error {
	c := &p.out.civil
	if !p.out.hasDate && (p.month != 0 || len(p.numbers) > 0) {
		return p.bad()
	}
	if p.am || p.pm {
		if c.Hour > 12 || !p.out.hasTime {
			return p.overflow()
		}
		if c.Hour == 12 {
			c.Hour = 0
		}
		if p.pm {
			c.Hour += 12
		}
	}
	if c.Hour > 24 || c.Minute > 59 || c.Second > 60 || c.Hour == 24 && (c.Minute > 0 || c.Second > 0 || c.Micros > 0) {
		return p.overflow()
	}
	if !p.out.hasDate {
		return nil
	}
	if p.out.bc && p.out.shortYear > 0 {
		c.Year = p.out.shortYear // two digits mean themselves then
	}
	if p.out.bc {
		if c.Year <= 0 {
			return p.overflow()
		}
		c.Year = 1 - c.Year
	} else if c.Year == 0 && !p.julianZero() {
		return p.overflow()
	}
	if c.Month < 1 || c.Month > 12 || c.Day < 1 || c.Day > 31 {
		return p.wrongOrder()
	}
	if c.Day > DaysIn(c.Year, c.Month) {
		return p.overflow()
	}
	return nil
}

// julianZero says whether year 0 came from a Julian day, which needs no BC.
func (p *datetimeParser) julianZero() bool { return strings.ContainsAny(p.text, "jJ") }
