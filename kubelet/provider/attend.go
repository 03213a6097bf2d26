package provider

import (
	"context"
	"time"

	"rig.dashecorp.com/kubelet/process"
)

// attend looks after a running process until ctx ends: it says when the container has started and is ready.
func (c *container) attend(ctx context.Context, p *process.Container, unfit chan<- time.Duration) {
	c.isUp()
}

// isUp says that the container has started; a sidecar's successors may start.
func (c *container) isUp() {
	c.set(func() {
		c.started, c.ready = true, true
		select {
		case <-c.up:
		default:
			close(c.up)
		}
	})
}
