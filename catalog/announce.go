package catalog

import (
	"context"
	"fmt"
	"time"

	"walle/engine"
)

// announce tells the cluster what this node is, unless it knows.
func (c *Catalog) announce(ctx context.Context) {
	wait := 50 * time.Millisecond
	for {
		err := c.announceOnce(ctx)
		if err == nil {
			close(c.announced)
			return
		}
		if engine.KindOf(err) == engine.KindExists {
			c.cfg.OnFatal(fmt.Errorf("this node is not the one that the cluster knows by its name: %w", err))
			return
		}
		c.cfg.Logger.Info("the cluster does not know this node's addresses yet", "reason", err)
		select {
		case <-time.After(wait):
			wait = min(2*wait, 5*time.Second)
		case <-ctx.Done():
			return
		}
	}
}

func (c *Catalog) announceOnce(ctx context.Context) error {
	s, err := c.Refresh(ctx)
	if engine.KindOf(err) == engine.KindNoQuorum {
		return c.announceThrough(ctx, err)
	}
	if err != nil {
		return err
	}
	if n, ok := s.NodeByID(c.cfg.Self.ID); ok && n == c.cfg.Self {
		return nil
	}
	_, err = c.propose(ctx, "announce", &nodeAnnounced{Node: c.cfg.Self})
	return err
}

// announceThrough has another node announce this one. Of two nodes one dials the
// other: a node that has moved, and is the one that is dialled, stays alone
// until the others have its new address. But it can call them.
func (c *Catalog) announceThrough(ctx context.Context, alone error) error {
	e := &encoder{}
	e.node(&c.cfg.Self)
	for _, n := range c.Snapshot().Nodes() {
		if n.ID == c.cfg.Self.ID {
			continue
		}
		call, cancel := context.WithTimeout(ctx, callTimeout)
		_, err := c.cfg.Peers.Call(call, n.ID, methodAnnounce, e.buf)
		cancel()
		if err == nil {
			return nil
		}
		if engine.KindOf(engine.FromPeer(err)) == engine.KindExists {
			return engine.FromPeer(err)
		}
	}
	return alone
}

// serveAnnounce announces a node that cannot do it itself.
func (c *Catalog) serveAnnounce(ctx context.Context, body []byte) error {
	ch := &nodeAnnounced{}
	d := &decoder{buf: body}
	ch.decode(d)
	if err := d.finish(); err != nil {
		return &engine.Error{Op: "announce", Kind: engine.KindInvalid, Err: err}
	}
	if known, ok := c.Snapshot().NodeByID(ch.Node.ID); ok && known == ch.Node {
		return nil
	}
	_, err := c.propose(ctx, "announce", ch)
	return err
}
