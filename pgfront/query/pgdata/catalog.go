package pgdata

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

//go:embed types.tsv
var typesTSV string

//go:embed procs.tsv
var procsTSV string

//go:embed operators.tsv
var operatorsTSV string

//go:embed casts.tsv
var castsTSV string

// Type is a row of pg_type.
type Type struct {
	OID       uint32
	Name      string
	Len       int16
	ByVal     bool
	Kind      byte // typtype: b, d, p, r, m
	Category  byte
	Preferred bool
	Delim     byte
	Elem      uint32
	Array     uint32
	Align     byte
	Storage   byte
	Collation uint32
	Input     string
	Output    string
	Receive   string
	Send      string
	ModIn     string
	ModOut    string
	Subscript string
}

// IsArray says whether the type is a true array, and not merely subscriptable.
func (t *Type) IsArray() bool { return t.Subscript == "array_subscript_handler" }

// Proc is a row of pg_proc.
type Proc struct {
	OID       uint32
	Name      string
	Kind      byte // f function, a aggregate, w window, p procedure
	Set       bool
	Strict    bool
	Volatile  byte
	Variadic  uint32 // element type of a VARIADIC last argument
	Result    uint32
	Args      []uint32
	Defaults  int
	AllArgs   []uint32 // with those of OUT parameters, nil if there are none
	ArgModes  string
	ArgNames  []string
	Language  string
	Src       string // the name of the C function; empty for language sql
	Signature string // name(type,type), the key of aggregates and of language sql
}

// Operator is a row of pg_operator. A prefix operator has Left 0.
type Operator struct {
	OID        uint32
	Name       string
	Kind       byte
	Left       uint32
	Right      uint32
	Result     uint32
	Commutator uint32
	Negator    uint32
	CanMerge   bool
	CanHash    bool
	Proc       uint32
	Src        string
	Strict     bool
}

// Cast is a row of pg_cast.
type Cast struct {
	OID     uint32
	Source  uint32
	Target  uint32
	Context byte // i implicit, a assignment, e explicit
	Method  byte // f function, b binary coercible, i through text
	Func    uint32
	Src     string
	Args    int
}

// Catalog is everything, indexed.
type Catalog struct {
	Types     []Type
	Procs     []Proc
	Operators []Operator
	Casts     []Cast

	typeByOID   map[uint32]*Type
	typeByName  map[string]*Type
	procByOID   map[uint32]*Proc
	procByName  map[string][]*Proc
	opByName    map[string][]*Operator
	opByOID     map[uint32]*Operator
	castByTypes map[[2]uint32]*Cast
}

// Load returns the catalog, parsed once.
var Load = sync.OnceValue(load)

func (c *Catalog) TypeByOID(oid uint32) *Type           { return c.typeByOID[oid] }
func (c *Catalog) TypeByName(name string) *Type         { return c.typeByName[name] }
func (c *Catalog) ProcByOID(oid uint32) *Proc           { return c.procByOID[oid] }
func (c *Catalog) ProcsByName(name string) []*Proc      { return c.procByName[name] }
func (c *Catalog) OperatorByOID(oid uint32) *Operator   { return c.opByOID[oid] }
func (c *Catalog) OperatorsByName(n string) []*Operator { return c.opByName[n] }
func (c *Catalog) Cast(source, target uint32) *Cast     { return c.castByTypes[[2]uint32{source, target}] }

func load() *Catalog {
	c := &Catalog{
		typeByOID: map[uint32]*Type{}, typeByName: map[string]*Type{},
		procByOID: map[uint32]*Proc{}, procByName: map[string][]*Proc{},
		opByName: map[string][]*Operator{}, opByOID: map[uint32]*Operator{},
		castByTypes: map[[2]uint32]*Cast{},
	}
	c.loadTypes()
	c.loadProcs()
	c.loadOperators()
	c.loadCasts()
	return c
}

func (c *Catalog) loadTypes() {
	for r := range rows(typesTSV) {
		c.Types = append(c.Types, Type{
			OID: r.oid(0), Name: r[1], Len: int16(r.int(2)), ByVal: r.bool(3), Kind: r.char(4),
			Category: r.char(5), Preferred: r.bool(6), Delim: r.char(7), Elem: r.oid(8), Array: r.oid(9),
			Align: r.char(10), Storage: r.char(11), Collation: r.oid(12), Input: r[13], Output: r[14],
			Receive: r[15], Send: r[16], ModIn: r[17], ModOut: r[18], Subscript: r[19],
		})
	}
	for i := range c.Types {
		t := &c.Types[i]
		c.typeByOID[t.OID], c.typeByName[t.Name] = t, t
	}
}

func (c *Catalog) loadProcs() {
	for r := range rows(procsTSV) {
		p := Proc{
			OID: r.oid(0), Name: r[1], Kind: r.char(2), Set: r.bool(3), Strict: r.bool(4), Volatile: r.char(5),
			Variadic: r.oid(6), Result: r.oid(7), Args: r.oids(8), Defaults: r.int(9), AllArgs: r.oids(10),
			ArgModes: r[11], ArgNames: r.names(12), Language: r[13], Src: r[14],
		}
		if p.ArgModes != "" && p.AllArgs == nil {
			p.AllArgs = p.Args
		}
		p.Signature = c.signature(p.Name, p.Args)
		c.Procs = append(c.Procs, p)
	}
	for i := range c.Procs {
		p := &c.Procs[i]
		c.procByOID[p.OID] = p
		c.procByName[p.Name] = append(c.procByName[p.Name], p)
	}
}

func (c *Catalog) signature(name string, args []uint32) string {
	var b strings.Builder
	b.WriteString(name)
	b.WriteByte('(')
	for i, a := range args {
		if i > 0 {
			b.WriteByte(',')
		}
		if t := c.typeByOID[a]; t != nil {
			b.WriteString(t.Name)
		} else {
			b.WriteString(strconv.FormatUint(uint64(a), 10))
		}
	}
	b.WriteByte(')')
	return b.String()
}

func (c *Catalog) loadOperators() {
	for r := range rows(operatorsTSV) {
		c.Operators = append(c.Operators, Operator{
			OID: r.oid(0), Name: r[1], Kind: r.char(2), Left: r.oid(3), Right: r.oid(4), Result: r.oid(5),
			Commutator: r.oid(6), Negator: r.oid(7), CanMerge: r.bool(8), CanHash: r.bool(9),
			Proc: r.oid(10), Src: r[11], Strict: r.bool(12),
		})
	}
	for i := range c.Operators {
		o := &c.Operators[i]
		c.opByOID[o.OID] = o
		c.opByName[o.Name] = append(c.opByName[o.Name], o)
	}
}

func (c *Catalog) loadCasts() {
	for r := range rows(castsTSV) {
		c.Casts = append(c.Casts, Cast{
			OID: r.oid(0), Source: r.oid(1), Target: r.oid(2), Context: r.char(3), Method: r.char(4),
			Func: r.oid(5), Src: r[6], Args: r.int(7),
		})
	}
	for i := range c.Casts {
		k := &c.Casts[i]
		c.castByTypes[[2]uint32{k.Source, k.Target}] = k
	}
}
