package datum

// Parse reads a value in text or binary form, as parameters come in Bind.
func (c *Codec) Parse(typ OID, format int16, data []byte) (Value, error) {
	return Null, Unsupported("type %d", typ)
}

// AppendText appends the text form of v, which must not be null, to buf.
func (c *Codec) AppendText(buf []byte, typ OID, v Value) []byte { return buf }

// AppendBinary appends the binary form of v, which must not be null, to buf.
func (c *Codec) AppendBinary(buf []byte, typ OID, v Value) ([]byte, error) { return buf, nil }
