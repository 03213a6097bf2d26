package provider

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"

	"rig.dashecorp.com/kubelet/env"
)

const (
	fetchWithin = 15 * time.Second
	firstRetry  = 100 * time.Millisecond
	lastRetry   = 5 * time.Second
)

// prepare lays out the volumes, again and again until what they name is there. It returns false when the pod was
// stopped before. A pod that had already started has its volumes and only keeps them fresh.
func (i *instance) prepare() bool {
	var renew time.Time
	if i.begun() {
		renew = time.Now()
	} else {
		ok := i.untilDone(i.stopping, i.all(), "FailedMount", func(ctx context.Context) (err error) {
			renew, err = i.provider.Volumes.Write(ctx, i.snapshot(), i.dir)
			return err
		})
		if !ok {
			return false
		}
	}
	i.mu.Lock()
	i.prepared = true
	i.mu.Unlock()
	// Containers may ask for the addresses that a status holds.
	i.refresh()
	go i.keepContent(renew)
	go i.watchStorage()
	return true
}

// untilDone repeats try until it succeeds or the container is stopped; people see why in its status.
func (c *container) untilDone(reason string, try func(context.Context) error) bool {
	return c.instance.untilDone(c.stopping(), slices.Values([]*container{c}), reason, try)
}

// untilDone repeats try until it succeeds or stopping ends; people see why in the status of those who wait. The first
// retry comes soon: the API server learns a moment late that this node may read what the pod names.
func (i *instance) untilDone(stopping context.Context, who iter.Seq[*container], reason string, try func(context.Context) error) bool {
	delay := firstRetry
	for shown := ""; ; delay = min(delay*2, lastRetry) {
		ctx, cancel := context.WithTimeout(stopping, fetchWithin)
		err := try(ctx)
		cancel()
		if err == nil {
			return true
		}
		if stopping.Err() != nil {
			return false
		}
		if text := err.Error(); text != shown && delay > 4*firstRetry {
			shown = text
			i.showWaiting(who, "CreateContainerConfigError", text)
			i.event(v1.EventTypeWarning, waitingReason(err, reason), text)
		}
		select {
		case <-time.After(delay):
		case <-stopping.Done():
			return false
		}
	}
}

// waitingReason is the one that fits what an environment lacks best, else the given one.
func waitingReason(err error, otherwise string) string {
	var absent *env.Absent
	if errors.As(err, &absent) {
		return absent.Reason()
	}
	return otherwise
}

// tellSkipped says in events what a container starts without, since its author allowed it.
func (p *Provider) tellSkipped(pod *v1.Pod, skipped []*env.Absent) {
	for _, absent := range skipped {
		p.Recorder.Event(pod, v1.EventTypeNormal, absent.Reason(), "Starting without what is optional: "+absent.Error())
	}
}

// showWaiting says why containers that do not run do not run yet.
func (i *instance) showWaiting(who iter.Seq[*container], reason, message string) {
	i.mu.Lock()
	for c := range who {
		if c.state.Running == nil {
			if c.state.Terminated != nil {
				c.last = c.state
			}
			c.state = waiting(reason, message)
		}
	}
	i.mu.Unlock()
	i.refresh()
}
