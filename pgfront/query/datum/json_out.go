package datum

import "strings"

// AppendJSON prints a jsonb: a space after commas and colons.
func AppendJSON(buf []byte, j *JSON) []byte {
	switch j.Kind {
	case JSONBool:
		if j.Bool {
			return append(buf, "true"...)
		}
		return append(buf, "false"...)
	case JSONNumber:
		return appendNumeric(buf, j.Number)
	case JSONString:
		return AppendJSONString(buf, j.Text)
	case JSONArray:
		buf = append(buf, '[')
		for i, e := range j.Elems {
			if i > 0 {
				buf = append(buf, ", "...)
			}
			buf = AppendJSON(buf, e)
		}
		return append(buf, ']')
	case JSONObject:
		buf = append(buf, '{')
		for i, e := range j.Elems {
			if i > 0 {
				buf = append(buf, ", "...)
			}
			buf = append(AppendJSONString(buf, j.Keys[i]), ": "...)
			buf = AppendJSON(buf, e)
		}
		return append(buf, '}')
	}
	return append(buf, "null"...)
}

// AppendJSONString prints a quoted JSON string as escape_json does.
func AppendJSONString(buf []byte, s string) []byte {
	buf = append(buf, '"')
	for i := range len(s) {
		c := s[i]
		if k := strings.IndexByte("\b\f\n\r\t\"\\", c); k >= 0 {
			buf = append(buf, '\\', `bfnrt"\`[k])
			continue
		}
		if c < 0x20 {
			buf = append(buf, `\u00`...)
			buf = append(buf, hexDigits[c>>4], hexDigits[c&15])
			continue
		}
		buf = append(buf, c)
	}
	return append(buf, '"')
}

// PrettyJSON prints a jsonb as jsonb_pretty does.
func PrettyJSON(j *JSON) string { return string(appendPretty(nil, j, 0)) }

func appendPretty(buf []byte, j *JSON, depth int) []byte {
	open, end := byte('['), byte(']')
	switch j.Kind {
	case JSONObject:
		open, end = '{', '}'
	case JSONArray:
	default:
		return AppendJSON(buf, j)
	}
	line := func(depth int) {
		buf = append(append(buf, '\n'), strings.Repeat("    ", depth)...)
	}
	buf = append(buf, open)
	for i, e := range j.Elems {
		if i > 0 {
			buf = append(buf, ',')
		}
		line(depth + 1)
		if j.Kind == JSONObject {
			buf = append(AppendJSONString(buf, j.Keys[i]), ": "...)
		}
		buf = appendPretty(buf, e, depth+1)
	}
	line(depth)
	return append(buf, end)
}
