package wire

import "testing"

// TestBody says that fields come as they are, and that what is missing makes the
// body invalid rather than anything else.
func TestBody(t *testing.T) {
	whole := []byte("name\x00\x00\x02\x00\x01\xff\xff\x00\x00\x00\x02ab\xff\xff\xff\xff\x00\x00\x00\x00z")
	read := func(b *Body) (name string, formats []int16, one, two, three []byte, last byte) {
		return string(b.CString()), b.Int16s(nil), b.Value(), b.Value(), b.Value(), b.Byte()
	}
	b := NewBody(whole)
	name, formats, one, two, three, last := read(&b)
	if name != "name" || len(formats) != 2 || formats[1] != -1 || string(one) != "ab" || two != nil || three == nil || len(three) != 0 || last != 'z' || !b.Valid() {
		t.Errorf("read %q %v %q %v %v %c, valid %v", name, formats, one, two, three, last, b.Valid())
	}
	for n := range whole {
		b := NewBody(whole[:n])
		read(&b)
		if b.Valid() || !b.Broken() {
			t.Errorf("the first %d of %d bytes are valid", n, len(whole))
		}
	}
	b = NewBody(append(whole, 0))
	read(&b)
	if b.Valid() || b.Broken() {
		t.Error("a byte too many is not noticed")
	}
}

// FuzzBody says that no body makes its reading panic.
func FuzzBody(f *testing.F) {
	f.Add([]byte("name\x00\x00\x01\x00\x01\x00\x00\x00\x02ab"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := NewBody(data)
		read := len(b.CString()) + 1 + 2 + 2*len(b.Int16s(nil)) + 4 + len(b.Value())
		if !b.Broken() && read > len(data) {
			t.Fatalf("%d bytes out of %d", read, len(data))
		}
	})
}
