package provider

import (
	"context"
	"errors"
	"time"

	v1 "k8s.io/api/core/v1"
)

const (
	fetchWithin = 15 * time.Second
	firstRetry  = 100 * time.Millisecond
	lastRetry   = 5 * time.Second
	// renewRetry is how long a renewal that failed waits; a fifth of the token's life is left then.
	renewRetry = 10 * time.Second
)

// prepare lays out the volumes, again and again until what they name is there. It returns false when the pod was
// stopped before. A pod that had already started has its volumes and only keeps its tokens fresh.
func (i *instance) prepare() bool {
	if i.started() {
		go i.renewTokens(time.Now())
		return true
	}
	renew, ok := i.untilDone("FailedMount", func(ctx context.Context) (time.Time, error) {
		return i.provider.Volumes.Write(ctx, i.snapshot(), i.dir)
	})
	if ok && !renew.IsZero() {
		go i.renewTokens(renew)
	}
	return ok
}

// untilDone repeats try until it succeeds or the pod is stopped; people see why in the pod's status. The first
// retry comes soon: the API server learns a moment late that this node may read what the pod names.
func (i *instance) untilDone(reason string, try func(context.Context) (time.Time, error)) (time.Time, bool) {
	delay := firstRetry
	for shown := ""; ; delay = min(delay*2, lastRetry) {
		ctx, cancel := context.WithTimeout(i.stopping, fetchWithin)
		result, err := try(ctx)
		cancel()
		if err == nil {
			return result, true
		}
		if i.stopping.Err() != nil {
			return time.Time{}, false
		}
		if text := err.Error(); text != shown && delay > 4*firstRetry {
			shown = text
			i.showWaiting("CreateContainerConfigError", text)
			i.event(v1.EventTypeWarning, reason, text)
		}
		select {
		case <-time.After(delay):
		case <-i.stopping.Done():
			return time.Time{}, false
		}
	}
}

// showWaiting says why containers that never ran do not run yet.
func (i *instance) showWaiting(reason, message string) {
	i.mu.Lock()
	for _, c := range i.containers {
		if c.attempt < 0 {
			c.state = waiting(reason, message)
		}
	}
	i.mu.Unlock()
	i.refresh()
}

// renewTokens writes the volumes again whenever a token has used up four fifths of its life.
func (i *instance) renewTokens(at time.Time) {
	for !at.IsZero() {
		select {
		case <-time.After(time.Until(at)):
		case <-i.done:
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), fetchWithin)
		next, err := i.provider.Volumes.Write(ctx, i.snapshot(), i.dir)
		cancel()
		if err != nil && !errors.Is(err, context.Canceled) {
			i.event(v1.EventTypeWarning, "FailedTokenRenewal", err.Error())
			next = time.Now().Add(renewRetry)
		}
		at = next
	}
}
