package provider

import (
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rig.dashecorp.com/kubelet/process"
)

const (
	// Exit codes of a container that could not be started, and of one whose end nobody saw.
	exitStartError = 128
	exitUnknown    = 137
)

// container is one container of a pod. Its mutable fields are guarded by the instance's mutex.
type container struct {
	instance *instance
	name     string
	image    string
	role     role
	// attempt is -1 before the first one, then the number of restarts.
	attempt int
	// endedAttempt is the newest attempt whose end is known, -1 before the first.
	endedAttempt int
	// current is the process while it runs.
	current *process.Container
	// found is what a kubelet before this one left: a process, or only its end.
	found       *process.Container
	foundEnd    *v1.ContainerState
	state, last v1.ContainerState
	// started: the postStart hook and the startup probe are behind it. ready: the readiness probe agrees too.
	started, ready bool
	// up is closed when the container has started for the first time, turn when a sidecar may get SIGTERM, over when
	// it will not run any more.
	up, turn, over chan struct{}
	// entered: a sidecar whose turn to run has come; known to the pod's own goroutine.
	entered bool
	// overLimit: it was killed for the memory it used, by this kubelet.
	overLimit bool
	// waits counts its ends.
	waits restartDelay
}

// view is what a status needs to know of a container.
type view struct {
	name, image    string
	role           role
	attempt        int
	state, last    v1.ContainerState
	started, ready bool
}

func (c *container) view() view {
	return view{
		name: c.name, image: c.image, role: c.role, attempt: c.attempt, state: c.state, last: c.last,
		started: c.started, ready: c.ready,
	}
}

// adopt makes a container and looks for what a kubelet before this one started.
func adopt(i *instance, spec *v1.Container, r role) *container {
	c := &container{
		instance: i, name: spec.Name, image: spec.Image, role: r, endedAttempt: -1, attempt: lastAttempt(i.dir, spec.Name),
		up: make(chan struct{}), turn: make(chan struct{}), over: make(chan struct{}),
		waits: restartDelay{Backoff: i.provider.Backoff},
	}
	c.state = waiting(creating(&i.pod.Spec, r), "")
	if c.attempt < 0 {
		return c
	}
	if before := readLife(attemptDir(i.dir, c.name, c.attempt-1)); before.Ended != nil {
		c.last = v1.ContainerState{Terminated: before.Ended}
	}
	life := readLife(attemptDir(i.dir, c.name, c.attempt))
	if life.Ended != nil {
		c.state = v1.ContainerState{Terminated: life.Ended}
		c.foundEnd = &c.state
	} else if found, ok := process.Adopt(attemptDir(i.dir, c.name, c.attempt)); ok {
		c.found = found
		c.state = running(found.StartedAt)
		c.started = life.Started || isStartedAtOnce(spec)
		c.ready = c.started && (life.Ready || spec.ReadinessProbe == nil)
	}
	return c
}

// creating is the reason for which a container that never ran waits.
func creating(spec *v1.PodSpec, r role) string {
	if r == mainRole && len(spec.InitContainers) == 0 {
		return "ContainerCreating"
	}
	return "PodInitializing"
}

// isStartedAtOnce: nothing has to happen before the container counts as started.
func isStartedAtOnce(spec *v1.Container) bool {
	return spec.StartupProbe == nil && (spec.Lifecycle == nil || spec.Lifecycle.PostStart == nil)
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

// spec is the container as its pod describes it now.
func (c *container) spec() *v1.Container { return containerOf(c.instance.snapshot(), c.name) }

func (c *container) set(change func()) {
	c.instance.mu.Lock()
	change()
	c.instance.mu.Unlock()
	c.instance.refresh()
}

func (c *container) id() string { return containerID(c.instance.uid, c.name, c.attempt) }
