package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"

	"walle/tools/nemesis/history"
)

// sumSize is the length of the sum at a payload's end.
const sumSize = 16

// newPayload makes a payload of this name, which no other has, and of any size
// up to some kilobytes. Its end tells whether the rest is as it was.
func newPayload(name string, r *rand.Rand) []byte {
	size := r.IntN(200)
	if r.IntN(100) == 0 {
		size = r.IntN(1 << 14)
	}
	p := append([]byte(name), ' ')
	for range size {
		p = append(p, byte(r.Uint32()))
	}
	return fmt.Appendf(p, "%0*x", sumSize, history.Digest(p))
}

// checkPayload reports whether it is as newPayload made it.
func checkPayload(p []byte) error {
	if len(p) < sumSize {
		return errors.New("it is too short")
	}
	body, sum := p[:len(p)-sumSize], string(p[len(p)-sumSize:])
	if want, err := strconv.ParseUint(sum, 16, 64); err != nil || want != history.Digest(body) {
		return fmt.Errorf("its sum is %s, not %x: %s", sum, history.Digest(body), hex.EncodeToString(p[:min(len(p), 64)]))
	}
	return nil
}
