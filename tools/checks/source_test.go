package checks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "walle"
	root   = "../.."
)

// A goFile is a parsed file of the module. name is its path from the root, with slashes.
type goFile struct {
	name string
	ast  *ast.File
	fset *token.FileSet
}

func (f goFile) dir() string { return path.Dir(f.name) }
func (f goFile) test() bool  { return strings.HasSuffix(f.name, "_test.go") }

// at is the place of a node, for a message.
func (f goFile) at(pos token.Pos) string {
	return f.name + ":" + strconv.Itoa(f.fset.Position(pos).Line)
}

// imports are the paths that the file imports.
func (f goFile) imports() []string {
	var paths []string
	for _, spec := range f.ast.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// textFiles calls visit with every file that belongs to the source, by its path from the root.
func textFiles(t *testing.T, visit func(name, text string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{".git", "walle-data"}, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() > 1<<20 {
			return err // larger files are binaries
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, p)
		if err == nil && !strings.ContainsRune(string(text), 0) {
			visit(filepath.ToSlash(name), string(text))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// goFiles parses the module, but for what a generator wrote.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	fset := token.NewFileSet()
	textFiles(t, func(name, text string) {
		if !strings.HasSuffix(name, ".go") || strings.Contains(name, "testdata/") {
			return
		}
		f, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%v", err)
			return
		}
		if !ast.IsGenerated(f) {
			files = append(files, goFile{name: name, ast: f, fset: fset})
		}
	})
	if len(files) == 0 {
		t.Fatal("no Go files found")
	}
	return files
}

// under reports whether dir is home or below it.
func under(dir, home string) bool {
	return dir == home || strings.HasPrefix(dir, home+"/")
}

// selectors calls visit with every pkg.name that the file mentions.
func (f goFile) selectors(visit func(sel *ast.SelectorExpr, pkg, name string)) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok {
				visit(sel, id.Name, sel.Sel.Name)
			}
		}
		return true
	})
}

// report turns what a check has found into failures.
func report(t *testing.T, found []string) {
	t.Helper()
	for _, complaint := range found {
		t.Error(complaint)
	}
}
