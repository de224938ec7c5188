package storetest

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Damage flips a bit of some bytes wherever they stand in the tables of a data
// directory that nobody has open. They should be unlike any others, and such that
// no compression changes them.
func Damage(fs vfs.FS, dir string, victim []byte) error {
	db := fs.PathJoin(dir, "db")
	names, err := fs.List(db)
	if err != nil {
		return err
	}
	found := false
	for _, name := range names {
		if !strings.HasSuffix(name, ".sst") {
			continue
		}
		hit, err := damageFile(fs, fs.PathJoin(db, name), victim)
		if err != nil {
			return err
		}
		found = found || hit
	}
	if !found {
		return fmt.Errorf("%q stands in no table of %s", victim, db)
	}
	return nil
}

func damageFile(fs vfs.FS, path string, victim []byte) (hit bool, err error) {
	file, err := fs.Open(path)
	if err != nil {
		return false, err
	}
	content, err := io.ReadAll(file)
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	at := bytes.Index(content, victim)
	if err != nil || at < 0 {
		return false, err
	}
	content[at] ^= 1
	file, err = fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return false, err
	}
	if _, err = file.Write(content); err == nil {
		err = file.Sync()
	}
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	return true, err
}
