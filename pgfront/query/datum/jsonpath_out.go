package datum

import (
	"strconv"
	"strings"
)

// String prints a path as jsonpath's output function does.
func (p *Path) String() string {
	var b strings.Builder
	if p.Strict {
		b.WriteString("strict ")
	}
	p.Root.write(&b, p.Root.predicate() || p.Root.Kind == PathBinary || p.Root.Kind == PathUnary)
	return b.String()
}

// pathPriority is how tightly an operator binds.
func pathPriority(n *PathNode) int {
	switch n.Kind {
	case PathOr:
		return 0
	case PathAnd:
		return 1
	case PathCompare, PathStarts:
		return 2
	case PathBinary:
		if n.Text == "+" || n.Text == "-" {
			return 3
		}
		return 4
	case PathUnary:
		return 5
	}
	return 6
}

// write prints a node and the steps behind it. Brackets says
// that an operator gets parentheses.
func (n *PathNode) write(b *strings.Builder, brackets bool) {
	operand := func(arg *PathNode) { arg.write(b, pathPriority(arg) <= pathPriority(n)) }
	enclosed := func(body func()) {
		if brackets {
			b.WriteByte('(')
		}
		body()
		if brackets {
			b.WriteByte(')')
		}
	}
	switch n.Kind {
	case PathRoot:
		b.WriteByte('$')
	case PathCurrent:
		b.WriteByte('@')
	case PathLast:
		b.WriteString("last")
	case PathVariable:
		b.Write(AppendJSONString([]byte{'$'}, n.Text))
	case PathLiteral:
		b.Write(AppendJSON(nil, n.Literal))
	case PathKey:
		b.Write(AppendJSONString([]byte{'.'}, n.Text))
	case PathAnyKey:
		b.WriteString(".*")
	case PathAnyElem:
		b.WriteString("[*]")
	case PathSubscript:
		n.writeSubscript(b)
	case PathAny:
		b.WriteString(n.levels())
	case PathFilter:
		b.WriteString("?(")
		n.Args[0].write(b, false)
		b.WriteByte(')')
	case PathMethod:
		b.WriteString("." + n.Text + "()")
	case PathUnary:
		enclosed(func() {
			b.WriteString(n.Text)
			operand(n.Args[0])
		})
	case PathBinary, PathCompare, PathAnd, PathOr:
		enclosed(func() {
			operand(n.Args[0])
			b.WriteString(" " + map[PathKind]string{PathAnd: "&&", PathOr: "||"}[n.Kind] + map[bool]string{true: n.Text}[n.Kind == PathBinary || n.Kind == PathCompare] + " ")
			operand(n.Args[1])
		})
	case PathStarts:
		enclosed(func() {
			operand(n.Args[0])
			b.WriteString(" starts with ")
			operand(n.Args[1])
		})
	case PathRegex:
		enclosed(func() { n.writeRegex(b) })
	case PathNot, PathExists, PathUnknown:
		prefix := map[PathKind]string{PathNot: "!(", PathExists: "exists (", PathUnknown: "("}[n.Kind]
		b.WriteString(prefix)
		n.Args[0].write(b, false)
		b.WriteByte(')')
		if n.Kind == PathUnknown {
			b.WriteString(" is unknown")
		}
	}
	if n.Next != nil {
		n.Next.write(b, true)
	}
}

func (n *PathNode) writeSubscript(b *strings.Builder) {
	b.WriteByte('[')
	for i := 0; i < len(n.Args); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		n.Args[i].write(b, false)
		if n.Args[i+1] != nil {
			b.WriteString(" to ")
			n.Args[i+1].write(b, false)
		}
	}
	b.WriteByte(']')
}

func (n *PathNode) writeRegex(b *strings.Builder) {
	n.Args[0].write(b, pathPriority(n.Args[0]) <= pathPriority(n))
	b.WriteString(" like_regex ")
	b.Write(AppendJSONString(nil, n.Text))
	if n.Flags != "" {
		b.WriteString(" flag \"")
		for _, f := range "ismxq" {
			if strings.ContainsRune(n.Flags, f) {
				b.WriteRune(f)
			}
		}
		b.WriteByte('"')
	}
}

func (n *PathNode) levels() string {
	name := func(level int) string {
		if level < 0 {
			return "last"
		}
		return strconv.Itoa(level)
	}
	switch {
	case n.First == 0 && n.Last < 0:
		return ".**"
	case n.First == n.Last:
		return ".**{" + name(n.First) + "}"
	}
	return ".**{" + name(n.First) + " to " + name(n.Last) + "}"
}
