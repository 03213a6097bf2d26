package provider

import v1 "k8s.io/api/core/v1"

// outcome is what is known of the pod as a whole.
type outcome struct {
	verdict *verdict
	// address is the node's.
	address string
	// refused: it never may start. prepared: its volumes are laid out. finished: nothing of it runs or will.
	refused, prepared, finished bool
}

// tally counts containers by what they do, as the kubelet's rules for the phase see it.
type tally struct {
	// initializing: init containers that still have to succeed, or sidecars that still have to start.
	initializing int
	// fresh: never ran. running. stopped: ended, perhaps waiting to run again.
	fresh, running, stopped int
}

func count(containers []view) tally {
	var t tally
	for _, c := range containers {
		switch c.role {
		case initRole:
			if !c.succeeded() {
				t.initializing++
			}
		case sidecarRole:
			// A sidecar that ended, or is to run again, does not turn the pod back.
			if c.state.Running != nil {
				t.running++
			}
			if !c.started && !c.hasEnded() {
				t.initializing++
			}
		case mainRole:
			switch {
			case c.state.Running != nil:
				t.running++
			case c.hasEnded():
				t.stopped++
			default:
				t.fresh++
			}
		}
	}
	return t
}

// phase follows the kubelet: a pod is Pending until every main container has been started once, Running until nothing
// of it runs any more, and then a success only if every main container ended with 0 and nobody stopped it for cause.
// https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase
func phase(containers []view, o outcome) v1.PodPhase {
	if o.refused {
		return v1.PodFailed
	}
	if o.finished {
		return lastPhase(containers, o)
	}
	t := count(containers)
	switch {
	case !hasInitialized(containers) && t.initializing > 0, t.fresh > 0, t.running+t.stopped == 0:
		return v1.PodPending
	}
	return v1.PodRunning
}

func lastPhase(containers []view, o outcome) v1.PodPhase {
	if o.verdict != nil {
		return v1.PodFailed
	}
	for _, c := range containers {
		if c.role == mainRole && !c.succeeded() {
			return v1.PodFailed
		}
	}
	return v1.PodSucceeded
}

// hasInitialized: a main container ran once, so the init containers had done their part.
func hasInitialized(containers []view) bool {
	for _, c := range containers {
		if c.role == mainRole && (c.state.Running != nil || c.hasEnded()) {
			return true
		}
	}
	return false
}

func (c view) succeeded() bool { return c.state.Terminated != nil && c.state.Terminated.ExitCode == 0 }

func (c view) hasEnded() bool { return c.state.Terminated != nil || c.last.Terminated != nil }

// isReady is the container's own readiness: of an init container, that it has done its part.
func (c view) isReady() bool {
	if c.role == initRole {
		return c.succeeded()
	}
	return c.state.Running != nil && c.started && c.ready
}
