package provider

import (
	"fmt"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"rig.dashecorp.com/kubelet/machine"
)

// outcome is what is known of the pod as a whole.
type outcome struct {
	verdict           *verdict
	refused, finished bool
}

// status is what kubectl and controllers see. It keeps what others wrote (the scheduler's condition, the QoS class)
// and the transition times of conditions that did not change.
func status(pod *v1.Pod, containers []view, o outcome, now metav1.Time) v1.PodStatus {
	s := *pod.Status.DeepCopy()
	s.ObservedGeneration = pod.Generation
	s.HostIP, s.HostIPs = machine.Address, []v1.HostIP{{IP: machine.Address}}
	s.PodIP, s.PodIPs = machine.Address, []v1.PodIP{{IP: machine.Address}}
	s.Phase = phase(containers, o)
	s.Reason, s.Message = "", ""
	if o.verdict != nil {
		s.Reason, s.Message = o.verdict.reason, o.verdict.message
	}
	s.ContainerStatuses = nil
	for _, c := range containers {
		s.ContainerStatuses = append(s.ContainerStatuses, containerStatus(pod.UID, c))
	}
	s.Conditions = conditions(s, pod.Generation, now)
	return s
}

func phase(containers []view, o outcome) v1.PodPhase {
	if o.refused {
		return v1.PodFailed
	}
	begun := slices.ContainsFunc(containers, func(c view) bool { return c.attempt >= 0 })
	if !o.finished {
		if begun {
			return v1.PodRunning
		}
		return v1.PodPending
	}
	for _, c := range containers {
		if c.state.Terminated == nil || c.state.Terminated.ExitCode != 0 {
			return v1.PodFailed
		}
	}
	if o.verdict != nil {
		return v1.PodFailed
	}
	return v1.PodSucceeded
}

func containerStatus(uid types.UID, c view) v1.ContainerStatus {
	isRunning := c.state.Running != nil
	s := v1.ContainerStatus{
		Name: c.name, Image: c.image, Ready: isRunning, Started: &isRunning,
		State: c.state, LastTerminationState: c.last,
	}
	if c.attempt >= 0 {
		s.RestartCount = int32(c.attempt)
		s.ContainerID = containerID(uid, c.name, c.attempt)
		s.ImageID = c.image
	}
	return s
}

func conditions(s v1.PodStatus, generation int64, now metav1.Time) []v1.PodCondition {
	ready, reason := v1.ConditionTrue, ""
	switch {
	case s.Phase == v1.PodSucceeded:
		ready, reason = v1.ConditionFalse, "PodCompleted"
	case s.Phase == v1.PodFailed:
		ready, reason = v1.ConditionFalse, "PodFailed"
	case slices.ContainsFunc(s.ContainerStatuses, func(c v1.ContainerStatus) bool { return !c.Ready }):
		ready, reason = v1.ConditionFalse, "ContainersNotReady"
	}
	wanted := []v1.PodCondition{
		{Type: v1.PodInitialized, Status: v1.ConditionTrue},
		{Type: v1.PodReady, Status: ready, Reason: reason},
		{Type: v1.ContainersReady, Status: ready, Reason: reason},
	}
	merged := slices.Clone(s.Conditions)
	for _, condition := range wanted {
		condition.ObservedGeneration, condition.LastTransitionTime = generation, now
		at := slices.IndexFunc(merged, func(c v1.PodCondition) bool { return c.Type == condition.Type })
		if at < 0 {
			merged = append(merged, condition)
			continue
		}
		if merged[at].Status == condition.Status {
			condition.LastTransitionTime = merged[at].LastTransitionTime
		}
		merged[at] = condition
	}
	return merged
}

func containerID(uid types.UID, name string, attempt int) string {
	return fmt.Sprintf("host-process://%s-%s-%d", uid, name, attempt)
}

func waiting(reason, message string) v1.ContainerState {
	return v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: reason, Message: message}}
}

func running(since time.Time) v1.ContainerState {
	return v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: metav1.NewTime(since)}}
}
