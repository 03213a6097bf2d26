package provider

import (
	"context"
	"fmt"
	"io"

	"rig.dashecorp.com/kubelet/logs"
	"rig.dashecorp.com/kubelet/process"
	"rig.dashecorp.com/kubelet/server"
)

var _ server.LogSource = &Provider{}

// WriteLogs writes a container's log; previous asks for the attempt before the current one.
func (p *Provider) WriteLogs(ctx context.Context, out io.Writer, namespace, pod, name string, previous bool, options logs.Options) error {
	i := p.evenRemoving(namespace, pod)
	if i == nil {
		return fmt.Errorf("the pod %s/%s is %w", namespace, pod, server.ErrNotFound)
	}
	attempt, ok := i.attemptOf(name)
	if previous {
		attempt--
	}
	if !ok || attempt < 0 {
		return fmt.Errorf("a log of container %q of pod %s/%s is %w", name, namespace, pod, server.ErrNotFound)
	}
	path := process.LogPath(attemptDir(i.dir, name, attempt))
	finished := func() bool {
		now, _ := i.attemptOf(name)
		return now != attempt || !i.isRunning(name)
	}
	return logs.Write(ctx, out, path, process.RotatedSuffix, options, finished)
}

func (i *instance) attemptOf(name string) (int, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if c := i.find(name); c != nil {
		return c.attempt, true
	}
	return 0, false
}

func (i *instance) isRunning(name string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	c := i.find(name)
	return c != nil && c.state.Running != nil
}
