package engine

import (
	"context"
	"encoding/binary"

	"walle/replication"
)

// methodDamage asks a member why its replica keeps out of everything:
//
//	request  | stream 8 |      answer  | text |
const methodDamage = callPrefix + "damage"

// damageOf returns what a member says of its damaged replica, in words.
func (e *Engine) damageOf(ctx context.Context, member replication.NodeID, id replication.StreamID) string {
	if member == e.cfg.Self {
		return e.damageHere(id)
	}
	ctx, cancel := context.WithTimeout(ctx, e.cfg.QuestionTimeout)
	defer cancel()
	why, err := e.cfg.Peers.Call(ctx, member, methodDamage, binary.BigEndian.AppendUint64(nil, uint64(id)))
	if err != nil || len(why) == 0 {
		return "damaged"
	}
	return string(why)
}

func (e *Engine) damageHere(id replication.StreamID) string {
	if why := e.node.Quarantined(id); why != nil {
		return why.Error()
	}
	return ""
}
