package datum

// Format codes of the protocol.
const (
	TextFormat   int16 = 0
	BinaryFormat int16 = 1
)

// Codec converts values from and to their text and binary forms. It holds what a session
// has SET about them, and is made anew when a setting changes.
type Codec struct {
	Now   Clock // for 'now', 'today' …
	style Style
	names Names
}

// NewCodec makes a codec. names may be nil; OIDs of objects then print as numbers.
func NewCodec(style Style, names Names) *Codec { return &Codec{style: style, names: names} }

// Style returns the settings that the codec was made with.
func (c *Codec) Style() Style { return c.style }

// Names resolves the objects behind the reg* types (regclass, regtype …).
type Names interface {
	// ObjectName returns the name to print for an OID of the given reg* type.
	ObjectName(typ, oid OID) (string, bool)
	// ObjectOID finds an object by what was written; the error is PostgreSQL's.
	ObjectOID(typ OID, name string) (OID, error)
}

// Parse reads a value in text or binary form, as parameters come in Bind.
func (c *Codec) Parse(typ OID, format int16, data []byte) (Value, error) {
	switch format {
	case TextFormat:
		if err := ValidText(data); err != nil {
			return Null, err
		}
		return c.ParseText(typ, string(data))
	case BinaryFormat:
		return c.parseBinary(typ, data)
	}
	return Null, Errorf("22023", "unsupported format code: %d", format)
}
