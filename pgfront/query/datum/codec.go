package datum

// Format codes of the protocol.
const (
	TextFormat   int16 = 0
	BinaryFormat int16 = 1
)

// Codec converts values from and to their text and binary forms. It holds what a session
// has SET about them, and is made anew when a setting changes.
type Codec struct {
	style Style
	names Names
}

// NewCodec makes a codec. names may be nil; OIDs of objects then print as numbers.
func NewCodec(style Style, names Names) *Codec { return &Codec{style: style, names: names} }

// Names resolves the objects behind the reg* types (regclass, regtype …).
type Names interface {
	// ObjectName returns the name to print for an OID of the given reg* type.
	ObjectName(typ, oid OID) (string, bool)
	// ObjectOID finds an object by what was written; the error is PostgreSQL's.
	ObjectOID(typ OID, name string) (OID, error)
}
