package datum

// validJSON checks a text for type json. What the scan does not accept is parsed again, for
// PostgreSQL's error.
func validJSON(s string) error {
	scan := jsonScan{text: s}
	if scan.document() {
		return nil
	}
	_, err := ParseRawJSON(s)
	return err
}

// ScanMember finds a member of a JSON object without building its tree, and checks all of
// the text while it does so; of equal keys the last counts. plain is false if the text is not
// valid, or has what type jsonb looks at more closely (escaped characters by number, numbers
// that may overflow): then nothing is said of the member.
func ScanMember(s, key string) (raw string, found, plain bool) {
	scan := jsonScan{text: s, key: key, sought: true}
	plain = scan.document() && !scan.special
	return scan.raw, scan.found, plain
}

// jsonScan goes over a JSON text once. Its methods take and return positions in the text; -1
// says that it is not valid.
type jsonScan struct {
	text    string
	special bool // there is something that jsonb looks at more closely
	// sought is true while the members of the outermost object are compared with key.
	sought bool
	key    string
	raw    string
	found  bool
}

func (j *jsonScan) document() bool {
	at := j.value(j.space(0), 0)
	return at >= 0 && j.space(at) == len(j.text)
}

func (j *jsonScan) space(at int) int {
	for at < len(j.text) {
		switch j.text[at] {
		case ' ', '\t', '\n', '\r':
			at++
		default:
			return at
		}
	}
	return at
}

func (j *jsonScan) value(at, depth int) int {
	if at >= len(j.text) || depth > maxJSONDepth {
		return -1
	}
	switch c := j.text[at]; c {
	case '"':
		return j.str(at)
	case '{':
		return j.object(at, depth)
	case '[':
		return j.array(at, depth)
	case 't':
		return j.word(at, "true")
	case 'f':
		return j.word(at, "false")
	case 'n':
		return j.word(at, "null")
	}
	return j.number(at)
}

func (j *jsonScan) word(at int, word string) int {
	if end := at + len(word); end <= len(j.text) && j.text[at:end] == word {
		return end
	}
	return -1
}

func (j *jsonScan) object(at, depth int) int {
	sought := j.sought
	j.sought = false // not within its members
	at = j.space(at + 1)
	if j.is(at, '}') {
		return at + 1
	}
	for j.is(at, '"') {
		key := at
		if at = j.str(at); at < 0 {
			return -1
		}
		match := sought && j.text[key+1:at-1] == j.key
		if at = j.space(at); !j.is(at, ':') {
			return -1
		}
		start := j.space(at + 1)
		if at = j.value(start, depth+1); at < 0 {
			return -1
		}
		if match {
			j.raw, j.found = j.text[start:at], true
		}
		switch at = j.space(at); {
		case j.is(at, '}'):
			return at + 1
		case !j.is(at, ','):
			return -1
		}
		at = j.space(at + 1)
	}
	return -1
}

func (j *jsonScan) array(at, depth int) int {
	j.sought = false
	at = j.space(at + 1)
	if j.is(at, ']') {
		return at + 1
	}
	for {
		if at = j.value(at, depth+1); at < 0 {
			return -1
		}
		switch at = j.space(at); {
		case j.is(at, ']'):
			return at + 1
		case !j.is(at, ','):
			return -1
		}
		at = j.space(at + 1)
	}
}

func (j *jsonScan) is(at int, c byte) bool { return at < len(j.text) && j.text[at] == c }

// str passes over a string, whose quote is at at. An escape makes the text special: as a key
// it would have to be compared without.
func (j *jsonScan) str(at int) int {
	for at++; at < len(j.text); at++ {
		switch c := j.text[at]; {
		case c == '"':
			return at + 1
		case c == '\\':
			j.special = true
			if at = j.escape(at + 1); at < 0 {
				return -1
			}
		case c < 0x20:
			return -1
		}
	}
	return -1
}

// escape returns the position of the last character of an escape.
func (j *jsonScan) escape(at int) int {
	if at >= len(j.text) {
		return -1
	}
	switch j.text[at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return at
	case 'u':
		for n := 1; n <= 4; n++ {
			if at+n >= len(j.text) || !isHexDigit(j.text[at+n]) {
				return -1
			}
		}
		return at + 4
	}
	return -1
}

func isHexDigit(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// maxPlainNumber is a length of numbers which without an exponent are far from overflowing.
const maxPlainNumber = 1000

func (j *jsonScan) number(at int) int {
	start := at
	for at < len(j.text) && isNumberByte(j.text[at]) {
		if c := j.text[at]; c == 'e' || c == 'E' {
			j.special = true
		}
		at++
	}
	if !validNumber(j.text[start:at]) {
		return -1
	}
	j.special = j.special || at-start > maxPlainNumber
	return at
}

func isNumberByte(c byte) bool {
	return isDigit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}
