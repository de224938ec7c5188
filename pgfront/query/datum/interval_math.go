package datum

import (
	"math"
	"math/bits"
)

func intervalRange() error { return Errorf("22008", "interval out of range") }

func add32(a, b int32) (int32, bool) {
	sum := int64(a) + int64(b)
	return int32(sum), sum >= math.MinInt32 && sum <= math.MaxInt32
}

func add64(a, b int64) (int64, bool) {
	sum := a + b
	return sum, b == 0 || (sum > a) == (b > 0)
}

// AddInterval adds field by field.
func AddInterval(a, b Interval) (Interval, error) {
	months, ok1 := add32(a.Months, b.Months)
	days, ok2 := add32(a.Days, b.Days)
	us, ok3 := add64(a.Micros, b.Micros)
	if !ok1 || !ok2 || !ok3 {
		return Interval{}, intervalRange()
	}
	return Interval{Months: months, Days: days, Micros: us}, nil
}

// NegInterval negates field by field.
func NegInterval(a Interval) (Interval, error) {
	if a.Months == math.MinInt32 || a.Days == math.MinInt32 || a.Micros == math.MinInt64 {
		return Interval{}, intervalRange()
	}
	return Interval{Months: -a.Months, Days: -a.Days, Micros: -a.Micros}, nil
}

// MulInterval multiplies; fractions of months spill into days (30 a month) and those of
// days into the time.
func MulInterval(a Interval, f float64) (Interval, error) {
	return scaledInterval(float64(a.Months)*f, float64(a.Days)*f, float64(a.Micros)*f)
}

// DivInterval divides in the same manner.
func DivInterval(a Interval, f float64) (Interval, error) {
	if f == 0 {
		return Interval{}, errDivisionByZero()
	}
	return scaledInterval(float64(a.Months)/f, float64(a.Days)/f, float64(a.Micros)/f)
}

// scaledInterval makes an interval of fields that are no integers: the fractions are rounded
// to the µs before they spill.
func scaledInterval(months, days, micros float64) (Interval, error) {
	if math.IsNaN(months+days+micros) || math.Abs(months) > math.MaxInt32 || math.Abs(days) > math.MaxInt32 {
		return Interval{}, intervalRange()
	}
	out := Interval{Months: int32(months), Days: int32(days)}
	monthDays := roundMicrosOf((months - math.Trunc(months)) * 30)
	seconds := roundMicrosOf((days - math.Trunc(days) + monthDays - math.Trunc(monthDays)) * 86400)
	if math.Abs(seconds) >= 86400 {
		out.Days += int32(seconds / 86400)
		seconds -= math.Trunc(seconds/86400) * 86400
	}
	out.Days += int32(monthDays)
	us := math.RoundToEven(micros + seconds*MicrosPerSecond)
	if math.IsNaN(us) || us < -math.MaxInt64 || us >= math.MaxInt64 {
		return Interval{}, intervalRange()
	}
	out.Micros = int64(us)
	return out, nil
}

func roundMicrosOf(x float64) float64 { return math.RoundToEven(x*1e6) / 1e6 }

// DateToTimestamp converts a date; the infinities stay what they are.
func DateToTimestamp(days int64) int64 {
	switch days {
	case DateInf:
		return Infinity
	case DateNegInf:
		return NegInfinity
	}
	high, low := bits.Mul64(uint64(max(days, -days)), MicrosPerDay)
	if high != 0 || low > math.MaxInt64 {
		if days < 0 {
			return NegInfinity
		}
		return Infinity
	}
	return days * MicrosPerDay
}

// TimestampToDate is the inverse, towards the past.
func TimestampToDate(us int64) int64 {
	switch us {
	case Infinity:
		return DateInf
	case NegInfinity:
		return DateNegInf
	}
	days, _ := floorDiv(us, MicrosPerDay)
	return days
}

func timestampRange() error { return Errorf("22008", "timestamp out of range") }

// AddToTimestamp adds an interval to a wall clock: months first, cut to the month's end,
// then days, then the time.
func AddToTimestamp(us int64, iv Interval) (int64, error) {
	if us == Infinity || us == NegInfinity {
		return us, nil
	}
	us, ok := addMonthsDays(us, iv)
	if !ok {
		return 0, timestampRange()
	}
	sum := us + iv.Micros
	if overflow := (sum > us) != (iv.Micros > 0) && iv.Micros != 0; overflow || !ValidTimestamp(sum) {
		return 0, timestampRange()
	}
	return sum, nil
}

