package checks

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// foreign are words of other systems for what the glossary (replication/doc.go) has a word for.
var foreign = map[string]string{
	"epoch": "term", "ballot": "term", "generation": "term", "leader": "writer", "follower": "replica",
	"lsn": "EntryID", "proposer": "writer", "acceptor": "replica",
}

var word = regexp.MustCompile(`[A-Z]?[a-z]+|[A-Z]+`)

// TestGlossary fails where a thing has a second name.
func TestGlossary(t *testing.T) {
	for _, f := range goFiles(t) {
		if layer(f.dir()) < 0 || under(f.dir(), "pgfront") { // SQL has words of its own: EXTRACT(epoch …)
			continue
		}
		report(t, foreignWords(f))
	}
}

func foreignWords(f goFile) (found []string) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		for _, w := range word.FindAllString(id.Name, -1) {
			if ours, bad := foreign[strings.ToLower(w)]; bad {
				found = append(found, fmt.Sprintf("%s: %s: the word is %s", f.at(id.Pos()), id.Name, ours))
			}
		}
		return true
	})
	return found
}

// TestNoAbsolutePaths fails where the source knows the machine that it was written on.
func TestNoAbsolutePaths(t *testing.T) {
	var places []string
	for _, dir := range []string{"work", "root", "home", "tmp", "Users"} {
		places = append(places, "/"+dir+"/")
	}
	textFiles(t, func(name, text string) {
		for i, line := range strings.Split(text, "\n") {
			for _, place := range places {
				if at := strings.Index(line, place); at >= 0 && startsPath(line[:at]) {
					t.Errorf("%s:%d: names %s", name, i+1, place)
				}
			}
		}
	})
}

// startsPath tells a path that begins at the root from the middle of another.
func startsPath(before string) bool {
	return before == "" || !strings.ContainsAny(before[len(before)-1:], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.$_-}")
}

// TestHouseRules fails on what the style refuses everywhere.
func TestHouseRules(t *testing.T) {
	for _, f := range goFiles(t) {
		report(t, houseRules(f))
	}
}

func houseRules(f goFile) (found []string) {
	f.selectors(func(sel *ast.SelectorExpr, pkg, name string) {
		// In a bubble of synctest to sleep is to step the clock.
		if pkg == "time" && name == "Sleep" && f.test() && !slices.Contains(f.imports(), "testing/synctest") {
			found = append(found, f.at(sel.Pos())+": time.Sleep in a test: wait for what is to happen, or step the machine")
		}
	})
	for _, decl := range f.ast.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			found = append(found, f.at(fn.Pos())+": func init: open what there is to open from main")
		}
	}
	for _, group := range f.ast.Comments {
		if mark := marker.FindString(group.Text()); mark != "" {
			found = append(found, f.at(group.Pos())+": "+mark+": show it by a test, or do it")
		}
	}
	if !f.test() {
		found = append(found, errorTexts(f)...)
	}
	return found
}

var marker = regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b`)

// errorTexts finds errors that begin like a sentence or end like one.
func errorTexts(f goFile) (found []string) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 || !isCall(call, "errors", "New") && !isCall(call, "fmt", "Errorf") {
			return true
		}
		if lit, ok := call.Args[0].(*ast.BasicLit); ok && lit.Kind == token.STRING && sentence.MatchString(lit.Value) {
			found = append(found, fmt.Sprintf("%s: error text %s: lower case, no full stop", f.at(call.Pos()), lit.Value))
		}
		return true
	})
	return found
}

var sentence = regexp.MustCompile("^[\"`](?:[A-Z][a-z]+ |.*[.!\n][\"`]$)")

// TestPackagesHaveDoc fails where a package does not say what it is.
func TestPackagesHaveDoc(t *testing.T) {
	documented := map[string]bool{}
	var dirs []string
	for _, f := range goFiles(t) {
		if f.test() {
			continue
		}
		if !slices.Contains(dirs, f.dir()) {
			dirs = append(dirs, f.dir())
		}
		if f.ast.Doc != nil {
			documented[f.dir()] = true
		}
	}
	for _, dir := range dirs {
		if !documented[dir] {
			t.Errorf("%s: no package comment", dir)
		}
	}
}

// TestLinksLead fails where a document sends its reader to a file that is not there.
func TestLinksLead(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`) // none with a scheme
	textFiles(t, func(name, text string) {
		if !strings.HasSuffix(name, ".md") {
			return
		}
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
			}
		}
	})
}
