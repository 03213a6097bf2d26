package provider

import (
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ownConditions are the types that this node always writes; those of others it leaves alone.
var ownConditions = []v1.PodConditionType{v1.PodReadyToStartContainers, v1.PodInitialized, v1.PodReady, v1.ContainersReady}

func conditions(pod *v1.Pod, phase v1.PodPhase, containers []view, o outcome, now metav1.Time) []v1.PodCondition {
	containersReady := containersReadyCondition(phase, containers)
	wanted := []v1.PodCondition{
		{Type: v1.PodReadyToStartContainers, Status: truth(o.prepared && !o.finished)},
		initializedCondition(phase, containers),
		readyCondition(pod, containersReady),
		containersReady,
	}
	if o.verdict != nil && o.verdict.disruption {
		wanted = append(wanted, v1.PodCondition{
			Type: v1.DisruptionTarget, Status: v1.ConditionTrue, Reason: v1.PodReasonTerminationByKubelet, Message: o.verdict.message,
		})
	}
	merged := slices.Clone(pod.Status.Conditions)
	for _, condition := range wanted {
		condition.ObservedGeneration, condition.LastTransitionTime = pod.Generation, now
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

func initializedCondition(phase v1.PodPhase, containers []view) v1.PodCondition {
	c := v1.PodCondition{Type: v1.PodInitialized, Status: v1.ConditionTrue}
	if phase == v1.PodSucceeded {
		c.Reason = "PodCompleted"
		return c
	}
	if hasInitialized(containers) {
		return c
	}
	var incomplete []string
	for _, container := range containers {
		if container.role == initRole && !container.succeeded() || container.role == sidecarRole && !container.started {
			incomplete = append(incomplete, container.name)
		}
	}
	if len(incomplete) > 0 {
		c.Status, c.Reason = v1.ConditionFalse, "ContainersNotInitialized"
		c.Message = fmt.Sprintf("containers with incomplete status: [%s]", strings.Join(incomplete, " "))
	}
	return c
}

func containersReadyCondition(phase v1.PodPhase, containers []view) v1.PodCondition {
	c := v1.PodCondition{Type: v1.ContainersReady, Status: v1.ConditionFalse}
	switch phase {
	case v1.PodSucceeded:
		c.Reason = "PodCompleted"
		return c
	case v1.PodFailed:
		c.Reason = "PodFailed"
		return c
	}
	var unready []string
	for _, container := range containers {
		if container.role != initRole && !container.isReady() {
			unready = append(unready, container.name)
		}
	}
	if len(unready) == 0 {
		c.Status = v1.ConditionTrue
		return c
	}
	c.Reason = "ContainersNotReady"
	c.Message = fmt.Sprintf("containers with unready status: [%s]", strings.Join(unready, " "))
	return c
}

// readyCondition adds the pod's readiness gates, conditions that others write.
func readyCondition(pod *v1.Pod, containersReady v1.PodCondition) v1.PodCondition {
	c := containersReady
	c.Type = v1.PodReady
	if c.Status != v1.ConditionTrue {
		return c
	}
	var unmet []string
	for _, gate := range pod.Spec.ReadinessGates {
		if !slices.ContainsFunc(pod.Status.Conditions, func(c v1.PodCondition) bool {
			return c.Type == gate.ConditionType && c.Status == v1.ConditionTrue
		}) {
			unmet = append(unmet, string(gate.ConditionType))
		}
	}
	if len(unmet) > 0 {
		c.Status, c.Reason = v1.ConditionFalse, "ReadinessGatesNotReady"
		c.Message = fmt.Sprintf("readiness gates that are not True: [%s]", strings.Join(unmet, " "))
	}
	return c
}

func truth(is bool) v1.ConditionStatus {
	if is {
		return v1.ConditionTrue
	}
	return v1.ConditionFalse
}
