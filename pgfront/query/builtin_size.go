package query

import (
	"walle/pgfront/query/datum"
)

// relationSize is pg_table_size and the like: what the copy of a stream on this node takes, null
// if it has none. What is made up when it is read, such as views and indexes, takes nothing.
func relationSize(c *call, v []Value) (Value, error) {
	oid := OID(v[0].Int())
	if relationByOID(c.run.env, oid) == nil {
		return Value{}, nil
	}
	if c.run.env.Resolver == nil || len(v) > 1 && v[1].Str() != "main" {
		return datum.Int(0), nil
	}
	rel, ok := c.run.env.Resolver.RelationByOID(oid)
	if !ok {
		return datum.Int(0), nil
	}
	return sizeOf(rel)
}

func sizeOf(rel Relation) (Value, error) {
	sized, ok := rel.(Sized)
	if !ok {
		return datum.Int(0), nil
	}
	n, ok, err := sized.DiskUsage()
	if err != nil || !ok {
		return Value{}, err
	}
	return datum.Int(n), nil
}

func noSize(c *call, v Value) (Value, error) {
	if relationByOID(c.run.env, OID(v.Int())) == nil {
		return Value{}, nil
	}
	return datum.Int(0), nil
}

// databaseSize is pg_database_size: what all streams take on this node.
func databaseSize(c *call, _ Value) (Value, error) {
	total := int64(0)
	if c.run.env.Resolver != nil {
		for _, rel := range c.run.env.Resolver.Relations() {
			if err := c.run.tick(); err != nil {
				return Value{}, err
			}
			n, err := sizeOf(rel)
			if err != nil {
				return Value{}, err
			}
			if !n.IsNull() {
				total += n.Int()
			}
		}
	}
	return datum.Int(total), nil
}
