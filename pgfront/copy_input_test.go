package pgfront

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// rowsOf reads all rows of data that arrives in pieces of a size.
func rowsOf(in copyInput, data []byte, size int) (rows []string, err error) {
	var buf []byte
	for piece := range slices.Chunk(append(data, 0)[:len(data)], size) {
		buf = append(buf, piece...)
		if buf, err = takeRows(in, buf, false, &rows); err != nil {
			return rows, err
		}
	}
	_, err = takeRows(in, buf, true, &rows)
	return rows, err
}

func takeRows(in copyInput, buf []byte, last bool, rows *[]string) ([]byte, error) {
	for {
		fields, n, err := in.row(buf, last)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return buf, nil
		}
		if len(fields) > 0 {
			var shown []string
			for _, f := range fields {
				if f == nil {
					shown = append(shown, "NULL")
				} else {
					shown = append(shown, fmt.Sprintf("%q", f))
				}
			}
			*rows = append(*rows, strings.Join(shown, " "))
		}
		buf = bytes.Clone(buf[n:])
	}
}

// TestCopyInput says what rows a text is, however it is cut. "!" is an error.
func TestCopyInput(t *testing.T) {
	text, csv := copyOptions{format: copyText, delimiter: '\t', null: `\N`}, copyOptions{format: copyCSV, delimiter: ',', quote: '"', escape: '"'}
	header := csv
	header.header = true
	match, textMatch := header, text
	match.match, textMatch.header, textMatch.match = true, true, true
	binary := copySignature + "\x00\x00\x00\x00\x00\x00\x00\x01x" + "\x00\x02\x00\x00\x00\x01a\xff\xff\xff\xff" + "\xff\xff"
	for _, c := range []struct {
		options copyOptions
		data    string
		want    string // rows apart by |
	}{
		{text, "a\tb\nc\t\\N\n", `"a" "b"|"c" NULL`},
		{text, "a\tb\r\nc\td", `"a" "b"|"c" "d"`},
		{text, "\\x41\\101\t\\t\\\\\\n\\q\n", `"AA" "\t\\\nq"`},
		{text, "a\\\nb\t\n", `"a\nb" ""`},
		{text, "a\tb\n\\.\nrubbish\n", `"a" "b"`},
		{text, "a\n", `!`},
		{text, "a\tb\tc\n", `!`},
		{text, "", ``},
		{csv, "a,b\n\"c\",\n", `"a" "b"|"c" NULL`},
		{csv, "\"a,\"\"b\"\"\nc\",\"\"\n", `"a,\"b\"\nc" ""`},
		{csv, "\"a,b\n", `!`},
		{csv, "a\n", `!`},
		{header, "x,y\na,b", `"a" "b"`},
		{match, "entry_id,data\na,b", `"a" "b"`},
		{match, "entry_id,date\na,b", `!`},
		{match, "entry_id\na,b", `!`},
		{textMatch, "entry_id\tdata\na\tb", `"a" "b"`},
		{textMatch, "entry_id\t\\N\na\tb", `!`},
		{copyOptions{format: copyBinary}, binary, `"a" NULL`},
		{copyOptions{format: copyBinary}, binary[:len(binary)-4], `!`},
		{copyOptions{format: copyBinary}, "PGCOPX" + binary[6:], `!`},
		{copyOptions{format: copyBinary}, copySignature + "\x00\x00\x00\x00\x7f\xff\xff\xff", `!`},
	} {
		for size := 1; size <= len(c.data)+1; size++ {
			rows, err := rowsOf(newCopyInput(c.options, []string{"entry_id", "data"}), []byte(c.data), size)
			got := strings.Join(rows, "|")
			if err != nil {
				got = "!"
			}
			if got != c.want {
				t.Errorf("%q in pieces of %d: %s (%v), want %s", c.data, size, got, err, c.want)
			}
		}
	}
}

// FuzzCopyInput says that no input breaks a reader, or keeps it from getting on.
func FuzzCopyInput(f *testing.F) {
	f.Add(0, []byte("a\tb\n\\.\n"))
	f.Add(1, []byte("\"a\",b\n"))
	f.Add(2, []byte(copySignature+"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\xff\xff"))
	f.Fuzz(func(t *testing.T, format int, data []byte) {
		o := copyOptions{format: copyFormat(uint(format) % 3), delimiter: '\t', null: `\N`, quote: '"', escape: '\\'}
		in := newCopyInput(o, []string{"data"})
		for buf := data; ; {
			_, n, err := in.row(buf, true)
			if n < 0 || n > len(buf) {
				t.Fatalf("took %d of %d bytes", n, len(buf))
			}
			if err != nil || n == 0 {
				return
			}
			buf = buf[n:]
		}
	})
}
