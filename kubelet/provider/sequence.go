package provider

import (
	"slices"
	"sync"
)

// play runs the containers in their order and returns when all of them have ended: init containers one after another,
// sidecars among them staying behind, then the main containers together; at last the sidecars end, the last one first.
// https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
func (i *instance) play() {
	if i.initialize() {
		var mains sync.WaitGroup
		for _, c := range i.mains {
			mains.Go(c.run)
		}
		mains.Wait()
	} else {
		i.endFound()
	}
	if i.stopping.Err() == nil {
		i.mu.Lock()
		i.completed = true
		i.mu.Unlock()
		i.killing.light(gracePeriod(i.snapshot()))
	}
	i.close()
	for _, c := range slices.Backward(i.inits) {
		if c.role == sidecarRole && c.entered {
			close(c.turn)
			<-c.over
		}
	}
}

// endFound ends what a kubelet before this one started and this one, stopped early, did not get to. Sidecars have their
// turn after it.
func (i *instance) endFound() {
	var others sync.WaitGroup
	for c := range i.all() {
		switch {
		case c.entered || c.found == nil:
		case c.role == sidecarRole:
			c.entered = true
			go c.run()
		default:
			others.Go(c.run)
		}
	}
	others.Wait()
}

// initialize runs the init containers and says whether the main ones may start. Once a main container has run, as a
// kubelet before this one may have seen to, none of it is done again: only the sidecars are looked after.
func (i *instance) initialize() bool {
	again := slices.ContainsFunc(i.mains, func(c *container) bool { return c.attempt >= 0 })
	for _, c := range i.inits {
		if i.stopping.Err() != nil {
			return false
		}
		switch {
		case c.role == sidecarRole:
			c.entered = true
			go c.run()
			if !again && !c.awaitUp() {
				return false
			}
		case !again:
			c.run()
			if !c.succeeded() {
				return false
			}
		}
	}
	return i.stopping.Err() == nil
}

// awaitUp waits for a sidecar to have started; false when the pod was stopped before.
func (c *container) awaitUp() bool {
	select {
	case <-c.up:
		return true
	case <-c.instance.stopping.Done():
		return false
	}
}

func (c *container) succeeded() bool {
	c.instance.mu.Lock()
	defer c.instance.mu.Unlock()
	return c.state.Terminated != nil && c.state.Terminated.ExitCode == 0
}
