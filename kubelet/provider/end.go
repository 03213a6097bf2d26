package provider

import (
	"time"

	"rig.dashecorp.com/kubelet/process"
)

// lastMoment is what a process gets after SIGTERM even when its hook or its turn has used the grace period up.
const lastMoment = 2 * time.Second

// end stops a process within the patience of own, or the pod's should that be shorter: its preStop hook, its turn,
// SIGTERM, SIGKILL. It returns when the process is gone.
func (c *container) end(p *process.Container, own *fuse) {
	pods := c.instance.killing
	isInstant := func() bool { return own.isInstant() || pods.isInstant() }
	if !isInstant() {
		c.preStop(p, own)
		c.awaitTurn(p, own)
	}
	p.Terminate()
	terminatedAt := time.Now()
	select {
	case <-p.Done():
		return
	case <-own.done():
	case <-pods.done():
	}
	if left := lastMoment - time.Since(terminatedAt); left > 0 && !isInstant() {
		select {
		case <-p.Done():
			return
		case <-time.After(left):
		}
	}
	p.Kill()
	<-p.Done()
}

// awaitTurn holds a sidecar back until the containers that rely on it have ended.
func (c *container) awaitTurn(p *process.Container, own *fuse) {
	if c.role != sidecarRole || c.instance.stopping.Err() == nil && c.instance.closing.Err() == nil {
		return
	}
	select {
	case <-c.turn:
	case <-p.Done():
	case <-own.done():
	case <-c.instance.killing.done():
	}
}
