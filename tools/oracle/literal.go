package main

import (
	"slices"
	"strings"

	"walle/pgfront/query/datum"
)

// literals are values of each type, as SQL; the edges are among them. The first is the
// plainest, which shrinking tries.
var literals = map[datum.OID][]string{
	datum.BoolOID:    {"true", "false", "null::bool"},
	datum.Int2OID:    {"1::int2", "0::int2", "(-1)::int2", "2::int2", "7::int2", "32767::int2", "(-32768)::int2", "null::int2"},
	datum.Int4OID:    {"1", "0", "(-1)", "2", "3", "4", "10", "100", "2024", "2147483647", "(-2147483648)", "null::int4"},
	datum.Int8OID:    {"1::int8", "0::int8", "(-1)::int8", "5::int8", "4294967296", "9223372036854775807", "(-9223372036854775808)", "null::int8"},
	datum.Float4OID:  {"1::float4", "0::float4", "'-0'::float4", "1.5::float4", "(-2.25)::float4", "1e-3::float4", "3.4e38::float4", "1e-40::float4", "'NaN'::float4", "'Infinity'::float4", "'-Infinity'::float4", "null::float4"},
	datum.Float8OID:  {"1::float8", "0::float8", "'-0'::float8", "0.5::float8", "(-2.75)::float8", "1e-7::float8", "123456.789::float8", "1e15::float8", "1.7976931348623157e308::float8", "5e-324::float8", "'NaN'::float8", "'Infinity'::float8", "'-Infinity'::float8", "null::float8"},
	datum.NumericOID: {"1.0", "0::numeric", "0.00", "(-1.5)", "2.50", "10::numeric", "0.1", "123456789.123456789", "1e20", "0.000000001", "99999.9999", "(-0.05)", "'NaN'::numeric", "'Infinity'::numeric", "'-Infinity'::numeric", "12345678901234567890123456789012345678901234567890", "null::numeric", "3.14159::numeric(5,2)"},
	datum.TextOID:    {"'a'::text", "''::text", "'abc'::text", "'Hello World'::text", "'  pad  '::text", "'größe €'::text", "'a,b,,c'::text", "'a%_b\\c'::text", "'1'::text", "'-12.5'::text", "'It''s \"q\"'::text", "E'line\\nbreak\\ttab'::text", "'{\"a\": [1, 2]}'::text", "'2024-02-29'::text", "'UTC'::text", "'day'::text", "'base64'::text", "'^a.*(b|c)$'::text", "'[[:alpha:]]+'::text", "'g'::text", "'😀x'::text", "null::text"},
	datum.VarcharOID: {"'a'::varchar", "'abcdef'::varchar(3)", "''::varchar", "null::varchar"},
	datum.BPCharOID:  {"'a'::bpchar", "'ab'::char(5)", "''::char(3)", "'x  '::bpchar", "null::bpchar"},
	datum.NameOID:    {"'a'::name", "'some_name'::name", "''::name", "null::name"},
	datum.ByteaOID:   {`'\x61'::bytea`, `''::bytea`, `'\x00ff10'::bytea`, `'abc'::bytea`, `'\xdeadbeef'::bytea`, `'a\\b'::bytea`, `'\xc3a4'::bytea`, "null::bytea"},
	datum.DateOID:    {"'2024-01-01'::date", "'2024-02-29'::date", "'1999-12-31'::date", "'0044-03-15 BC'::date", "'4713-01-01 BC'::date", "'9999-12-31'::date", "'infinity'::date", "'-infinity'::date", "'2000-01-01'::date", "null::date"},
	datum.TimeOID:    {"'00:00'::time", "'12:34:56.789012'::time", "'23:59:59.999999'::time", "'24:00'::time", "null::time"},
	datum.TimestampOID: {"'2024-01-01 00:00'::timestamp", "'2024-02-29 12:34:56.789'::timestamp", "'1969-07-20 20:17:40'::timestamp", "'0001-01-01 00:00:00 BC'::timestamp",
		"'294276-12-31 23:59:59.999999'::timestamp", "'2024-11-03 01:30'::timestamp", "'2024-03-10 02:30'::timestamp", "'infinity'::timestamp", "'-infinity'::timestamp", "null::timestamp"},
	datum.TimestamptzOID: {"'2024-01-01 00:00+00'::timestamptz", "'2024-07-01 12:34:56.789012+02'::timestamptz", "'1900-01-01 00:00 UTC'::timestamptz", "'2024-11-03 01:30:00 America/New_York'::timestamptz",
		"'2024-03-31 01:30+00'::timestamptz", "'infinity'::timestamptz", "'-infinity'::timestamptz", "null::timestamptz"},
	datum.IntervalOID: {"'1 day'::interval", "'0'::interval", "'1 year 2 mons 3 days 04:05:06.789'::interval", "'-1 day +02:03:04'::interval", "'1 mon -1 hour'::interval", "'P1Y2M3DT4H5M6S'::interval",
		"'1.5 months'::interval", "'25 hours'::interval", "'-00:00:00.000001'::interval", "'178000000 years'::interval", "'30 days'::interval", "null::interval"},
	datum.JSONOID: {`'{"a": 1}'::json`, `'[1, 2, 3]'::json`, `'null'::json`, `'"x"'::json`, `'{"a": {"b": [true, null, 1.50]}, "a": 2}'::json`, `' [ ] '::json`, `'{}'::json`, `'12'::json`, "null::json"},
	datum.JSONBOID: {`'{"a": 1}'::jsonb`, `'[1, 2, 3]'::jsonb`, `'null'::jsonb`, `'"x"'::jsonb`, `'{"a": {"b": [true, null, 1.50]}, "c": "d"}'::jsonb`, `'[]'::jsonb`, `'{}'::jsonb`,
		`'12'::jsonb`, `'true'::jsonb`, `'-0.50'::jsonb`, `'[{"a": 1}, {"a": 2, "b": "x"}]'::jsonb`, `'["a", "b", "b"]'::jsonb`, `'{"b": 2, "aa": 1, "a": "ü"}'::jsonb`, "null::jsonb"},
	datum.UUIDOID: {"'00000000-0000-0000-0000-000000000000'::uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "null::uuid"},
	datum.OIDOID:  {"0::oid", "1::oid", "4294967295::oid", "null::oid"},
	datum.JSONPathOID: {"'$'::jsonpath", "'$.a'::jsonpath", "'$.a.b[*]'::jsonpath", "'$[*]'::jsonpath", "'$[0]'::jsonpath", "'$[last]'::jsonpath", "'strict $.x'::jsonpath", "'$.* ? (@ > 1)'::jsonpath",
		"'$[*] ? (@.a == 1).b'::jsonpath", "'$.a.size()'::jsonpath", "'$[*].type()'::jsonpath", "'$ ? (exists (@.a))'::jsonpath", "'$.a + 1'::jsonpath", "'$[1 to 2]'::jsonpath", "'$.**'::jsonpath",
		"'$[*] ? (@ like_regex \"^a\")'::jsonpath", "'$[*] ? (@ starts with \"b\")'::jsonpath", "'$.a == 1'::jsonpath", "'$[*].double()'::jsonpath", "'-$[0]'::jsonpath", "'$.keyvalue()'::jsonpath", "'$.a ? (@ == 1 && @ < 5 || !(@ > 0))'::jsonpath", "null::jsonpath"},
	arrayOf(datum.BoolOID):    {"array[true]", "array[true, false, null]", "'{}'::bool[]", "null::bool[]"},
	arrayOf(datum.Int4OID):    {"array[1]", "array[1, 2, 3]", "'{}'::int4[]", "array[3, null, 1, 3]", "array[[1, 2], [3, 4]]", "'[2:4]={7,8,9}'::int4[]", "null::int4[]"},
	arrayOf(datum.Int8OID):    {"array[1::int8]", "array[1::int8, 9223372036854775807]", "'{}'::int8[]", "null::int8[]"},
	arrayOf(datum.NumericOID): {"array[1.0]", "array[1.50, 'NaN', null]", "'{}'::numeric[]", "null::numeric[]"},
	arrayOf(datum.Float8OID):  {"array[1::float8]", "array[0.5::float8, 'NaN', 'Infinity']", "'{}'::float8[]", "null::float8[]"},
	arrayOf(datum.TextOID): {"array['a']", "array['a', 'b', null, '']", "'{}'::text[]", `'{"with \"quote\"","a,b",NULL,"NULL"}'::text[]`, "array[['a', 'b'], ['c', 'd']]",
		"array['a', '1']", "null::text[]"},
	arrayOf(datum.DateOID):        {"array['2024-01-01'::date]", "array['2024-02-29'::date, null]", "null::date[]"},
	arrayOf(datum.TimestamptzOID): {"array['2024-01-01 00:00+00'::timestamptz]", "null::timestamptz[]"},
	arrayOf(datum.JSONBOID):       {`array['{"a": 1}'::jsonb]`, "array['1'::jsonb, null, '\"x\"']", "null::jsonb[]"},
}

// scalarTypes have casts among each other; elementTypes stand for polymorphic ones.
var (
	scalarTypes = []datum.OID{
		datum.BoolOID, datum.Int2OID, datum.Int4OID, datum.Int8OID, datum.Float4OID, datum.Float8OID, datum.NumericOID, datum.TextOID,
		datum.TimestamptzOID, datum.IntervalOID, datum.JSONOID, datum.JSONBOID, datum.UUIDOID, datum.OIDOID,
	}
	elementTypes = []datum.OID{
		datum.BoolOID, datum.Int4OID, datum.Int8OID, datum.NumericOID, datum.Float8OID, datum.TextOID, datum.DateOID, datum.TimestamptzOID, datum.JSONBOID,
	}
	allTypes = knownTypes()
)

func knownTypes() []datum.OID {
	var list []datum.OID
	for t := range literals {
		list = append(list, t)
	}
	slices.Sort(list)
	return list
}

func known(t datum.OID) bool { return len(literals[t]) > 0 }

func arrayOf(t datum.OID) datum.OID { return bind(datum.AnyArrayOID, t) }

// Arguments of these functions have words of their own: a random text would only be an error.
var words = map[string][]string{
	"date_trunc":   {"'day'", "'hour'", "'month'", "'week'", "'quarter'", "'year'", "'decade'", "'century'", "'millennium'", "'second'", "'milliseconds'", "'minute'", "'bogus'"},
	"date_part":    {"'day'", "'epoch'", "'dow'", "'isodow'", "'doy'", "'week'", "'isoyear'", "'month'", "'quarter'", "'year'", "'decade'", "'century'", "'millennium'", "'microseconds'", "'milliseconds'", "'second'", "'hour'", "'timezone'", "'julian'", "'bogus'"},
	"encode":       {"'hex'", "'base64'", "'escape'", "'bogus'"},
	"decode":       {"'hex'", "'base64'", "'escape'"},
	"timezone":     {"'UTC'", "'America/New_York'", "'+03'", "'Europe/Berlin'", "'EST'", "'Nowhere/X'"},
	"convert_from": {"'UTF8'", "'LATIN1'", "'SQL_ASCII'"},
	"convert_to":   {"'UTF8'", "'LATIN1'"},
	"format":       {"'%s'", "'%I and %L'", "'%2$s %1$s'", "'%-5s|'", "'%%'", "'%*s'", "'%d'"},
}

// patterns of to_char, to_date, to_timestamp and to_number, by the type that they format.
var patterns = map[string][]string{
	"time": {"'YYYY-MM-DD'", "'YYYY-MM-DD HH24:MI:SS.US'", "'Day, DD Month YYYY'", "'FMDay, FMDDth FMMonth'", "'HH12:MI AM'", "'Dy DD Mon YY'", "'J'", "'DDD IW IYYY ID'", "'Q WW W CC'", "'MS US FF3 SSSS'",
		"'TZ OF TZH:TZM'", "'\"text\" YYYY'", "'RM rm'", "'Y,YYY BC'", "'DAY MONTH'", "'day month'", "'HH24:MI:SS'", "''", "'IYY IY I D'", "'YYYYMMDD'"},
	"number": {"'999'", "'9999.99'", "'0000.00'", "'FM999.00'", "'S999'", "'999S'", "'999PR'", "'MI999'", "'9,999,999'", "'L999'", "'999D99'", "'9G999'", "'RN'", "'FMRN'", "'9.99EEEE'", "'99V99'", "'999th'", "'SG99'", "'PL99'", "'FM9990.099'", "'\"n=\"999'", "''", "'B999'"},
	"read":   {"'YYYY-MM-DD'", "'DD Mon YYYY'", "'YYYYMMDD'", "'HH24:MI:SS'", "'YYYY-MM-DD HH24:MI:SS'", "'YY/MM/DD'", "'J'", "'IYYY-IW-ID'", "'YYYY DDD'", "'Month DD, YYYY'"},
	"dates":  {"'2024-02-29'", "'29 Feb 2024'", "'20240229'", "'12:34:56'", "'2024-02-29 23:59:60'", "'24/2/9'", "'2460370'", "'2024-09-4'", "'2024 060'", "'February 29, 2024'", "'bogus'", "'2023-02-29'"},
	"digits": {"'123'", "'-12.34'", "'1,234.5'", "'<12>'", "'+7'", "'12-'", "'abc'", "''"},
}

func plainest(t datum.OID) string { return literals[t][0] }

func simplerLiterals(t datum.OID) []string {
	list := literals[t]
	null := list[len(list)-1]
	if !strings.HasPrefix(null, "null::") {
		null = "null::" + datum.TypeName(t)
	}
	return []string{list[0], null}
}
