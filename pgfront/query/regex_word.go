package query

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"unicode"

	"walle/pgfront/query/datum"
)

// Go's engine knows the edges of words, \b, but not which of them begin one (\m, [[:<:]]) and
// which end one (\M, [[:>:]]). The translator leaves marks for these. Where what follows a
// beginning, or precedes an end, can only be a letter of a word, \b says the same; elsewhere the
// pattern is refused.
const (
	wordBegin = '\U000F0000'
	wordEnd   = '\U000F0001'
)

// compileWords compiles a pattern with marks.
func compileWords(expr string) (*regexp.Regexp, error) {
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, err
	}
	if tree, err = replaceMarks(tree); err != nil {
		return nil, err
	}
	return regexp.Compile(tree.String())
}

// replaceMarks replaces the marks within re, which are literals of sequences.
func replaceMarks(re *syntax.Regexp) (*syntax.Regexp, error) {
	parts := sequence(re)
	out := &syntax.Regexp{Op: syntax.OpConcat, Flags: re.Flags}
	for i, p := range parts {
		switch {
		case isMark(p, wordBegin) && startsWord(parts[i+1:]), isMark(p, wordEnd) && endsWord(parts[:i]):
			p = &syntax.Regexp{Op: syntax.OpWordBoundary}
		case isMark(p, wordBegin), isMark(p, wordEnd):
			return nil, datum.Unsupported("\\m or \\M beside what may be no word in a regular expression")
		}
		for n, sub := range p.Sub {
			changed, err := replaceMarks(sub)
			if err != nil {
				return nil, err
			}
			p.Sub[n] = changed
		}
		out.Sub = append(out.Sub, p)
	}
	if len(out.Sub) == 1 {
		return out.Sub[0], nil
	}
	return out, nil
}

// sequence cuts re into what is matched one after the other, a rune of a literal each.
func sequence(re *syntax.Regexp) []*syntax.Regexp {
	switch re.Op {
	case syntax.OpConcat:
		var parts []*syntax.Regexp
		for _, sub := range re.Sub {
			parts = append(parts, sequence(sub)...)
		}
		return parts
	case syntax.OpLiteral:
		var parts []*syntax.Regexp
		for _, r := range re.Rune {
			parts = append(parts, &syntax.Regexp{Op: syntax.OpLiteral, Flags: re.Flags, Rune: []rune{r}})
		}
		return parts
	}
	return []*syntax.Regexp{re}
}

func isMark(re *syntax.Regexp, mark rune) bool {
	return re.Op == syntax.OpLiteral && slices.Equal(re.Rune, []rune{mark})
}

// startsWord says whether whatever parts match begins with a letter of a word.
func startsWord(parts []*syntax.Regexp) bool {
	for _, p := range parts {
		if !isEdge(p) {
			return onlyWord(p, startsWord)
		}
	}
	return false
}

// endsWord says whether whatever parts match ends with a letter of a word.
func endsWord(parts []*syntax.Regexp) bool {
	for _, p := range slices.Backward(parts) {
		if !isEdge(p) {
			return onlyWord(p, endsWord)
		}
	}
	return false
}

// isEdge says whether p matches nothing but a place.
func isEdge(p *syntax.Regexp) bool {
	switch p.Op {
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary, syntax.OpEmptyMatch:
		return true
	}
	return isMark(p, wordBegin) || isMark(p, wordEnd)
}

// onlyWord asks edge of what p surely matches at least once.
func onlyWord(p *syntax.Regexp, edge func([]*syntax.Regexp) bool) bool {
	switch p.Op {
	case syntax.OpLiteral:
		return isWordRune(p.Rune[0])
	case syntax.OpCharClass:
		for i := 0; i < len(p.Rune); i += 2 {
			if p.Rune[i+1] > unicode.MaxASCII { // classes are long: ends will do
				return isWordRune(p.Rune[i]) && isWordRune(p.Rune[i+1])
			}
			for r := p.Rune[i]; r <= p.Rune[i+1]; r++ {
				if !isWordRune(r) {
					return false
				}
			}
		}
		return len(p.Rune) > 0
	case syntax.OpCapture, syntax.OpPlus:
		return edge(sequence(p.Sub[0]))
	case syntax.OpRepeat:
		return p.Min > 0 && edge(sequence(p.Sub[0]))
	case syntax.OpAlternate:
		return !slices.ContainsFunc(p.Sub, func(s *syntax.Regexp) bool { return !edge(sequence(s)) })
	}
	return false
}

func isWordRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
