package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// progressBar shows how far a long run is: a line that changes on a terminal,
// elsewhere a line now and then.
type progressBar struct {
	out      io.Writer
	terminal bool
	total    uint64 // entries of all
	before   uint64 // of those, which earlier runs have done
	done     uint64
	began    time.Time
	shown    time.Time
	width    int // of what stands on the terminal's line
}

const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 10 * time.Second
	barWidth  = 30
)

func newProgressBar(out io.Writer) *progressBar {
	return &progressBar{out: out, terminal: isTerminal(out)}
}

// start begins to measure: done of total entries were done before.
func (b *progressBar) start(done, total uint64) {
	b.before, b.done, b.total = done, done, total
	b.began = time.Now()
	b.shown = b.began
}

// add notes that n more entries are done, and shows it if it is time to. What
// is under way is told in a few words.
func (b *progressBar) add(n uint64, what string) {
	b.done += n
	every := lineEvery
	if b.terminal {
		every = barEvery
	}
	if time.Since(b.shown) < every {
		return
	}
	b.shown = time.Now()
	if !b.terminal {
		fmt.Fprintf(b.out, "%s, %s\n", b.state(), what)
		return
	}
	full := int(b.part() * barWidth)
	text := fmt.Sprintf("[%s%s] %s, %s", strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), b.state(), what)
	fmt.Fprintf(b.out, "\r%-*s", b.width, text)
	b.width = len(text)
}

// part is how much is done, from 0 to 1.
func (b *progressBar) part() float64 {
	if b.total == 0 {
		return 1
	}
	return min(1, float64(b.done)/float64(b.total))
}

// state is how far it is, how fast it goes, and how long it takes from here.
func (b *progressBar) state() string {
	text := fmt.Sprintf("%3.0f %%", b.part()*100)
	rate := float64(b.done-b.before) / time.Since(b.began).Seconds()
	if rate > 0 && b.total > b.done {
		left := time.Duration(float64(b.total-b.done) / rate * float64(time.Second))
		text += fmt.Sprintf(", %.0f entries/s, %v left", rate, left.Round(time.Second))
	}
	return text
}

// clear takes the bar off the terminal.
func (b *progressBar) clear() {
	if b.width > 0 {
		fmt.Fprintf(b.out, "\r%s\r", strings.Repeat(" ", b.width))
		b.width = 0
	}
}

// line tells something beside the results.
func (b *progressBar) line(text string) {
	b.clear()
	fmt.Fprintln(b.out, text)
}
