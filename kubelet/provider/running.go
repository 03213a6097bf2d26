package provider

import (
	"fmt"

	"rig.dashecorp.com/kubelet/process"
	"rig.dashecorp.com/kubelet/server"
)

// Running finds the process of a container that runs, init or main, for commands and connections inside it. Without a
// name it is the pod's first main container. The error wraps server.ErrNotFound when this node has no such container,
// and process.ErrNotRunning when it does not run now.
func (p *Provider) Running(namespace, pod, name string) (*process.Container, error) {
	i := p.evenRemoving(namespace, pod)
	if i == nil {
		return nil, fmt.Errorf("the pod %s/%s is %w", namespace, pod, server.ErrNotFound)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	c := i.find(name)
	if name == "" {
		c = i.mains[0]
	}
	if c == nil {
		return nil, fmt.Errorf("the container %q of pod %s/%s is %w", name, namespace, pod, server.ErrNotFound)
	}
	if c.current == nil {
		return nil, fmt.Errorf("the container %q of pod %s/%s: %w", c.name, namespace, pod, process.ErrNotRunning)
	}
	return c.current, nil
}
