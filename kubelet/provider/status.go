package provider

import (
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// status is what kubectl and controllers see. It keeps what others wrote (the scheduler's condition, the QoS class)
// and the transition times of conditions that did not change.
func status(pod *v1.Pod, containers []view, o outcome, now metav1.Time) v1.PodStatus {
	s := *pod.Status.DeepCopy()
	s.ObservedGeneration = pod.Generation
	s.HostIP, s.HostIPs = o.address, []v1.HostIP{{IP: o.address}}
	s.PodIP, s.PodIPs = o.address, []v1.PodIP{{IP: o.address}}
	s.Phase = phase(containers, o)
	s.Reason, s.Message = "", ""
	if o.verdict != nil {
		s.Reason, s.Message = o.verdict.reason, o.verdict.message
	}
	s.InitContainerStatuses, s.ContainerStatuses = nil, nil
	for _, c := range containers {
		list := &s.ContainerStatuses
		if c.role != mainRole {
			list = &s.InitContainerStatuses
		}
		*list = append(*list, containerStatus(pod.UID, c))
	}
	s.EphemeralContainerStatuses = nil
	for _, c := range pod.Spec.EphemeralContainers {
		s.EphemeralContainerStatuses = append(s.EphemeralContainerStatuses, notOffered(c))
	}
	s.Conditions = conditions(pod, s.Phase, containers, o, now)
	return s
}

// notOffered ends an ephemeral container before it began: whoever asked for it, as kubectl debug does, waits for an end.
func notOffered(c v1.EphemeralContainer) v1.ContainerStatus {
	return v1.ContainerStatus{Name: c.Name, Image: c.Image, State: v1.ContainerState{Terminated: &v1.ContainerStateTerminated{
		ExitCode: exitStartError, Reason: "NotSupported", Message: "This node starts no ephemeral containers; kubectl exec works.",
	}}}
}

func containerStatus(uid types.UID, c view) v1.ContainerStatus {
	started := c.state.Running != nil && c.started
	s := v1.ContainerStatus{
		Name: c.name, Image: c.image, Ready: c.isReady(), Started: &started,
		State: c.state, LastTerminationState: c.last,
	}
	if c.attempt >= 0 {
		s.RestartCount = int32(c.attempt)
		s.ContainerID = containerID(uid, c.name, c.attempt)
		s.ImageID = c.image
	}
	return s
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
