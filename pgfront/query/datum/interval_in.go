package datum

import (
	"math"
	"math/big"
	"slices"
	"strings"
)

// ParseInterval reads PostgreSQL's formats: "1 year 2 days 03:04:05", "@ 3 min ago",
// "1-2 3 4:05:06" and ISO 8601's "P1Y2M3DT4H5M6S". unit is the unit of a number that stands
// alone (from INTERVAL '1' DAY); "" means seconds. With IntervalStyle sql_standard a minus before
// the first number holds for all of them if no other has a sign.
func (c *Codec) ParseInterval(text, unit string) (Interval, error) {
	p := intervalParser{text: text, leadingSign: c.style.IntervalMode == SQLStandardIntervals}
	t := strings.TrimSpace(text)
	if strings.HasPrefix(t, "P") || strings.HasPrefix(t, "p") {
		return p.iso(t[1:])
	}
	return p.words(t, unit)
}

type intervalParser struct {
	text        string
	leadingSign bool
	// Exact sums; fractions of a unit spill downwards as they are added.
	months, days, micros big.Int
}

func (p *intervalParser) bad() error { return invalidDatetime("interval", p.text) }
func (p *intervalParser) overflow() error {
	return Errorf("22015", "interval field value out of range: \"%s\"", p.text)
}

func (p *intervalParser) words(t, unit string) (Interval, error) {
	tokens, ok := scanInterval(t)
	if !ok || len(tokens) == 0 {
		return Interval{}, p.bad()
	}
	negate := p.leadingSign && tokens[0][0] == '-' && !slices.ContainsFunc(tokens[1:], isSigned)
	if negate {
		tokens[0] = tokens[0][1:]
	}
	for i := 0; i < len(tokens); i++ {
		tok := tokens[i]
		switch {
		case tok == "ago" && i == len(tokens)-1 && i > 0:
			negate = !negate
		case strings.Contains(tok, ":"):
			if !p.clock(tok) {
				return Interval{}, p.bad()
			}
		case i+1 < len(tokens) && isLetter(tokens[i+1][0]) && tokens[i+1] != "ago":
			if !p.add(tok, tokens[i+1]) {
				return Interval{}, p.bad()
			}
			i++
		case strings.Contains(strings.TrimLeft(tok, "+-"), "-"):
			if !p.yearMonth(tok) {
				return Interval{}, p.bad()
			}
		default:
			name := unit
			if i+1 < len(tokens) && strings.Contains(tokens[i+1], ":") {
				name = "day"
			} else if name == "" {
				name = "second"
			}
			if !p.add(tok, name) {
				return Interval{}, p.bad()
			}
		}
	}
	return p.result(negate)
}

func isSigned(token string) bool { return token[0] == '-' || token[0] == '+' }

// scanInterval cuts numbers from units, also where nothing is between them.
func scanInterval(t string) ([]string, bool) {
	var tokens []string
	for i := 0; i < len(t); {
		start, c := i, t[i]
		switch {
		case c == ' ' || c == ',' || c == '\t' || c == '@' && i == 0:
			i++
			continue
		case isLetter(c):
			for i < len(t) && isLetter(t[i]) {
				i++
			}
			tokens = append(tokens, strings.ToLower(t[start:i]))
		case isDigit(c) || c == '+' || c == '-' || c == '.':
			for i++; i < len(t) && (isDigit(t[i]) || t[i] == '.' || t[i] == ':' || t[i] == '-' && isDigit(t[i-1])); i++ {
			}
			tokens = append(tokens, t[start:i])
		default:
			return nil, false
		}
	}
	return tokens, true
}

// intervalUnits gives months, days or µs for one of a unit.
func intervalUnit(name string) (months, days, micros int64, ok bool) {
	switch name {
	case "microsecond", "microseconds", "us", "usec", "usecs", "usecond", "useconds", "microsecs", "microsec":
		return 0, 0, 1, true
	case "millisecond", "milliseconds", "ms", "msec", "msecs", "mseconds", "msecond":
		return 0, 0, 1000, true
	case "second", "seconds", "sec", "secs", "s":
		return 0, 0, MicrosPerSecond, true
	case "minute", "minutes", "min", "mins", "m":
		return 0, 0, MicrosPerMinute, true
	case "hour", "hours", "hr", "hrs", "h":
		return 0, 0, MicrosPerHour, true
	case "day", "days", "d":
		return 0, 1, 0, true
	case "week", "weeks", "w":
		return 0, 7, 0, true
	case "month", "months", "mon", "mons":
		return 1, 0, 0, true
	case "year", "years", "y", "yr", "yrs":
		return 12, 0, 0, true
	case "decade", "decades", "dec", "decs":
		return 120, 0, 0, true
	case "century", "centuries", "cent", "c":
		return 1200, 0, 0, true
	case "millennium", "millennia", "mil", "mils":
		return 12000, 0, 0, true
	}
	return 0, 0, 0, false
}

