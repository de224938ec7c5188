package query

import (
	"time"

	"walle/pgfront/query/datum"
	"walle/pgfront/query/pgdata"
)

// keywords is pg_get_keywords().
func keywords(*call, []Value) (setRows, error) {
	classes := map[byte]string{
		'U': "unreserved", 'C': "unreserved (cannot be function or type name)",
		'T': "reserved (can be function or type name)", 'R': "reserved",
	}
	labels := map[bool]string{true: "can be bare label", false: "requires AS"}
	var rows [][]Value
	for _, k := range pgdata.Keywords() {
		rows = append(rows, []Value{text(k.Word), char(k.Class), datum.Bool(k.Bare), text(classes[k.Class]), text(labels[k.Bare])})
	}
	return tableRows(rows), nil
}

// zoneNames is pg_timezone_names().
func zoneNames(c *call, _ []Value) (setRows, error) { return tableRows(zoneRows(c.run.now)), nil }

// listZones is the view of the same name.
func listZones(env Env) []record {
	now := time.Now()
	if env.Session != nil {
		now = env.Session.TransactionTime()
	}
	var list []record
	for _, row := range zoneRows(now) {
		list = append(list, record{"name": row[0], "abbrev": row[1], "utc_offset": row[2], "is_dst": row[3]})
	}
	return list
}

// zoneRows tells how the time zones stand at a moment. Names that this system does not know are left out.
func zoneRows(now time.Time) [][]Value {
	var rows [][]Value
	for _, name := range pgdata.Zones() {
		zone, err := time.LoadLocation(name)
		if err != nil {
			continue
		}
		at := now.In(zone)
		abbreviation, offset := at.Zone()
		rows = append(rows, []Value{
			text(name), text(abbreviation), datum.IntervalValue(datum.Interval{Micros: int64(offset) * datum.MicrosPerSecond}), datum.Bool(at.IsDST()),
		})
	}
	return rows
}
