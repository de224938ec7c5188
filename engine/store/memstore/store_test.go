package memstore_test

import (
	"testing"

	"walle/engine/store/memstore"
	"walle/engine/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) func() storetest.Storage {
		s := &memstore.Store{}
		return func() storetest.Storage { return s }
	})
}
