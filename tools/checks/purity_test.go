package checks

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/types"
	"slices"
	"strings"
	"testing"
)

// core is the package that must be a pure function of its inputs.
const core = "replication"

// pureImports are the packages that core may use: no I/O, clock, lock or chance is in them, or the
// parts that are have their names in impure.
var pureImports = []string{
	"bytes", "cmp", "encoding/binary", "encoding/hex", "errors", "fmt", "hash/crc32", "iter", "maps", "math",
	"math/bits", "slices", "sort", "strconv", "strings", "time", "github.com/cespare/xxhash/v2",
}

// impure are the parts of pureImports that core must not use.
var impure = []string{
	"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.AfterFunc", "time.Tick", "time.NewTimer",
	"time.NewTicker", "fmt.Print", "fmt.Printf", "fmt.Println", "fmt.Scan", "fmt.Scanln", "fmt.Scanf", "maps.All", "maps.Values",
}

func coreFiles(t *testing.T) []goFile {
	t.Helper()
	files := slices.DeleteFunc(goFiles(t), func(f goFile) bool { return f.dir() != core || f.test() })
	if len(files) == 0 {
		t.Fatalf("no files in %s", core)
	}
	return files
}

// TestCorePure fails where the protocol depends on more than its inputs: what is simulated by seed
// could then not be replayed.
func TestCorePure(t *testing.T) {
	for _, f := range coreFiles(t) {
		report(t, impurities(f))
	}
}

func impurities(f goFile) (found []string) {
	for _, p := range f.imports() {
		if !slices.Contains(pureImports, p) {
			found = append(found, fmt.Sprintf("%s imports %s, which is not known to be pure", f.name, p))
		}
	}
	f.selectors(func(sel *ast.SelectorExpr, pkg, name string) {
		if slices.Contains(impure, pkg+"."+name) {
			found = append(found, fmt.Sprintf("%s: %s.%s in the core", f.at(sel.Pos()), pkg, name))
		}
	})
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.GoStmt, *ast.SelectStmt, *ast.SendStmt, *ast.ChanType:
			found = append(found, f.at(n.Pos())+": goroutines and channels are for replication/node")
		}
		return true
	})
	return found
}

// TestCoreOrder fails where the order of a map can leak into what the core does, or where it keeps
// state between calls outside of its machines.
func TestCoreOrder(t *testing.T) {
	files := coreFiles(t)
	found, err := leaks(importer.ForCompiler(files[0].fset, "source", nil), files)
	if err != nil {
		t.Fatal(err)
	}
	report(t, found)
}

// leaks type-checks the files of a package, which share a file set.
func leaks(from types.Importer, files []goFile) (found []string, err error) {
	var trees []*ast.File
	for _, f := range files {
		trees = append(trees, f.ast)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	pkg, err := (&types.Config{Importer: from}).Check(core, files[0].fset, trees, info)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		for _, decl := range f.ast.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				found = append(found, mapOrder(f, fn.Name.Name, n, info)...)
				found = append(found, globals(f, n, info, pkg)...)
				return true
			})
		}
	}
	return found, nil
}

// mapOrder refuses to range over a map but in a helper whose name says that it sorts. maps.Keys may
// stand only within slices.Sorted.
func mapOrder(f goFile, fn string, n ast.Node, info *types.Info) (found []string) {
	switch n := n.(type) {
	case *ast.RangeStmt:
		_, isMap := info.TypeOf(n.X).Underlying().(*types.Map)
		if isMap && !strings.HasPrefix(strings.ToLower(fn), "sorted") || isCall(n.X, "maps", "Keys") {
			found = append(found, fmt.Sprintf("%s: ranges over a map in %s; go through slices.Sorted(maps.Keys(m))", f.at(n.Pos()), fn))
		}
	case *ast.CallExpr:
		for _, arg := range n.Args {
			if isCall(arg, "maps", "Keys") && !isCall(n, "slices", "Sorted") && !isCall(n, "slices", "SortedFunc") {
				found = append(found, f.at(n.Pos())+": maps.Keys without slices.Sorted")
			}
		}
	}
	return found
}

func isCall(e ast.Expr, pkg, name string) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	return ok && id.Name == pkg && sel.Sel.Name == name
}

// globals refuses an assignment to, or into, a variable of the package.
func globals(f goFile, n ast.Node, info *types.Info, pkg *types.Package) (found []string) {
	var targets []ast.Expr
	switch n := n.(type) {
	case *ast.AssignStmt:
		targets = n.Lhs
	case *ast.IncDecStmt:
		targets = []ast.Expr{n.X}
	}
	for _, target := range targets {
		id := rootIdent(target)
		if id == nil {
			continue
		}
		if v, ok := info.Uses[id].(*types.Var); ok && v.Parent() == pkg.Scope() {
			found = append(found, fmt.Sprintf("%s: assigns to the global %s", f.at(n.Pos()), id.Name))
		}
	}
	return found
}

// rootIdent is x of x.a[i].b.
func rootIdent(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}