func addMonthsDays(us int64, iv Interval) (int64, bool) {
	if iv.Months != 0 {
		c := CivilOf(us)
		q, r := floorDiv(int64(c.Year)*12+int64(c.Month-1)+int64(iv.Months), 12)
		c.Year, c.Month = int(q), int(r)+1
		c.Day = min(c.Day, DaysIn(c.Year, c.Month))
		var ok bool
		if us, ok = c.Timestamp(); !ok {
			return 0, false
		}
	}
	// The range of timestamps is about 1.1e8 days, far below where the product overflows.
	if days := int64(iv.Days); days > 1<<27 || days < -(1<<27) {
		return 0, false
	}
	us += int64(iv.Days) * MicrosPerDay
	return us, ValidTimestamp(us)
}

// SubTimestamps returns a-b as days and time.
func SubTimestamps(a, b int64) (Interval, error) {
	if a == Infinity || a == NegInfinity || b == Infinity || b == NegInfinity {
		return Interval{}, Errorf("22008", "cannot subtract infinite timestamps")
	}
	diff := a - b
	return Interval{Days: int32(diff / MicrosPerDay), Micros: diff % MicrosPerDay}, nil
}

// JustifyHours turns each 24 hours into a day, with one sign for both.
func JustifyHours(iv Interval) Interval {
	whole := iv.Micros / MicrosPerDay
	iv.Days += int32(whole)
	iv.Micros -= whole * MicrosPerDay
	if iv.Days > 0 && iv.Micros < 0 {
		iv.Micros += MicrosPerDay
		iv.Days--
	} else if iv.Days < 0 && iv.Micros > 0 {
		iv.Micros -= MicrosPerDay
		iv.Days++
	}
	return iv
}

// JustifyDays turns each 30 days into a month, with one sign for both.
func JustifyDays(iv Interval) Interval {
	whole := iv.Days / 30
	iv.Months += whole
	iv.Days -= whole * 30
	if iv.Months > 0 && iv.Days < 0 {
		iv.Days += 30
		iv.Months--
	} else if iv.Months < 0 && iv.Days > 0 {
		iv.Days -= 30
		iv.Months++
	}
	return iv
}

// JustifyInterval is both at once, with one sign for all fields.
func JustifyInterval(iv Interval) Interval {
	if iv.Days > 0 && iv.Micros > 0 || iv.Days < 0 && iv.Micros < 0 {
		iv.Months, iv.Days = iv.Months+iv.Days/30, iv.Days%30
	}
	iv.Days, iv.Micros = iv.Days+int32(iv.Micros/MicrosPerDay), iv.Micros%MicrosPerDay
	iv.Months, iv.Days = iv.Months+iv.Days/30, iv.Days%30
	switch {
	case iv.Months > 0 && (iv.Days < 0 || iv.Days == 0 && iv.Micros < 0):
		iv.Days, iv.Months = iv.Days+30, iv.Months-1
	case iv.Months < 0 && (iv.Days > 0 || iv.Days == 0 && iv.Micros > 0):
		iv.Days, iv.Months = iv.Days-30, iv.Months+1
	}
	switch {
	case iv.Days > 0 && iv.Micros < 0:
		iv.Micros, iv.Days = iv.Micros+MicrosPerDay, iv.Days-1
	case iv.Days < 0 && iv.Micros > 0:
		iv.Micros, iv.Days = iv.Micros-MicrosPerDay, iv.Days+1
	}
	return iv
}

// Age is age(a, b): years, months, days and time from b to a on the wall clock.
func Age(a, b int64) Interval {
	if a < b {
		iv := Age(b, a)
		return Interval{Months: -iv.Months, Days: -iv.Days, Micros: -iv.Micros}
	}
	x, y := CivilOf(a), CivilOf(b)
	months := (x.Year-y.Year)*12 + x.Month - y.Month
	days := x.Day - y.Day
	us := x.TimeOfDay() - y.TimeOfDay()
	if us < 0 {
		us += MicrosPerDay
		days--
	}
	if days < 0 {
		days += DaysIn(y.Year, y.Month)
		months--
	}
	return Interval{Months: int32(months), Days: int32(days), Micros: us}
}
