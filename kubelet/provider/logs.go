package provider

import (
	"context"
	"fmt"
	"io"
	"time"

	"rig.dashecorp.com/kubelet/logs"
	"rig.dashecorp.com/kubelet/process"
	"rig.dashecorp.com/kubelet/server"
)

var _ server.LogSource = &Provider{}

// nextAttemptEvery is how often a reader that follows looks whether its container runs again.
const nextAttemptEvery = 100 * time.Millisecond

// WriteLogs writes a container's log; previous asks for the attempt before the current one. With Follow it goes on
// through restarts, until the container is over.
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
	if previous {
		options.Follow = false
	}
	for {
		counted := &counter{Writer: out}
		if err := i.writeAttempt(ctx, counted, name, attempt, options); err != nil || !options.Follow || ctx.Err() != nil {
			return err
		}
		if limit := options.LimitBytes; limit != nil {
			left := *limit - counted.bytes
			if left <= 0 {
				return nil
			}
			options.LimitBytes = &left
		}
		// What comes now is new: neither the last lines nor those since a time are asked for any more.
		options.Tail, options.Since = nil, time.Time{}
		if attempt, ok = i.awaitAttempt(ctx, name, attempt+1); !ok {
			return nil
		}
	}
}

func (i *instance) writeAttempt(ctx context.Context, out io.Writer, name string, attempt int, options logs.Options) error {
	finished := func() bool { return i.hasEnded(name, attempt) }
	return logs.Write(ctx, out, process.LogPath(attemptDir(i.dir, name, attempt)), options, finished)
}

// hasEnded: nothing more will be written by that attempt.
func (i *instance) hasEnded(name string, attempt int) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	c := i.find(name)
	return c == nil || i.finished || c.attempt > attempt || c.endedAttempt >= attempt
}

// awaitAttempt waits for an attempt that runs, or has run; false when there will be none.
func (i *instance) awaitAttempt(ctx context.Context, name string, wanted int) (int, bool) {
	i.mu.Lock()
	c := i.find(name)
	i.mu.Unlock()
	for over := false; ; {
		now, _ := i.attemptOf(name)
		if now >= wanted {
			return wanted, true
		}
		if over {
			return 0, false
		}
		select {
		case <-ctx.Done():
			return 0, false
		case <-i.done:
			over = true
		case <-c.over:
			over = true
		case <-time.After(nextAttemptEvery):
		}
	}
}

func (i *instance) attemptOf(name string) (int, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if c := i.find(name); c != nil {
		return c.attempt, true
	}
	return 0, false
}

type counter struct {
	io.Writer
	bytes int64
}

func (c *counter) Write(data []byte) (int, error) {
	n, err := c.Writer.Write(data)
	c.bytes += int64(n)
	return n, err
}
