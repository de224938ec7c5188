package query

import (
	"strconv"
	"strings"
	"time"

	"walle/pgfront/query/datum"
)

// NewCodec makes the codec for env's session as its settings are now. The session keeps it
// until a setting or the catalog changes.
func NewCodec(env Env) *Codec {
	c := datum.NewCodec(styleOf(env.Session), objectNames{env})
	if env.Session != nil {
		c.Now = env.Session.TransactionTime
	}
	return c
}

// codecOf is the session's own codec, or a new one.
func codecOf(env Env) *Codec {
	if cache, ok := env.Session.(CodecCache); ok {
		return cache.Codec()
	}
	return NewCodec(env)
}

// styleOf reads the settings that shape the text of values. The session has checked them
// when they were SET; what does not parse counts as the default.
func styleOf(s Session) datum.Style {
	style := datum.DefaultStyle()
	if s == nil {
		return style
	}
	setting := func(name string) string {
		v, _ := s.Setting(name)
		return strings.ToLower(strings.TrimSpace(v))
	}
	if name, ok := s.Setting("timezone"); ok {
		style.Location = zoneOf(name)
	}
	format, order, _ := strings.Cut(setting("datestyle"), ",")
	switch format {
	case "sql":
		style.DateFormat = datum.SQLDates
	case "postgres":
		style.DateFormat = datum.PostgresDates
	case "german":
		style.DateFormat = datum.GermanDates
	}
	switch strings.TrimSpace(order) {
	case "dmy":
		style.DateOrder = datum.DMY
	case "ymd":
		style.DateOrder = datum.YMD
	}
	switch setting("intervalstyle") {
	case "postgres_verbose":
		style.IntervalMode = datum.PostgresVerboseIntervals
	case "sql_standard":
		style.IntervalMode = datum.SQLStandardIntervals
	case "iso_8601":
		style.IntervalMode = datum.ISOIntervals
	}
	style.ByteaEscape = setting("bytea_output") == "escape"
	if n, err := strconv.Atoi(setting("extra_float_digits")); err == nil {
		style.FloatDigits = n
	}
	return style
}

func zoneOf(name string) *time.Location {
	if loc, err := datum.SettingZone(name); err == nil {
		return loc
	}
	return time.UTC
}
