package provider

import (
	"errors"
	"fmt"

	v1 "k8s.io/api/core/v1"

	"rig.dashecorp.com/kubelet/volumes"
)

// admit finds what no waiting would cure. A pod of which something was started before is not judged again: whatever this
// kubelet would say, its processes are there and have to be looked after.
func (i *instance) admit() error {
	if i.begun() {
		return nil
	}
	pod := i.snapshot()
	if !tolerates(pod) {
		return &refusalError{"HostProcessNotTolerated", "The pod does not tolerate this node's taint, so its author may not know that it would run as a process of the host."}
	}
	var unsupported *volumes.UnsupportedError
	if err := volumes.Check(pod); errors.As(err, &unsupported) {
		return &refusalError{"VolumeNotSupported", unsupported.Error()}
	}
	if err := onlyKnown(pod); err != nil {
		return err
	}
	if err := onlyOwnNames(pod); err != nil {
		return err
	}
	if err := i.provider.Wall.refuse(pod); err != nil {
		return err
	}
	for container := range containersOf(pod) {
		if _, err := i.provider.image(container.Image); err != nil {
			return err
		}
	}
	return nil
}

// begun says whether a kubelet before this one got as far as starting a container.
func (i *instance) begun() bool {
	for c := range i.all() {
		if c.attempt >= 0 {
			return true
		}
	}
	return false
}

// onlyKnown refuses what would be silently left undone.
func onlyKnown(pod *v1.Pod) error {
	if what := unknownToNode(&pod.Spec); what != "" {
		return &refusalError{"NotSupported", fmt.Sprintf("The pod asks for %s, which this node does not offer.", what)}
	}
	for container := range containersOf(pod) {
		if what := unknownToContainers(container); what != "" {
			return &refusalError{"NotSupported", fmt.Sprintf("The container %q asks for %s, which this node does not offer.", container.Name, what)}
		}
		for _, rule := range container.RestartPolicyRules {
			if rule.Action != v1.ContainerRestartRuleActionRestart {
				return &refusalError{"NotSupported", fmt.Sprintf("The container %q has a restart rule with the action %q, and this node knows Restart only.", container.Name, rule.Action)}
			}
		}
		if l := container.Lifecycle; l != nil && l.StopSignal != nil && *l.StopSignal != v1.SIGTERM {
			return &refusalError{"NotSupported", fmt.Sprintf("The container %q asks for the stop signal %s, and this node sends SIGTERM only.", container.Name, *l.StopSignal)}
		}
	}
	return nil
}

// unknownToNode names what of a pod this node has nothing for.
func unknownToNode(spec *v1.PodSpec) string {
	switch {
	case spec.RuntimeClassName != nil && *spec.RuntimeClassName != "":
		return fmt.Sprintf("the runtime class %q", *spec.RuntimeClassName)
	case spec.ShareProcessNamespace != nil && *spec.ShareProcessNamespace:
		return "one process namespace for all its containers"
	case spec.HostPID || spec.HostIPC:
		return "the processes of the machine (hostPID, hostIPC)"
	case spec.SecurityContext != nil && len(spec.SecurityContext.Sysctls) > 0:
		return "settings of the kernel (sysctls)"
	case len(spec.HostAliases) > 0:
		return "host aliases"
	case len(spec.ResourceClaims) > 0:
		return "devices by resource claims"
	}
	return ""
}

// unknownToContainers names what of a container this node has nothing for.
func unknownToContainers(container *v1.Container) string {
	s := container.SecurityContext
	switch {
	case s != nil && s.Privileged != nil && *s.Privileged:
		return "privileges (privileged)"
	case s != nil && s.Capabilities != nil && len(s.Capabilities.Add) > 0:
		return "capabilities"
	case len(container.VolumeDevices) > 0:
		return "block devices (volumeDevices)"
	}
	return ""
}
