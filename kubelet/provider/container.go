package provider

import (
	"context"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rig.dashecorp.com/kubelet/process"
)

const (
	firstRestart = 10 * time.Second
	lastRestart  = 5 * time.Minute
	// Exit codes of a container that could not be started, and of one whose end nobody saw.
	exitStartError = 128
	exitUnknown    = 137
)

// container is one container of a pod. Its fields are guarded by the instance's mutex.
type container struct {
	instance *instance
	name     string
	image    string
	// attempt is -1 before the first one, then the number of restarts.
	attempt int
	adopted *process.Container
	state   v1.ContainerState
	last    v1.ContainerState
}

// view is what a status needs to know of a container.
type view struct {
	name, image string
	attempt     int
	state, last v1.ContainerState
}

func (c *container) view() view {
	return view{name: c.name, image: c.image, attempt: c.attempt, state: c.state, last: c.last}
}

// adopt looks for a process that a kubelet before this one started.
func adopt(i *instance, spec *v1.Container) *container {
	c := &container{instance: i, name: spec.Name, image: spec.Image, attempt: lastAttempt(i.dir, spec.Name)}
	c.state = waiting("ContainerCreating", "")
	if c.attempt < 0 {
		return c
	}
	if found, ok := process.Adopt(attemptDir(i.dir, c.name, c.attempt)); ok {
		c.adopted = found
		c.state = running(found.StartedAt)
	}
	return c
}

// run starts the container and starts it again as the pod's restartPolicy says, until it is over.
func (c *container) run() {
	delay := firstRestart
	for {
		current, wasAdopted := c.begin()
		ended := c.follow(current, wasAdopted)
		c.set(func() { c.state = ended })
		if c.instance.stopping.Err() != nil || !c.restarts(ended.Terminated.ExitCode) {
			return
		}
		c.set(func() {
			c.last = ended
			c.state = waiting("CrashLoopBackOff", "back-off "+delay.String()+" restarting container "+c.name)
		})
		select {
		case <-time.After(delay):
		case <-c.instance.stopping.Done():
			c.set(func() { c.state = ended })
			return
		}
		delay = min(delay*2, lastRestart)
	}
}

// begin returns the adopted process, else a new one; nil with the state set when it could not be started.
func (c *container) begin() (*process.Container, bool) {
	if found := c.adopted; found != nil {
		c.set(func() { c.adopted = nil })
		return found, true
	}
	started, err := c.start()
	if err != nil {
		now := metav1.Now()
		c.set(func() {
			c.state = v1.ContainerState{Terminated: &v1.ContainerStateTerminated{
				ExitCode: exitStartError, Reason: "StartError", Message: err.Error(), StartedAt: now, FinishedAt: now, ContainerID: c.id(),
			}}
		})
		c.instance.event(v1.EventTypeWarning, "Failed", err.Error())
		return nil, false
	}
	c.set(func() { c.state = running(started.StartedAt) })
	c.instance.event(v1.EventTypeNormal, "Started", "Started container "+c.name)
	return started, false
}

// start makes a new attempt. Configuration that cannot be read yet is waited for.
func (c *container) start() (*process.Container, error) {
	i := c.instance
	var spec process.Spec
	var specErr error
	_, ok := i.untilDone("FailedConfig", func(ctx context.Context) (time.Time, error) {
		var retry error
		spec, retry, specErr = i.provider.processSpec(ctx, i.snapshot(), c.name, i.dir)
		return time.Time{}, retry
	})
	if !ok {
		return nil, context.Canceled
	}
	var attempt int
	c.set(func() { c.attempt++; attempt = c.attempt })
	if specErr != nil {
		return nil, specErr
	}
	return process.Start(i.provider.Shim, attemptDir(i.dir, c.name, attempt), spec)
}

// follow waits for the process to end and ends it when the pod is stopped.
func (c *container) follow(current *process.Container, wasAdopted bool) v1.ContainerState {
	if current == nil {
		return c.currentState()
	}
	i := c.instance
	select {
	case <-current.Done():
	case <-i.stopping.Done():
		current.Terminate()
		select {
		case <-current.Done():
		case <-i.killing.Done():
			current.Kill()
			<-current.Done()
		}
	}
	return terminated(current, wasAdopted, c.id())
}

func terminated(p *process.Container, wasAdopted bool, id string) v1.ContainerState {
	end := &v1.ContainerStateTerminated{
		Reason: "Completed", StartedAt: metav1.NewTime(p.StartedAt), FinishedAt: metav1.Now(), ContainerID: id,
	}
	switch exit := p.Exit(); {
	case exit != nil:
		end.ExitCode, end.FinishedAt = int32(exit.Code), metav1.NewTime(exit.FinishedAt)
		if exit.Code != 0 {
			end.Reason = "Error"
		}
	case wasAdopted:
		end.ExitCode, end.Reason = exitUnknown, "KubeletRestarted"
		end.Message = "The process and its supervisor ended while the kubelet was away; the exit code is unknown."
	default:
		end.ExitCode, end.Reason = exitUnknown, "ContainerStatusUnknown"
		end.Message = "The supervisor of the process was killed, and the process with it; the exit code is unknown."
	}
	return v1.ContainerState{Terminated: end}
}

func (c *container) restarts(code int32) bool {
	switch c.instance.snapshot().Spec.RestartPolicy {
	case v1.RestartPolicyNever:
		return false
	case v1.RestartPolicyOnFailure:
		return code != 0
	}
	return true
}

func (c *container) set(change func()) {
	c.instance.mu.Lock()
	change()
	c.instance.mu.Unlock()
	c.instance.refresh()
}

func (c *container) currentState() v1.ContainerState {
	c.instance.mu.Lock()
	defer c.instance.mu.Unlock()
	return c.state
}

func (c *container) id() string { return containerID(c.instance.uid, c.name, c.attempt) }
