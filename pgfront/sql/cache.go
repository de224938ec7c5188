package sql

import (
	"sync"
	"sync/atomic"
)

// Cache keeps what Parse made of the texts that were used lately, so that a
// statement that is sent again costs a look-up. Errors are not kept. It is safe
// for use by many goroutines.
type Cache struct {
	limits CacheLimits
	mu     sync.RWMutex // guards what follows
	byText map[string]*cached
	ring   []*cached // every entry, in the order in which the hand visits them
	hand   int
	bytes  int
}

// CacheLimits bound a Cache. A text that would take more than an eighth of
// Bytes is never kept: it is bulk data rather than a statement.
type CacheLimits struct {
	Entries int // texts
	Bytes   int // estimated bytes of the texts and their statements
}

// cached is an entry. Only used changes, without the lock: a look-up marks the
// entry, and the hand, which takes the mark away as it passes, drops the first
// entry that is found without one.
type cached struct {
	query      string
	statements []Statement
	index      int // in ring
	used       atomic.Bool
}

// NewCache makes an empty cache. The zero limits keep nothing.
func NewCache(limits CacheLimits) *Cache {
	return &Cache{limits: limits, byText: make(map[string]*cached)}
}

// Parse is Parse, remembered.
func (c *Cache) Parse(query string) ([]Statement, error) {
	if e := c.find(query); e != nil {
		return e.statements, nil
	}
	statements, err := Parse(query)
	if err != nil {
		return nil, err
	}
	c.keep(query, statements)
	return statements, nil
}

// ParseOne is ParseOne, remembered.
func (c *Cache) ParseOne(query string) (Statement, error) {
	statements, err := c.Parse(query)
	if err != nil {
		return nil, err
	}
	return one(query, statements)
}

func (c *Cache) find(query string) *cached {
	c.mu.RLock()
	e := c.byText[query]
	c.mu.RUnlock()
	if e != nil && !e.used.Load() {
		e.used.Store(true)
	}
	return e
}

func (c *Cache) keep(query string, statements []Statement) {
	size := sizeOf(query)
	if c.limits.Entries < 1 || size > c.limits.Bytes/8 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byText[query] != nil {
		return // another goroutine was first
	}
	for len(c.ring) >= c.limits.Entries || c.bytes+size > c.limits.Bytes {
		c.drop(c.victim())
	}
	e := &cached{query: query, statements: statements, index: len(c.ring)}
	c.ring = append(c.ring, e)
	c.byText[query] = e
	c.bytes += size
}

// victim turns the hand to an entry that was not used since its last visit.
func (c *Cache) victim() *cached {
	for {
		c.hand = (c.hand + 1) % len(c.ring)
		if e := c.ring[c.hand]; !e.used.Swap(false) {
			return e
		}
	}
}

// drop puts the last entry of the ring in the place of one that goes.
func (c *Cache) drop(e *cached) {
	last := len(c.ring) - 1
	c.ring[e.index] = c.ring[last]
	c.ring[e.index].index = e.index
	c.ring[last] = nil
	c.ring = c.ring[:last]
	delete(c.byText, e.query)
	c.bytes -= sizeOf(e.query)
}

// sizeOf estimates what a text takes with its statements: the trees of the
// statements that clients send take 50 to 90 bytes for each of the text.
func sizeOf(query string) int { return 512 + 64*len(query) }
