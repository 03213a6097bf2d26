package provider

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rig.dashecorp.com/kubelet/disk"
	"rig.dashecorp.com/kubelet/process"
)

// run starts the container and starts it again as its restart policy says, until it is over.
func (c *container) run() {
	defer close(c.over)
	for {
		ended := c.once()
		if ended == nil {
			return
		}
		c.set(func() { c.state, c.started, c.ready, c.endedAttempt = *ended, false, false, c.attempt })
		c.keep()
		if c.stopping().Err() != nil || !c.restarts(ended.Terminated.ExitCode) {
			return
		}
		if !c.wait(*ended) {
			return
		}
	}
}

// once is one attempt from its start to its end; nil when the pod was stopped before it could start.
func (c *container) once() *v1.ContainerState {
	if end := c.foundEnd; end != nil {
		c.foundEnd = nil
		return end
	}
	found, wasFound := c.found, c.found != nil
	c.found = nil
	if !wasFound {
		started, failure := c.begin()
		if started == nil {
			return failure
		}
		found = started
	}
	return c.follow(found, wasFound)
}

// begin starts a new attempt, or returns as what it ended when it could not be started.
func (c *container) begin() (*process.Container, *v1.ContainerState) {
	started, err := c.start()
	if err != nil && c.stopping().Err() != nil {
		return nil, nil
	}
	if err != nil {
		now := metav1.Now()
		c.instance.event(v1.EventTypeWarning, "Failed", err.Error())
		return nil, &v1.ContainerState{Terminated: &v1.ContainerStateTerminated{
			ExitCode: exitStartError, Reason: "StartError", Message: err.Error(), StartedAt: now, FinishedAt: now, ContainerID: c.id(),
		}}
	}
	c.set(func() { c.state = running(started.StartedAt) })
	c.instance.event(v1.EventTypeNormal, "Started", "Started container "+c.name)
	return started, nil
}

// start makes a new attempt. Configuration that cannot be read yet is waited for.
func (c *container) start() (*process.Container, error) {
	i := c.instance
	var spec process.Spec
	var specErr error
	ok := c.untilDone("FailedConfig", func(ctx context.Context) error {
		var retry error
		spec, retry, specErr = i.provider.processSpec(ctx, i.snapshot(), c.name, i.dir)
		return retry
	})
	if !ok {
		return nil, context.Canceled
	}
	var attempt int
	c.set(func() {
		c.attempt++
		attempt = c.attempt
		if c.state.Terminated != nil {
			// Never shown as the end of an attempt that only begins.
			c.last, c.state = c.state, waiting("ContainerCreating", "")
		}
	})
	dir := attemptDir(i.dir, c.name, attempt)
	c.discard(attempt - 2)
	spec.Log = i.provider.Logs
	if specErr != nil {
		// The attempt counts, also for the next kubelet.
		return nil, errors.Join(specErr, os.MkdirAll(dir, 0o700))
	}
	if err := c.furnish(attempt, &spec); err != nil {
		return nil, err
	}
	started, err := process.Start(i.provider.Shim, dir, spec)
	if err != nil {
		c.release(attempt, nil)
	}
	return started, err
}

// discard removes what is left of an attempt that nobody can ask for any more: `kubectl logs --previous` sees one back.
func (c *container) discard(attempt int) {
	if attempt >= 0 {
		_ = disk.Remove(attemptDir(c.instance.dir, c.name, attempt))
	}
}

// follow stays with the process until its end, and ends it when the pod is stopped or the container is found unfit.
func (c *container) follow(p *process.Container, wasFound bool) *v1.ContainerState {
	c.set(func() { c.current = p })
	life, leave := context.WithCancel(context.Background())
	unfit := make(chan time.Duration, 1)
	attended := make(chan struct{})
	go func() {
		defer close(attended)
		c.attend(life, p, unfit)
	}()
	select {
	case <-p.Done():
	case <-c.stopping().Done():
		leave()
		c.end(p, c.instance.killing)
	case grace := <-unfit:
		own := newFuse()
		own.light(grace)
		c.end(p, own)
	}
	leave()
	<-attended
	c.set(func() { c.current = nil })
	ended := terminated(p, wasFound, c.id())
	c.release(c.attempt, ended.Terminated)
	if ended.Terminated.Message == "" {
		ended.Terminated.Message = c.lastWords(ended.Terminated.ExitCode)
	}
	return &ended
}

// wait keeps a container that ended waiting for its next start; false when the pod was stopped meanwhile.
func (c *container) wait(ended v1.ContainerState) bool {
	end := ended.Terminated
	delay := c.waits.after(end.FinishedAt.Sub(end.StartedAt.Time))
	if delay == 0 {
		return true
	}
	c.set(func() {
		c.last = ended
		c.state = waiting("CrashLoopBackOff", "back-off "+delay.String()+" restarting failed container="+c.name)
	})
	c.instance.event(v1.EventTypeWarning, "BackOff", "Back-off "+delay.String()+" before restart "+strconv.Itoa(c.attempt+1)+" of container "+c.name)
	select {
	case <-time.After(delay):
		return true
	case <-c.stopping().Done():
		c.set(func() { c.state = ended })
		return false
	}
}

func (c *container) restarts(code int32) bool {
	pod := c.instance.snapshot()
	return restarts(containerOf(pod, c.name), c.role, pod.Spec.RestartPolicy, code)
}

// stopping ends when the container is not to run any more; sidecars go on until the others have ended.
func (c *container) stopping() context.Context {
	if c.role == sidecarRole {
		return c.instance.closing
	}
	return c.instance.stopping
}
