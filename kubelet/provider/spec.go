package provider

import (
	"iter"

	v1 "k8s.io/api/core/v1"
)

// containersOf yields the init containers of a pod in their order, then the others.
func containersOf(pod *v1.Pod) iter.Seq[*v1.Container] {
	return func(yield func(*v1.Container) bool) {
		for _, list := range [][]v1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
			for n := range list {
				if !yield(&list[n]) {
					return
				}
			}
		}
	}
}

// containerOf finds a container, init or other, by its name; nil when there is none.
func containerOf(pod *v1.Pod, name string) *v1.Container {
	for container := range containersOf(pod) {
		if container.Name == name {
			return container
		}
	}
	return nil
}

// role is what a container is to its pod.
type role int

const (
	// mainRole: the pod lives as long as one of these does.
	mainRole role = iota
	// initRole runs to its end before the next one starts.
	initRole
	// sidecarRole is an init container that runs on beside the others and ends after them.
	sidecarRole
)

func initRoleOf(container *v1.Container) role {
	if container.RestartPolicy != nil && *container.RestartPolicy == v1.ContainerRestartPolicyAlways {
		return sidecarRole
	}
	return initRole
}
