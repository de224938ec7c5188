package pgdata

import "testing"

// A dump that lost a column or a row would make overloads disappear.
func TestLoad(t *testing.T) {
	c := Load()
	if got := c.TypeByName("int8"); got == nil || got.OID != 20 || got.Category != 'N' || got.Array != 1016 {
		t.Errorf("int8 = %+v", got)
	}
	if !c.TypeByOID(1016).IsArray() || c.TypeByName("name").IsArray() {
		t.Error("IsArray: int8[] is one, name is not")
	}
	var plus int
	for _, o := range c.OperatorsByName("+") {
		if o.Left == 20 && o.Right == 20 && o.Src == "int8pl" {
			plus++
		}
	}
	if plus != 1 {
		t.Errorf("int8 + int8 found %d times", plus)
	}
	if k := c.Cast(23, 20); k == nil || k.Context != 'i' || k.Src != "int48" {
		t.Errorf("cast int4 to int8 = %+v", k)
	}
	var sub bool
	for _, p := range c.ProcsByName("substring") {
		sub = sub || p.Signature == "substring(bytea,int4,int4)" && p.Src == "bytea_substr"
	}
	if !sub {
		t.Error("substring(bytea, int4, int4) is missing")
	}
}
