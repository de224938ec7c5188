package query

import "walle/pgfront/query/datum"

// maxParams is the most that Bind can carry.
const maxParams = 65535

// params are the types of $1, $2 …: given, or taken from the first context that wants one.
type params struct {
	types []OID
}

func (p *params) typeOf(n int) OID {
	if t := p.types[n-1]; t != 0 {
		return t
	}
	return datum.UnknownOID
}

// use makes room for $n.
func (p *params) use(n int) error {
	if n < 1 || n > maxParams {
		return datum.Errorf("42P02", "there is no parameter $%d", n)
	}
	for len(p.types) < n {
		p.types = append(p.types, 0)
	}
	return nil
}

// infer sets the type of a parameter of unknown type.
func (p *params) infer(ref *paramRef, t OID) error {
	switch have := p.typeOf(ref.number); have {
	case datum.UnknownOID:
		p.types[ref.number-1] = t
	case t:
	default:
		return datum.Errorf("42P08", "inconsistent types deduced for parameter $%d", ref.number).
			WithDetail("%s versus %s", datum.TypeName(have), datum.TypeName(t)).At(ref.at)
	}
	return nil
}

// finish returns all types; a parameter that no context gave a type is an error.
func (p *params) finish() ([]OID, error) {
	for i, t := range p.types {
		if t == 0 || t == datum.UnknownOID {
			return nil, datum.Errorf("42P18", "could not determine data type of parameter $%d", i+1)
		}
	}
	return p.types, nil
}