// add adds number units. A fraction of months becomes days (30 a month), one of days µs.
func (p *intervalParser) add(number, unit string) bool {
	n, ok := new(big.Rat).SetString(strings.TrimPrefix(number, "+"))
	months, days, micros, known := intervalUnit(unit)
	if !ok || !known || strings.ContainsAny(number, "eE/_") {
		return false
	}
	switch {
	case months != 0:
		p.addMonths(n.Mul(n, big.NewRat(months, 1)), months == 1)
	case days != 0:
		p.addDays(n.Mul(n, big.NewRat(days, 1)))
	default:
		p.addMicros(n.Mul(n, big.NewRat(micros, 1)))
	}
	return true
}

func (p *intervalParser) addMonths(n *big.Rat, spill bool) {
	if !spill { // a fraction of years gives whole months, rounded
		p.months.Add(&p.months, roundRat(n))
		return
	}
	whole, frac := splitRat(n)
	p.months.Add(&p.months, whole)
	if frac.Sign() != 0 {
		p.addDays(frac.Mul(frac, big.NewRat(30, 1)))
	}
}

func (p *intervalParser) addDays(n *big.Rat) {
	whole, frac := splitRat(n)
	p.days.Add(&p.days, whole)
	if frac.Sign() != 0 {
		p.addMicros(frac.Mul(frac, big.NewRat(MicrosPerDay, 1)))
	}
}

func (p *intervalParser) addMicros(n *big.Rat) { p.micros.Add(&p.micros, roundRat(n)) }

func splitRat(n *big.Rat) (whole *big.Int, frac *big.Rat) {
	whole = new(big.Int).Quo(n.Num(), n.Denom())
	return whole, new(big.Rat).Sub(n, new(big.Rat).SetInt(whole))
}

// roundRat rounds half to even, as rint does.
func roundRat(n *big.Rat) *big.Int {
	whole, frac := splitRat(n)
	twice := frac.Mul(frac, big.NewRat(2, 1))
	switch cmp := new(big.Rat).Abs(twice).Cmp(big.NewRat(1, 1)); {
	case cmp > 0, cmp == 0 && whole.Bit(0) == 1:
		whole.Add(whole, big.NewInt(int64(twice.Sign())))
	}
	return whole
}

// clock adds [-]hh:mm[:ss[.f]].
func (p *intervalParser) clock(tok string) bool {
	neg := tok[0] == '-'
	parts := strings.Split(strings.TrimLeft(tok, "+-"), ":")
	if len(parts) > 3 {
		return false
	}
	if len(parts) == 2 && strings.Contains(parts[1], ".") { // mm:ss.f
		parts = append([]string{"0"}, parts...)
	}
	sum := new(big.Rat)
	for i, unit := range []int64{MicrosPerHour, MicrosPerMinute, MicrosPerSecond} {
		if i >= len(parts) {
			break
		}
		n, ok := new(big.Rat).SetString(parts[i])
		if !ok || i > 0 && n.Cmp(big.NewRat(60, 1)) >= 0 || i < 2 && !n.IsInt() {
			return false
		}
		sum.Add(sum, n.Mul(n, big.NewRat(unit, 1)))
	}
	if neg {
		sum.Neg(sum)
	}
	p.addMicros(sum)
	return true
}

// yearMonth adds [-]years-months of the SQL standard.
func (p *intervalParser) yearMonth(tok string) bool {
	neg := tok[0] == '-'
	years, months, _ := strings.Cut(strings.TrimLeft(tok, "+-"), "-")
	y, ok1 := smallInt(years)
	m, ok2 := smallInt(months)
	if !ok1 || !ok2 || m > 11 {
		return false
	}
	total := int64(y*12 + m)
	if neg {
		total = -total
	}
	p.months.Add(&p.months, big.NewInt(total))
	return true
}

// iso reads what follows the P of ISO 8601's format with designators.
func (p *intervalParser) iso(t string) (Interval, error) {
	inTime, any := false, false
	for len(t) > 0 {
		if t[0] == 'T' || t[0] == 't' {
			inTime, t = true, t[1:]
			continue
		}
		i := strings.IndexFunc(t, func(r rune) bool { return r < 128 && isLetter(byte(r)) })
		if i <= 0 {
			return Interval{}, p.bad()
		}
		unit := map[string]string{"Y": "year", "M": "month", "W": "week", "D": "day"}[strings.ToUpper(t[i:i+1])]
		if inTime {
			unit = map[string]string{"H": "hour", "M": "minute", "S": "second"}[strings.ToUpper(t[i:i+1])]
		}
		if unit == "" || !p.add(t[:i], unit) {
			return Interval{}, p.bad()
		}
		t, any = t[i+1:], true
	}
	if !any {
		return Interval{}, p.bad()
	}
	return p.result(false)
}

func (p *intervalParser) result(negate bool) (Interval, error) {
	if negate {
		p.months.Neg(&p.months)
		p.days.Neg(&p.days)
		p.micros.Neg(&p.micros)
	}
	if !fits32(&p.months) || !fits32(&p.days) || !p.micros.IsInt64() {
		return Interval{}, p.overflow()
	}
	return Interval{Months: int32(p.months.Int64()), Days: int32(p.days.Int64()), Micros: p.micros.Int64()}, nil
}

func fits32(n *big.Int) bool {
	return n.IsInt64() && n.Int64() >= math.MinInt32 && n.Int64() <= math.MaxInt32
}
