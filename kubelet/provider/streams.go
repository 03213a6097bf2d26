package provider

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"rig.dashecorp.com/kubelet/logs"
	"rig.dashecorp.com/kubelet/process"
	"rig.dashecorp.com/kubelet/server"
)

var _ server.Backend = &Provider{}

// RunningIn finds the processes of all containers of a pod that run, its main containers first. The error wraps
// server.ErrNotFound when the pod is not here, and process.ErrNotRunning when nothing of it runs.
func (p *Provider) RunningIn(namespace, pod string) ([]*process.Container, error) {
	i := p.evenRemoving(namespace, pod)
	if i == nil {
		return nil, fmt.Errorf("the pod %s/%s is %w", namespace, pod, server.ErrNotFound)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	var mains, others []*process.Container
	for c := range i.all() {
		if c.current == nil {
			continue
		}
		if c.role == mainRole {
			mains = append(mains, c.current)
		} else {
			others = append(others, c.current)
		}
	}
	if len(mains)+len(others) == 0 {
		return nil, fmt.Errorf("the pod %s/%s: %w", namespace, pod, process.ErrNotRunning)
	}
	return append(mains, others...), nil
}

// Attach joins a container that takes input or has a terminal; of any other it passes on, line by line, what is added to
// the log. It returns the exit code of the container when that ends.
func (p *Provider) Attach(ctx context.Context, namespace, pod, name string, s process.Streams) (int, error) {
	current, err := p.Running(namespace, pod, name)
	if err != nil {
		return 0, err
	}
	i := p.evenRemoving(namespace, pod)
	if i == nil {
		return 0, fmt.Errorf("the pod %s/%s is %w", namespace, pod, server.ErrNotFound)
	}
	if spec := containerOf(i.snapshot(), name); spec != nil && (spec.Stdin || spec.TTY) {
		return current.Attach(ctx, s)
	}
	attempt, _ := i.attemptOf(name)
	if err := follow(ctx, process.LogPath(attemptDir(i.dir, name, attempt)), current, s); err != nil {
		return 0, err
	}
	if exit := current.Exit(); ctx.Err() == nil && exit != nil {
		return exit.Code, nil
	}
	return 0, ctx.Err()
}

// follow passes on both streams of a log until the process has ended.
func follow(ctx context.Context, log string, current *process.Container, s process.Streams) error {
	finished := func() bool {
		select {
		case <-current.Done():
			return true
		default:
			return false
		}
	}
	now := time.Now()
	var both sync.WaitGroup
	errs := make([]error, 2)
	for n, stream := range []struct {
		name string
		out  io.Writer
	}{{"stdout", s.Stdout}, {"stderr", s.Stderr}} {
		if stream.out == nil {
			continue
		}
		both.Go(func() {
			options := logs.Options{Follow: true, Since: now, Stream: stream.name}
			errs[n] = logs.Write(ctx, stream.out, log, options, finished)
		})
	}
	both.Wait()
	select {
	case <-current.Done():
	case <-ctx.Done():
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
