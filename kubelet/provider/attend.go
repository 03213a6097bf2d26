package provider

import (
	"context"
	"fmt"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"

	"rig.dashecorp.com/kubelet/probe"
	"rig.dashecorp.com/kubelet/process"
)

// attend looks after a running process until ctx ends: its postStart hook, then its startup probe, then the others.
// A container that is to be ended for what they find is sent to unfit with the grace it has.
func (c *container) attend(ctx context.Context, p *process.Container, unfit chan<- time.Duration) {
	spec := c.spec()
	if !c.hasStarted() && !(c.postStart(ctx, p, spec, unfit) && c.startUp(ctx, p, spec, unfit)) {
		return
	}
	c.isUp(spec)
	var probing sync.WaitGroup
	if spec.LivenessProbe != nil {
		probing.Go(func() { c.stayAlive(ctx, p, spec, unfit) })
	}
	if spec.ReadinessProbe != nil {
		probing.Go(func() { c.stayReady(ctx, p, spec) })
	}
	probing.Wait()
}

func (c *container) postStart(ctx context.Context, p *process.Container, spec *v1.Container, unfit chan<- time.Duration) bool {
	if spec.Lifecycle == nil || spec.Lifecycle.PostStart == nil {
		return true
	}
	err := probe.Run(ctx, p, spec.Lifecycle.PostStart, spec.Ports)
	if err != nil && ctx.Err() == nil {
		c.instance.event(v1.EventTypeWarning, "FailedPostStartHook", "PostStartHook failed: "+err.Error())
		c.endUnfit(nil, "FailedPostStartHook", unfit)
	}
	return err == nil
}

// startUp returns true once the startup probe has succeeded.
func (c *container) startUp(ctx context.Context, p *process.Container, spec *v1.Container, unfit chan<- time.Duration) bool {
	if spec.StartupProbe == nil {
		return true
	}
	ctx, settle := context.WithCancel(ctx)
	defer settle()
	up := false
	c.loop(ctx, p, spec, spec.StartupProbe, "Startup", func(well bool) {
		up = well
		settle()
		if !well {
			c.endUnfit(spec.StartupProbe, "failed startup probe", unfit)
		}
	})
	return up
}

func (c *container) stayAlive(ctx context.Context, p *process.Container, spec *v1.Container, unfit chan<- time.Duration) {
	ctx, settle := context.WithCancel(ctx)
	defer settle()
	c.loop(ctx, p, spec, spec.LivenessProbe, "Liveness", func(well bool) {
		if !well {
			settle()
			c.endUnfit(spec.LivenessProbe, "failed liveness probe", unfit)
		}
	})
}

func (c *container) stayReady(ctx context.Context, p *process.Container, spec *v1.Container) {
	c.loop(ctx, p, spec, spec.ReadinessProbe, "Readiness", func(well bool) {
		c.instance.mu.Lock()
		changed := c.ready != well
		c.instance.mu.Unlock()
		if changed {
			c.set(func() { c.ready = well })
			c.keep()
		}
	})
}

func (c *container) loop(ctx context.Context, p *process.Container, spec *v1.Container, asked *v1.Probe, kind string, turned func(bool)) {
	probe.Loop(ctx, asked, p.StartedAt, func(ctx context.Context, timeout time.Duration) error {
		return probe.Check(ctx, p, &asked.ProbeHandler, spec.Ports, timeout)
	}, func(err error) {
		c.instance.event(v1.EventTypeWarning, "Unhealthy", fmt.Sprintf("%s probe failed: %s", kind, err))
	}, turned)
}

// endUnfit asks for the end of the container within the grace of the probe that condemned it, else the pod's.
func (c *container) endUnfit(by *v1.Probe, why string, unfit chan<- time.Duration) {
	grace := gracePeriod(c.instance.snapshot())
	if by != nil && by.TerminationGracePeriodSeconds != nil {
		grace = time.Duration(*by.TerminationGracePeriodSeconds) * time.Second
	}
	c.instance.event(v1.EventTypeNormal, "Killing", fmt.Sprintf("Container %s: %s", c.name, why))
	select {
	case unfit <- grace:
	default:
	}
}

func (c *container) hasStarted() bool {
	c.instance.mu.Lock()
	defer c.instance.mu.Unlock()
	return c.started
}

// isUp says that the container has started: its successors may start, and without a readiness probe it is ready.
func (c *container) isUp(spec *v1.Container) {
	c.set(func() {
		c.started = true
		c.ready = c.ready || spec.ReadinessProbe == nil
		select {
		case <-c.up:
		default:
			close(c.up)
		}
	})
	if !isStartedAtOnce(spec) {
		c.keep()
	}
}

// preStop runs the container's hook before it gets SIGTERM. The time it takes comes out of the grace period.
func (c *container) preStop(p *process.Container, own *fuse) {
	spec := c.spec()
	if spec.Lifecycle == nil || spec.Lifecycle.PreStop == nil {
		return
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go func() {
		select {
		case <-own.done():
		case <-c.instance.killing.done():
		case <-p.Done():
		case <-ctx.Done():
		}
		cancel(fmt.Errorf("the grace period was over before it returned"))
	}()
	if err := probe.Run(ctx, p, spec.Lifecycle.PreStop, spec.Ports); err != nil {
		select {
		case <-p.Done():
		default:
			c.instance.event(v1.EventTypeWarning, "FailedPreStopHook", "PreStopHook failed: "+err.Error())
		}
	}
}
