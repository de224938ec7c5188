package explore

import (
	"encoding/binary"
	"sync"
)

// visited remembers the worlds that were met: by the fingerprint of all but their
// messages, and the messages in full. A world is as good as visited when one was
// that differed from it in having more messages under way: what can happen here
// could happen there, since messages may be lost.
type visited struct {
	shards [64]shard
}

type shard struct {
	mu    sync.Mutex
	slots []slot
	used  int
	nets  []byte // chained by their offsets, which begin at 1
}

// slot is the newest of the nets that were met with a fingerprint.
type slot struct {
	print uint64
	net   uint32
}

// A net in nets:
//
//	0             4       5
//	| next offset | depth | count of messages, each as its distance from the one before: uvarints |
const netHeader = 5

func (v *visited) shard(print uint64) *shard { return &v.shards[print>>58] }

// add reports whether the world with this fingerprint and net is to be followed.
func (v *visited) add(print uint64, net []uint32, depth uint8) bool {
	s := v.shard(print)
	s.mu.Lock()
	defer s.mu.Unlock()
	if 4*s.used >= 3*len(s.slots) {
		s.grow()
	}
	at := s.find(print)
	for n := at.net; n != 0; n = s.next(n) {
		if covers(s.nets[n+netHeader:], net) {
			return false
		}
	}
	if at.net == 0 {
		s.used++
	}
	if len(s.nets) == 0 {
		s.nets = append(s.nets, 0)
	}
	head := uint32(len(s.nets))
	s.nets = binary.LittleEndian.AppendUint32(s.nets, at.net)
	s.nets = append(s.nets, depth)
	s.nets = binary.AppendUvarint(s.nets, uint64(len(net)))
	var last uint32
	for _, id := range net {
		s.nets = binary.AppendUvarint(s.nets, uint64(id-last))
		last = id
	}
	*at = slot{print, head}
	return true
}

// surpassed reports whether a world with more messages was met since, no farther
// from the first world than this one.
func (v *visited) surpassed(print uint64, net []uint32, depth uint8) bool {
	s := v.shard(print)
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := s.find(print).net; n != 0; n = s.next(n) {
		count, _ := binary.Uvarint(s.nets[n+netHeader:])
		if s.nets[n+4] <= depth && int(count) > len(net) && covers(s.nets[n+netHeader:], net) {
			return true
		}
	}
	return false
}

func (s *shard) next(n uint32) uint32 { return binary.LittleEndian.Uint32(s.nets[n:]) }

// covers reports whether the packed net has every message of net.
func covers(packed []byte, net []uint32) bool {
	count, at := binary.Uvarint(packed)
	if int(count) < len(net) {
		return false
	}
	var id uint32
	left := int(count)
	for i, want := range net {
		for id < want || i == 0 && left == int(count) {
			if left == 0 {
				return false
			}
			step, n := binary.Uvarint(packed[at:])
			at += n
			id += uint32(step)
			left--
		}
		if id != want || left < len(net)-i-1 {
			return false
		}
	}
	return true
}

// find is where print is, or belongs.
func (s *shard) find(print uint64) *slot {
	mask := uint64(len(s.slots) - 1)
	for i := print & mask; ; i = (i + 1) & mask {
		if at := &s.slots[i]; at.net == 0 || at.print == print {
			return at
		}
	}
}

func (s *shard) grow() {
	old := s.slots
	s.slots = make([]slot, max(256, 2*len(old)))
	for _, x := range old {
		if x.net != 0 {
			*s.find(x.print) = x
		}
	}
}

// bytes is what the set takes.
func (v *visited) bytes() (n int) {
	for i := range v.shards {
		s := &v.shards[i]
		s.mu.Lock()
		n += 16*len(s.slots) + cap(s.nets)
		s.mu.Unlock()
	}
	return n
}
